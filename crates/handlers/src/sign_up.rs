//! Signing up.

mod page;

use denizen_models::{CreateUserRequest, UserResponse};
use denizen_services::{SignUpError, SignedUp};

use crate::{
    http::{Anyone, ApiResult, ErrorCode, Json, Public, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
    services::Users,
    users::{self, NewUserMetadata, USERS},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route(USERS)
            .post(Anyone, "Creates a user (administrators), or signs up.", sign_up)
            .answers(
                reply(201)
                    .data_with::<UserResponse, NewUserMetadata>()
                    .or_status(&[202])
                    .refuses(&[ErrorCode::UserCreationError])
                    .example(
                        r#"{"username": "ada", "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace"}"#,
                    ),
            )
            .max_body(MAX_BODY),
    ]
}

/// Only where strangers may sign up.
pub(crate) fn pages() -> Vec<Endpoint> {
    let page = route("/sign-up").get(Public, "Shows the form to sign up.", page::show);
    vec![page.post(Public, "Signs up.", page::submit).max_body(MAX_BODY)]
}

/// A user with the longest members in every script fits.
const MAX_BODY: usize = 64 * 1024;

/// The response to every sign-up that needs a confirmation, whether or not a mail is sent.
const PENDING: &str = "Check your email to complete the registration.";

/// `POST /api/users`: without a session one signs up; with one, an administrator creates a user. The service decides which
/// members a sign-up has.
async fn sign_up(request: RequestContext, users: Users, Json(body): Json<CreateUserRequest>) -> ApiResult {
    let signed_up = match request.caller {
        Some(_) => SignedUp::User(users.create_user(&request.access, body).await?),
        None => users.sign_up(&request.access, body).await?,
    };
    Ok(match signed_up {
        SignedUp::User(user) => users::created(&request, user),
        SignedUp::Pending => request.pending(PENDING),
    })
}

map_error! { error: SignUpError {
    UsernameTaken(_) | EmailTaken(_) =>
        Self::because(ErrorCode::UserCreationError, "Failed to create user", error),
} }
