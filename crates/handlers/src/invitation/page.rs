//! The page behind the link of an invitation: choosing the first password.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_models::AcceptInvitationRequest;
use denizen_services::{AcceptInvitationError, Failure, UserService};
use minijinja::context;

use crate::{
    http::{
        error::ApiError,
        query::Query,
        request::{AppState, Request},
    },
    pages::{
        form::Form,
        link::{dead, sentence, token_in},
        template::Page,
    },
};

const PAGE: Page = Page(include_str!("../../pages/accept_invitation.html"));

/// `GET /accept-invitation`
pub(super) async fn show(state: Data<AppState>, query: Query) -> Result<HttpResponse, ApiError> {
    match token_in(query)? {
        Some(_) => choose(&state, StatusCode::OK, None),
        None => dead(PAGE),
    }
}

/// `POST /accept-invitation`
pub(super) async fn submit(
    request: Request,
    users: Data<dyn UserService>,
    state: Data<AppState>,
    query: Query,
    mut form: Form,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = token_in(query)? else { return dead(PAGE) };
    let body = AcceptInvitationRequest { token, password: form.secret("password") };
    match users.accept_invitation(&request.access, body).await {
        Ok(()) => PAGE.answer(StatusCode::OK, context! { step => "done" }),
        Err(AcceptInvitationError::InvalidOrExpired) => dead(PAGE),
        Err(AcceptInvitationError::Failure(Failure::Invalid(errors))) => {
            choose(&state, StatusCode::BAD_REQUEST, Some(&sentence(&errors)))
        }
        Err(error) => Err(error.into()),
    }
}

fn choose(state: &AppState, status: StatusCode, error: Option<&str>) -> Result<HttpResponse, ApiError> {
    let min_chars = state.settings.password_policy.min_chars;
    PAGE.answer(status, context! { step => "choose", min_chars, error })
}
