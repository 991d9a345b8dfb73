//! Changing the address of an account.

mod page;

use denizen_models::{ChangeEmailRequest, TokenRequest};
use denizen_services::{ChangeEmailError, ConfirmEmailChangeError};

use crate::{
    http::{ApiResult, ErrorCode, Json, Member, Public, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
    services::Users,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/change-email")
            .post(Member, "Mails a token to the e-mail address that the caller wants to have.", change)
            .answers(
                reply(202)
                    .refuses(&[ErrorCode::WrongPassword])
                    .example(r#"{"email": "ada@example.org", "password": "correct horse battery"}"#),
            ),
        route("/api/users/confirm-email-change")
            .post(Public, "Changes an e-mail address with a mailed token.", confirm)
            .answers(
                reply(200)
                    .refuses(&[ErrorCode::EmailChangeFailed, ErrorCode::UserUpdateError])
                    .example(r#"{"token": "4ad46d582dc3ee06…"}"#),
            ),
        route("/account/email")
            .get(Member, "Shows the form for a new e-mail address.", page::show_change)
            .post(Member, "Mails a link to the new e-mail address.", page::submit_change),
        route("/confirm-email-change")
            .get(Public, "Shows the form that confirms the new e-mail address of an account.", page::show)
            .post(Public, "Confirms the new e-mail address.", page::submit),
    ]
}

/// `POST /api/auth/change-email`
async fn change(request: RequestContext, users: Users, Json(body): Json<ChangeEmailRequest>) -> ApiResult {
    users.change_email(&request.access, body).await?;
    Ok(request.pending("Check the new email address to complete the change."))
}

/// `POST /api/users/confirm-email-change`
async fn confirm(request: RequestContext, users: Users, Json(body): Json<TokenRequest>) -> ApiResult {
    users.confirm_email_change(&request.access, body).await?;
    Ok(request.done("Email address changed successfully"))
}

map_error! { error: ChangeEmailError {
    WrongPassword => Self::because(ErrorCode::WrongPassword, "Failed to change email", error),
} }

map_error! { error: ConfirmEmailChangeError {
    InvalidOrExpired => Self::because(ErrorCode::EmailChangeFailed, "Failed to change email", error),
    EmailTaken(_) => Self::because(ErrorCode::UserUpdateError, "Failed to change email", error),
} }
