//! The page behind the link of an invitation: choosing the first password.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_models::AcceptInvitationRequest;
use denizen_services::{AcceptInvitationError, UserService};
use minijinja::context;

use crate::{
    error::ApiError,
    pages::{
        form::Form,
        link::{dead, sentence, token_in},
        template::Page,
    },
    query::Query,
    request::{Request, Surroundings},
};

const PAGE: Page = Page(include_str!("../../pages/accept_invitation.html"));

/// `GET /accept-invitation`
pub(super) async fn show(surroundings: Data<Surroundings>, query: Query) -> Result<HttpResponse, ApiError> {
    match token_in(query)? {
        Some(_) => choose(&surroundings, StatusCode::OK, None),
        None => dead(PAGE),
    }
}

/// `POST /accept-invitation`
pub(super) async fn submit(
    request: Request,
    users: Data<dyn UserService>,
    surroundings: Data<Surroundings>,
    query: Query,
    mut form: Form,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = token_in(query)? else { return dead(PAGE) };
    let body = AcceptInvitationRequest { token, password: form.secret("password") };
    match users.accept_invitation(&request.access, body).await {
        Ok(()) => PAGE.answer(StatusCode::OK, context! { step => "done" }),
        Err(AcceptInvitationError::DeadToken) => dead(PAGE),
        Err(AcceptInvitationError::Validation(errors)) => {
            choose(&surroundings, StatusCode::BAD_REQUEST, Some(&sentence(&errors)))
        }
        Err(error) => Err(error.into()),
    }
}

fn choose(
    surroundings: &Surroundings,
    status: StatusCode,
    error: Option<&str>,
) -> Result<HttpResponse, ApiError> {
    let min_chars = surroundings.settings.password_policy.min_chars;
    PAGE.answer(status, context! { step => "choose", min_chars, error })
}
