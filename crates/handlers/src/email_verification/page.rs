//! The page behind the link with which somebody shows that an address is theirs.
//!
//! A button, and not the link itself: mail scanners follow links.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_models::VerifyEmailRequest;
use denizen_services::{Failure, UserService, VerifyEmailError};
use minijinja::context;

use crate::{
    http::{error::ApiError, query::Query, request::Request},
    pages::{
        form::Form,
        link::{dead, sentence, token_in},
        template::Page,
    },
};

const PAGE: Page = Page(include_str!("../../pages/verify_email.html"));

/// `GET /verify-email`
pub(super) async fn show(query: Query) -> Result<HttpResponse, ApiError> {
    match token_in(query)? {
        Some(_) => ask(StatusCode::OK, None, None),
        None => dead(PAGE),
    }
}

/// `POST /verify-email`
pub(super) async fn submit(
    request: Request,
    users: Data<dyn UserService>,
    query: Query,
    mut form: Form,
) -> Result<HttpResponse, ApiError> {
    let Some(token) = token_in(query)? else { return dead(PAGE) };
    let name = Some(form.text("username")).filter(|name| !name.is_empty());
    match users.verify_email(&request.access, VerifyEmailRequest { token, username: name.clone() }).await {
        Ok(()) => PAGE.answer(StatusCode::OK, context! { step => "done" }),
        Err(VerifyEmailError::InvalidOrExpired) => dead(PAGE),
        Err(VerifyEmailError::UsernameTaken(name)) => {
            let error = format!("Somebody else is called {name} by now. Please choose another user name.");
            ask(StatusCode::CONFLICT, Some(&error), Some(&name))
        }
        Err(VerifyEmailError::Failure(Failure::Invalid(errors))) => {
            ask(StatusCode::BAD_REQUEST, Some(&sentence(&errors)), name.as_deref())
        }
        Err(error) => Err(error.into()),
    }
}

/// With a name, if another one is wanted.
fn ask(status: StatusCode, error: Option<&str>, name: Option<&str>) -> Result<HttpResponse, ApiError> {
    PAGE.answer(status, context! { step => "ask", error, name })
}
