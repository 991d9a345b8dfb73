//! The page behind the link that verifies an e-mail address.

use actix_web::http::StatusCode;
use denizen_models::VerifyEmailRequest;
use denizen_services::{Failure, VerifyEmailError};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Link, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/verify_email.html"));

/// `GET /verify-email`
pub(super) async fn show(Link(token): Link) -> Step {
    token.map_or_else(|| Step::dead(PAGE), |_| ask(None))
}

/// `POST /verify-email`
pub(super) async fn submit(
    request: RequestContext,
    users: Users,
    Link(token): Link,
    mut form: Form,
) -> ApiResult<Step> {
    let Some(token) = token else { return Ok(Step::dead(PAGE)) };
    let name = Some(form.text("username")).filter(|name| !name.is_empty());
    match users.verify_email(&request.access, VerifyEmailRequest { token, username: name.clone() }).await {
        Ok(()) => Ok(Step::of(PAGE, "done")),
        Err(VerifyEmailError::InvalidOrExpired) => Ok(Step::dead(PAGE)),
        Err(VerifyEmailError::UsernameTaken(name)) => {
            let error = format!("Somebody else is called {name} by now. Please choose another user name.");
            Ok(ask(Some(&name)).refused(StatusCode::CONFLICT, error))
        }
        Err(VerifyEmailError::Failure(Failure::Invalid(errors))) => Ok(ask(name.as_deref()).invalid(&errors)),
        Err(error) => Err(error.into()),
    }
}

/// The form, with a field for the user name if another one is needed.
fn ask(name: Option<&str>) -> Step {
    Step::of(PAGE, "ask").with(context! { name })
}
