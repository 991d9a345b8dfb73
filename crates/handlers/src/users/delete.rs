//! Deleting users, and one's own account.

use denizen_models::DeleteAccountRequest;
use denizen_services::{DeleteAccountError, DeleteUserError};

use super::PathId;
use crate::{
    http::{ApiResult, Conditions, ErrorCode, Json, Member, NoQuery, RequestContext, map_error, reply},
    login::signed_out_answer,
    middleware::{Endpoint, route},
    services::Users,
};

pub(super) fn own() -> Endpoint {
    route("/api/auth/delete-account").post(Member, "Deletes the caller's account.", delete_account).answers(
        reply(200).refuses(&[ErrorCode::WrongPassword]).example(r#"{"password": "correct horse battery"}"#),
    )
}

/// `DELETE /api/users/{id}`
pub(super) async fn delete(
    request: RequestContext,
    PathId(id): PathId,
    users: Users,
    Conditions(expected): Conditions,
    _: NoQuery,
) -> ApiResult {
    users.delete_user(&request.access, id, expected).await?;
    Ok(request.done("User deleted successfully"))
}

/// `POST /api/auth/delete-account`
async fn delete_account(
    request: RequestContext,
    users: Users,
    Json(body): Json<DeleteAccountRequest>,
) -> ApiResult {
    users.delete_account(&request.access, body).await?;
    signed_out_answer(&request, "Account deleted successfully")
}

map_error! { error: DeleteUserError {
    NotFound(_) => Self::because(ErrorCode::UserDeleteError, "Failed to delete user", error),
    LastAdministrator => Self::forbidden(error),
    PreconditionError(error) => error.into(),
} }

map_error! { error: DeleteAccountError {
    WrongPassword => Self::because(ErrorCode::WrongPassword, "Failed to delete account", error),
    LastAdministrator => Self::forbidden(error),
} }
