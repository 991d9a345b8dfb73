//! The page to change the e-mail address of an account, and the one behind the link that confirms the new one.

use actix_web::http::StatusCode;
use denizen_models::{ChangeEmailRequest, TokenRequest};
use denizen_services::{ChangeEmailError, ConfirmEmailChangeError, Failure};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Link, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/confirm_email_change.html"));
const CHANGE: Page = Page(include_str!("../../pages/account_email.html"));

/// `GET /account/email`
pub(super) async fn show_change(request: RequestContext) -> Step {
    ask(&request, "")
}

/// `POST /account/email`
pub(super) async fn submit_change(request: RequestContext, users: Users, mut form: Form) -> ApiResult<Step> {
    let body = ChangeEmailRequest { email: form.text("email"), password: form.secret("password") };
    let typed = body.email.clone();
    match users.change_email(&request.access, body).await {
        Ok(()) => Ok(Step::done_on("/account", "email-mailed")),
        Err(ChangeEmailError::WrongPassword) => {
            Ok(ask(&request, &typed).refused(StatusCode::FORBIDDEN, "The password is wrong."))
        }
        Err(ChangeEmailError::Failure(Failure::Invalid(errors))) => {
            Ok(ask(&request, &typed).invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

fn ask(request: &RequestContext, typed: &str) -> Step {
    let current = request.caller.as_ref().map(|known| known.user.values.email.to_string());
    Step::of(CHANGE, "ask").with(context! { current, typed })
}

/// `GET /confirm-email-change`
pub(super) async fn show(Link(token): Link) -> Step {
    token.map_or_else(|| Step::dead(PAGE), |_| Step::of(PAGE, "ask"))
}

/// `POST /confirm-email-change`
pub(super) async fn submit(
    request: RequestContext,
    users: Users,
    Link(token): Link,
    _: Form,
) -> ApiResult<Step> {
    let Some(token) = token else { return Ok(Step::dead(PAGE)) };
    match users.confirm_email_change(&request.access, TokenRequest { token }).await {
        Ok(()) => Ok(Step::done("email-changed")),
        Err(
            ConfirmEmailChangeError::InvalidOrExpired | ConfirmEmailChangeError::Failure(Failure::Invalid(_)),
        ) => Ok(Step::dead(PAGE)),
        Err(ConfirmEmailChangeError::EmailTaken(_)) => {
            let error = "Another account has this e-mail address by now.";
            Ok(Step::of(PAGE, "refused").refused(StatusCode::CONFLICT, error))
        }
        Err(error) => Err(error.into()),
    }
}
