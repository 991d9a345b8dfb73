//! The page behind the link that confirms the new e-mail address of an account.

use actix_web::http::StatusCode;
use denizen_models::TokenRequest;
use denizen_services::{ConfirmEmailChangeError, Failure};

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Link, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/confirm_email_change.html"));

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
        Ok(()) => Ok(Step::of(PAGE, "done")),
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
