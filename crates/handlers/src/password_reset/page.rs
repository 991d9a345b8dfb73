//! The page behind the link in a reset mail, and the one to ask for such a mail.

use actix_web::http::StatusCode;
use denizen_models::{PasswordResetConfirmation, PasswordResetRequest, TokenRequest};
use denizen_services::{Failure, RequestPasswordResetError, ResetPasswordError, UserService};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Link, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/password_reset.html"));

/// `GET /reset-password`
pub(super) async fn show(request: RequestContext, users: Users, Link(token): Link) -> ApiResult<Step> {
    let Some(token) = token else { return Ok(Step::of(PAGE, "ask")) };
    let status = users.validate_reset_token(&request.access, TokenRequest { token }).await?;
    Ok(if status.valid { choose(users.as_ref()) } else { Step::dead(PAGE) })
}

/// `POST /reset-password`: with a token in the query a new password, without one an e-mail address.
pub(super) async fn submit(
    request: RequestContext,
    users: Users,
    Link(token): Link,
    mut form: Form,
) -> ApiResult<Step> {
    let Some(token) = token else {
        let body = PasswordResetRequest { email: form.text("email") };
        return match users.request_password_reset(&request.access, body).await {
            Ok(()) => Ok(Step::done("reset-mailed")),
            Err(RequestPasswordResetError::Failure(Failure::Invalid(errors))) => {
                Ok(Step::of(PAGE, "ask").invalid(&errors))
            }
            Err(RequestPasswordResetError::UnknownAddress(_)) => {
                let error = "Nobody here has this e-mail address.";
                Ok(Step::of(PAGE, "ask").refused(StatusCode::NOT_FOUND, error))
            }
            Err(error) => Err(error.into()),
        };
    };
    let body = PasswordResetConfirmation { token, new_password: form.secret("new_password") };
    match users.reset_password(&request.access, body).await {
        Ok(device) => Ok(Step::done("password-reset").on_device(device)),
        Err(ResetPasswordError::Failure(Failure::Invalid(errors))) => {
            Ok(choose(users.as_ref()).invalid(&errors))
        }
        Err(
            ResetPasswordError::InvalidToken
            | ResetPasswordError::ExpiredToken
            | ResetPasswordError::InvalidOrExpired,
        ) => Ok(Step::dead(PAGE)),
        Err(error) => Err(error.into()),
    }
}

fn choose(users: &dyn UserService) -> Step {
    Step::of(PAGE, "choose").with(context! { min_chars => users.password_policy().min_chars })
}
