//! Accepting an invitation.

mod page;

use denizen_models::AcceptInvitationRequest;
use denizen_services::AcceptInvitationError;

use crate::{
    http::{ApiResult, ErrorCode, Json, Public, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
    services::Users,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/users/accept-invitation")
            .post(Public, "Sets the first password with a mailed token.", accept)
            .answers(
                reply(200)
                    .refuses(&[ErrorCode::InvitationFailed])
                    .example(r#"{"token": "4ad46d582dc3ee06…", "password": "correct horse battery"}"#),
            ),
        route("/accept-invitation")
            .get(Public, "Shows the form in which an invited user chooses the first password.", page::show)
            .post(Public, "Sets the first password.", page::submit),
    ]
}

/// `POST /api/users/accept-invitation`
async fn accept(
    request: RequestContext,
    users: Users,
    Json(body): Json<AcceptInvitationRequest>,
) -> ApiResult {
    users.accept_invitation(&request.access, body).await?;
    Ok(request.done("Password set successfully. You can now log in."))
}

map_error! { error: AcceptInvitationError {
    InvalidOrExpired => Self::because(ErrorCode::InvitationFailed, "Failed to accept invitation", error),
} }
