//! The page to sign up.

use actix_web::http::StatusCode;
use denizen_models::CreateUserRequest;
use denizen_services::{Failure, SignUpError, SignUpForm, SignedUp, UserService};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    pages::{Form, Page, Step},
    services::Users,
};

const PAGE: Page = Page(include_str!("../../pages/sign_up.html"));

/// `GET /sign-up`
pub(super) async fn show(users: Users) -> Step {
    ask(users.as_ref(), &CreateUserRequest::default())
}

/// `POST /sign-up`
pub(super) async fn submit(request: RequestContext, users: Users, mut form: Form) -> ApiResult<Step> {
    let mut body = CreateUserRequest { email: form.text("email"), ..CreateUserRequest::default() };
    if users.sign_up_form() == Some(SignUpForm::User) {
        body.username = form.text("username");
        body.first_name = form.text("first_name");
        body.last_name = form.text("last_name");
        body.password = Some(form.secret("password"));
    }
    let again = |status, error: String| Ok(ask(users.as_ref(), &body).refused(status, error));
    match users.sign_up(&request.access, body.clone()).await {
        Ok(SignedUp::Pending) => Ok(Step::done("sign-up-mailed")),
        Ok(SignedUp::User(_)) => Ok(Step::done("signed-up")),
        Err(SignUpError::UsernameTaken(name)) => {
            again(StatusCode::CONFLICT, format!("The user name {name} is already taken."))
        }
        Err(SignUpError::EmailTaken(email)) => again(
            StatusCode::CONFLICT,
            format!("There is already an account with the e-mail address {email}."),
        ),
        Err(SignUpError::Failure(Failure::Invalid(errors))) => {
            Ok(ask(users.as_ref(), &body).invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

/// The form, with what was typed into it.
fn ask(users: &dyn UserService, typed: &CreateUserRequest) -> Step {
    let all = users.sign_up_form() == Some(SignUpForm::User);
    let CreateUserRequest { email, username, first_name, last_name, .. } = typed;
    let min_chars = users.password_policy().min_chars;
    Step::of(PAGE, "ask").with(context! { all, email, username, first_name, last_name, min_chars })
}
