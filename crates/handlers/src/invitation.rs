//! Accepting an invitation.

mod page;

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig},
};
use denizen_models::AcceptInvitationRequest;
use denizen_services::{AcceptInvitationError, UserService};

use crate::http::{
    endpoint::Endpoint,
    error::{ApiError, ErrorCode},
    json::Json,
    query::NoQuery,
    request::Request,
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/users/accept-invitation").post(accept));
    config.service(Endpoint::at("/accept-invitation").get(page::show).post(page::submit));
}

/// `POST /api/users/accept-invitation`
async fn accept(
    request: Request,
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
