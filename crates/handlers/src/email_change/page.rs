//! The page behind the link with which somebody confirms the new address of an account.
//!
//! A button, and not the link itself: mail scanners follow links.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_models::ConfirmEmailChangeRequest;
use denizen_services::{ConfirmEmailChangeError, Failure, UserService};
use minijinja::context;

use crate::{
    http::{error::ApiError, query::Query, request::Request},
    pages::{
        form::Form,
        link::{DEAD, token_in},
        template::Page,
    },
};

const PAGE: Page = Page(include_str!("../../pages/confirm_email_change.html"));

/// `GET /confirm-email-change`
pub(super) async fn show(query: Query) -> Result<HttpResponse, ApiError> {
    match token_in(query)? {
        Some(_) => PAGE.answer(StatusCode::OK, context! { step => "ask" }),
        None => refused(StatusCode::BAD_REQUEST, DEAD),
    }
}

/// `POST /confirm-email-change`
pub(super) async fn submit(
    request: Request,
    users: Data<dyn UserService>,
    query: Query,
    _: Form,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = token_in(query)? else { return refused(StatusCode::BAD_REQUEST, DEAD) };
    match users.confirm_email_change(&request.access, ConfirmEmailChangeRequest { token }).await {
        Ok(()) => PAGE.answer(StatusCode::OK, context! { step => "done" }),
        Err(
            ConfirmEmailChangeError::InvalidOrExpired | ConfirmEmailChangeError::Failure(Failure::Invalid(_)),
        ) => refused(StatusCode::BAD_REQUEST, DEAD),
        Err(ConfirmEmailChangeError::EmailTaken(_)) => {
            refused(StatusCode::CONFLICT, "Another account has this e-mail address by now.")
        }
        Err(error) => Err(error.into()),
    }
}

fn refused(status: StatusCode, error: &str) -> Result<HttpResponse, ApiError> {
    PAGE.answer(status, context! { step => "refused", error })
}
