//! The page behind the link in a reset mail, and the one to ask for such a mail.
//!
//! The token stays where it came from, in the query of the page's own address: the form is sent back there, so that
//! the token stands nowhere in the page. A GET consumes nothing, however often a mail scanner follows the link.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_models::{PasswordResetConfirmation, PasswordResetRequest, ValidateResetTokenRequest};
use denizen_services::{Failure, RequestPasswordResetError, ResetPasswordError, UserService};
use minijinja::context;

use crate::{
    http::{
        error::ApiError,
        query::Query,
        request::{AppState, Request},
    },
    pages::{
        form::Form,
        link::{DEAD, sentence, token_in},
        template::Page,
    },
};

const PAGE: Page = Page(include_str!("../../pages/password_reset.html"));

/// `GET /reset-password`
pub(super) async fn show(
    request: Request,
    users: Data<dyn UserService>,
    state: Data<AppState>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = token_in(query)? else { return ask(StatusCode::OK, None) };
    match users.validate_reset_token(&request.access, ValidateResetTokenRequest { token }).await {
        Ok(status) if status.valid => choose(&state, StatusCode::OK, None),
        Ok(_) => ask(StatusCode::BAD_REQUEST, Some(DEAD)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /reset-password`: with a token in the query a new password, without one an address.
pub(super) async fn submit(
    request: Request,
    users: Data<dyn UserService>,
    state: Data<AppState>,
    query: Query,
    mut form: Form,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = token_in(query)? else {
        let body = PasswordResetRequest { email: form.text("email") };
        return match users.request_password_reset(&request.access, body).await {
            Ok(()) => PAGE.answer(StatusCode::OK, context! { step => "sent" }),
            Err(RequestPasswordResetError::Failure(Failure::Invalid(errors))) => {
                ask(StatusCode::BAD_REQUEST, Some(&sentence(&errors)))
            }
            Err(RequestPasswordResetError::UnknownAddress(_)) => {
                ask(StatusCode::NOT_FOUND, Some("Nobody here has this e-mail address."))
            }
            Err(error) => Err(error.into()),
        };
    };
    let body = PasswordResetConfirmation { token, new_password: form.secret("new_password") };
    match users.reset_password(&request.access, body).await {
        Ok(()) => PAGE.answer(StatusCode::OK, context! { step => "done" }),
        Err(ResetPasswordError::Failure(Failure::Invalid(errors))) => {
            choose(&state, StatusCode::BAD_REQUEST, Some(&sentence(&errors)))
        }
        Err(
            ResetPasswordError::InvalidToken
            | ResetPasswordError::ExpiredToken
            | ResetPasswordError::InvalidOrExpired,
        ) => ask(StatusCode::BAD_REQUEST, Some(DEAD)),
        Err(error) => Err(error.into()),
    }
}

fn ask(status: StatusCode, error: Option<&str>) -> Result<HttpResponse, ApiError> {
    PAGE.answer(status, context! { step => "ask", error })
}

fn choose(state: &AppState, status: StatusCode, error: Option<&str>) -> Result<HttpResponse, ApiError> {
    PAGE.answer(
        status,
        context! { step => "choose", min_chars => state.settings.password_policy.min_chars, error },
    )
}
