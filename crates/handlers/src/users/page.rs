//! The pages of one's account: the profile, and its end.

use actix_web::http::StatusCode;
use denizen_models::{DeleteAccountRequest, Patch, PatchUserRequest};
use denizen_services::{DeleteAccountError, Failure, IfMatch, UpdateUserError};
use minijinja::context;

use crate::{
    http::{ApiError, ApiResult, RequestContext},
    login::ended_cookies,
    pages::{Form, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/account.html"));
const DELETE: Page = Page(include_str!("../../pages/account_delete.html"));
pub(super) const PATH: &str = "/account";

/// The names in the form.
struct Names {
    username: String,
    first_name: String,
    last_name: String,
}

/// `GET /account`
pub(super) async fn show(request: RequestContext) -> ApiResult<Step> {
    let known = request.caller.as_ref().ok_or_else(ApiError::unauthenticated)?;
    let values = &known.user.values;
    let names = Names {
        username: values.username.to_string(),
        first_name: values.first_name.clone(),
        last_name: values.last_name.clone(),
    };
    profile(&request, &names)
}

/// `POST /account`
pub(super) async fn submit(request: RequestContext, users: Users, mut form: Form) -> ApiResult<Step> {
    let known = request.caller.as_ref().ok_or_else(ApiError::unauthenticated)?;
    let names = Names {
        username: form.text("username"),
        first_name: form.text("first_name"),
        last_name: form.text("last_name"),
    };
    let body = PatchUserRequest {
        username: Patch::Set(names.username.clone()),
        first_name: Patch::Set(names.first_name.clone()),
        last_name: Patch::Set(names.last_name.clone()),
        ..PatchUserRequest::default()
    };
    match users.patch_user(&request.access, known.user.id, body, IfMatch::anything()).await {
        Ok(_) => Ok(Step::done_on(PATH, "saved")),
        Err(UpdateUserError::UsernameTaken(name) | UpdateUserError::UsernameReserved(name)) => {
            let error = format!("The user name {name} is already taken.");
            Ok(profile(&request, &names)?.refused(StatusCode::CONFLICT, error))
        }
        Err(UpdateUserError::Failure(Failure::Invalid(errors))) => {
            Ok(profile(&request, &names)?.invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

fn profile(request: &RequestContext, names: &Names) -> ApiResult<Step> {
    let user = &request.caller.as_ref().ok_or_else(ApiError::unauthenticated)?.user;
    let Names { username, first_name, last_name } = names;
    Ok(Step::of(PAGE, "profile").with(context! {
        id => user.id.get(),
        email => user.values.email.as_str(),
        verified => user.values.email_verified,
        since => user.created_at.format("%Y-%m-%d").to_string(),
        username,
        first_name,
        last_name,
    }))
}

/// `GET /account/delete`
pub(super) async fn show_delete() -> Step {
    Step::of(DELETE, "ask")
}

/// `POST /account/delete`
pub(super) async fn submit_delete(request: RequestContext, users: Users, mut form: Form) -> ApiResult<Step> {
    let body = DeleteAccountRequest { password: form.secret("password") };
    let again = |error| Ok(Step::of(DELETE, "ask").refused(StatusCode::FORBIDDEN, error));
    match users.delete_account(&request.access, body).await {
        Ok(()) => Ok(Step::done("account-deleted").cookies(ended_cookies(&request.state.settings))),
        Err(DeleteAccountError::WrongPassword) => again("The password is wrong."),
        Err(DeleteAccountError::LastAdministrator) => {
            again("You are the only administrator: make another user one first.")
        }
        Err(DeleteAccountError::Failure(Failure::Invalid(errors))) => {
            Ok(Step::of(DELETE, "ask").invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}
