//! Accepting an invitation.

mod page;

use actix_web::{HttpResponse, http::Method, web::Data};
use denizen_models::AcceptInvitationRequest;
use denizen_services::{AcceptInvitationError, UserService};

use crate::{
    http::{
        error::{ApiError, ErrorCode},
        json::Json,
        query::NoQuery,
        request::RequestContext,
        route::Access,
    },
    middleware::endpoint::Endpoint,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/api/users/accept-invitation").on(
            Method::POST,
            Access::Public,
            "Sets the first password.",
            accept,
        ),
        Endpoint::at("/accept-invitation")
            .on(Method::GET, Access::Public, "Shows the page behind the mailed link.", page::show)
            .on(Method::POST, Access::Public, "Takes the form of that page.", page::submit),
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
