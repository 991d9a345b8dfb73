//! The page to change one's password.

use actix_web::http::StatusCode;
use denizen_models::ChangePasswordRequest;
use denizen_services::{ChangePasswordError, Failure, UserService};
use minijinja::context;

use crate::{
    http::{ApiResult, RequestContext},
    login::{CookieLifetime, session_cookies},
    pages::{Form, Page, Step},
    services::{Auth, Users},
};

const PAGE: Page = Page(include_str!("../../pages/account_password.html"));
pub(super) const PATH: &str = "/account/password";

/// `GET /account/password`
pub(super) async fn show(users: Users) -> Step {
    ask(users.as_ref())
}

/// `GET /.well-known/change-password` (W3C, A Well-Known URL for Changing Passwords)
pub(super) async fn well_known() -> Step {
    Step::to_page(PATH)
}

/// `POST /account/password`
pub(super) async fn submit(
    request: RequestContext,
    auth: Auth,
    users: Users,
    mut form: Form,
) -> ApiResult<Step> {
    let body = ChangePasswordRequest {
        current_password: form.secret("current_password"),
        new_password: form.secret("new_password"),
    };
    match auth.change_password(&request.access, body).await {
        Ok(signed_in) => {
            let cookies = session_cookies(&request, &signed_in, CookieLifetime::Browser);
            Ok(Step::done_on("/account", "password-changed").cookies(cookies))
        }
        Err(ChangePasswordError::WrongPassword) => {
            let error = "The current password is wrong.";
            Ok(ask(users.as_ref()).refused(StatusCode::FORBIDDEN, error))
        }
        Err(ChangePasswordError::Failure(Failure::Invalid(errors))) => {
            Ok(ask(users.as_ref()).invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

fn ask(users: &dyn UserService) -> Step {
    Step::of(PAGE, "ask").with(context! { min_chars => users.password_policy().min_chars })
}
