//! Accepting an invitation.

mod page;

use actix_web::{HttpResponse, web::Data};
use denizen_models::AcceptInvitationRequest;
use denizen_services::{AcceptInvitationError, UserService};

use crate::{
    http::{ApiError, ErrorCode, Json, NoQuery, Public, RequestContext},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/users/accept-invitation").post(Public, "Sets the first password.", accept),
        route("/accept-invitation")
            .get(Public, "Shows the form in which an invited user chooses the first password.", page::show)
            .post(Public, "Sets the first password.", page::submit),
    ]
}

/// `POST /api/users/accept-invitation`
async fn accept(
    request: RequestContext,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<AcceptInvitationRequest>,
) -> Result<HttpResponse, ApiError> {
    users.accept_invitation(&request.access, body).await?;
    Ok(request.done("Password set successfully. You can now log in."))
}

impl From<AcceptInvitationError> for ApiError {
    fn from(error: AcceptInvitationError) -> Self {
        match error {
            AcceptInvitationError::InvalidOrExpired => {
                Self::because(ErrorCode::InvitationFailed, "Failed to accept invitation", error)
            }
            AcceptInvitationError::Failure(failure) => failure.into(),
        }
    }
}
