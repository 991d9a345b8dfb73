//! The page behind the link of an invitation: choosing the first password.

use denizen_models::AcceptInvitationRequest;
use denizen_services::{AcceptInvitationError, Failure, UserService};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Link, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/accept_invitation.html"));

/// `GET /accept-invitation`
pub(super) async fn show(users: Users, Link(token): Link) -> Step {
    token.map_or_else(|| Step::dead(PAGE), |_| choose(users.as_ref()))
}

/// `POST /accept-invitation`
pub(super) async fn submit(
    request: RequestContext,
    users: Users,
    Link(token): Link,
    mut form: Form,
) -> ApiResult<Step> {
    let Some(token) = token else { return Ok(Step::dead(PAGE)) };
    let body = AcceptInvitationRequest { token, password: form.secret("password") };
    match users.accept_invitation(&request.access, body).await {
        Ok(device) => Ok(Step::done("password-set").on_device(Some(device))),
        Err(AcceptInvitationError::InvalidOrExpired) => Ok(Step::dead(PAGE)),
        Err(AcceptInvitationError::Failure(Failure::Invalid(errors))) => {
            Ok(choose(users.as_ref()).invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

fn choose(users: &dyn UserService) -> Step {
    Step::of(PAGE, "choose").with(context! { min_chars => users.password_policy().min_chars })
}
