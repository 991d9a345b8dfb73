//! The page behind the link that verifies an e-mail address, or completes a sign-up.

use actix_web::http::StatusCode;
use denizen_models::{TokenRequest, VerifyEmailRequest};
use denizen_services::{Failure, VerifyEmailError};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Link, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/verify_email.html"));

/// `GET /verify-email`
pub(super) async fn show(request: RequestContext, users: Users, Link(token): Link) -> ApiResult<Step> {
    match token {
        Some(token) => ask(&request, &users, VerifyEmailRequest { token, ..Default::default() }).await,
        None => Ok(Step::dead(PAGE)),
    }
}

/// `POST /verify-email`
pub(super) async fn submit(
    request: RequestContext,
    users: Users,
    Link(token): Link,
    mut form: Form,
) -> ApiResult<Step> {
    let Some(token) = token else { return Ok(Step::dead(PAGE)) };
    let body = VerifyEmailRequest {
        token,
        username: form.text("username"),
        password: Some(form.secret("password")).filter(|password| !password.expose().is_empty()),
        first_name: form.text("first_name"),
        last_name: form.text("last_name"),
        ..VerifyEmailRequest::default()
    };
    match users.verify_email(&request.access, body.clone()).await {
        Ok(()) if body.username.is_empty() => Ok(Step::done("email-confirmed")),
        Ok(()) => Ok(Step::done("signed-up")),
        Err(VerifyEmailError::InvalidOrExpired) => Ok(Step::dead(PAGE)),
        Err(VerifyEmailError::UsernameTaken(name)) => {
            let error = format!("The user name {name} is already taken. Please choose another one.");
            Ok(ask(&request, &users, body).await?.refused(StatusCode::CONFLICT, error))
        }
        Err(VerifyEmailError::LastUsernameTaken(name)) => {
            let error = format!(
                "The user name {name} is already taken, and this link is used up. Please sign up again to get a new link."
            );
            Ok(Step::of(PAGE, "dead").refused(StatusCode::CONFLICT, error))
        }
        Err(VerifyEmailError::Failure(Failure::Invalid(errors))) => {
            Ok(ask(&request, &users, body).await?.invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form: for a sign-up with the fields of a user, which keep what was typed into them, else a button.
async fn ask(request: &RequestContext, users: &Users, body: VerifyEmailRequest) -> ApiResult<Step> {
    let VerifyEmailRequest { token, username, first_name, last_name, .. } = body;
    let email = users.address_to_sign_up(&request.access, TokenRequest { token }).await?;
    let (email, min_chars) = (email.map(|email| email.to_string()), users.password_policy().min_chars);
    Ok(Step::of(PAGE, "ask").with(context! { email, username, first_name, last_name, min_chars }))
}
