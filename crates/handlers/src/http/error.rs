//! Every answer that is not a success.

use std::{borrow::Cow, fmt, time::Duration};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use denizen_models::ValidationErrors;
use denizen_services::Failure;
use serde_json::{Value, json};

use crate::middleware::access_guard::Challenge;

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $code:literal $status:ident,)+) => {
        /// The stable code of an error, for programs. Each has one status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode {
            $($(#[$doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it stands in an answer.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// The status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }
        }
    };
}

codes! {
    /// The body is not the JSON object that the route expects; `details` says where and why.
    InvalidRequestBody = "INVALID_REQUEST_BODY" BAD_REQUEST,
    /// A member breaks a rule; `details.fields` names each.
    ValidationError = "VALIDATION_ERROR" BAD_REQUEST,
    /// A query parameter is unknown, repeated or malformed; `details.fields` names it.
    InvalidQuery = "INVALID_QUERY" BAD_REQUEST,
    /// The id in the path is not a positive decimal number.
    InvalidUserId = "INVALID_USER_ID" BAD_REQUEST,
    /// The path ends where an id should stand.
    MissingUserId = "MISSING_USER_ID" BAD_REQUEST,
    /// The token is invalid, used, replaced or expired.
    PasswordResetFailed = "PASSWORD_RESET_FAILED" BAD_REQUEST,
    /// The verification token is invalid, used, replaced or expired.
    EmailVerificationFailed = "EMAIL_VERIFICATION_FAILED" BAD_REQUEST,
    /// The invitation is invalid, used, replaced or expired.
    InvitationFailed = "INVITATION_FAILED" BAD_REQUEST,
    /// The token for the change of address is invalid, used, replaced or expired.
    EmailChangeFailed = "EMAIL_CHANGE_FAILED" BAD_REQUEST,
    /// There is no such result: the root of a negative number, say, or one that is too large.
    CalculationError = "CALCULATION_ERROR" BAD_REQUEST,
    /// There is no such way to run tasks.
    InvalidTaskType = "INVALID_TASK_TYPE" BAD_REQUEST,
    /// The message is of no type that can be sent this way.
    UnsupportedMessageType = "UNSUPPORTED_MESSAGE_TYPE" BAD_REQUEST,
    /// A direct message names nobody.
    MissingRecipient = "MISSING_RECIPIENT" BAD_REQUEST,
    /// The request asks for a WebSocket, but not as RFC 6455 says.
    InvalidHandshake = "INVALID_HANDSHAKE" BAD_REQUEST,
    /// Nobody has signed in, or the session has ended; `WWW-Authenticate` says how to sign in.
    Unauthenticated = "UNAUTHENTICATED" UNAUTHORIZED,
    /// Login and password do not belong together, or open nothing.
    InvalidCredentials = "INVALID_CREDENTIALS" UNAUTHORIZED,
    /// That is not the password of the account.
    WrongPassword = "WRONG_PASSWORD" FORBIDDEN,
    /// The caller is known and may not do this.
    Forbidden = "FORBIDDEN" FORBIDDEN,
    /// There is nothing at this path.
    NotFound = "NOT_FOUND" NOT_FOUND,
    /// There is no such user, or the caller may not see it.
    UserNotFound = "USER_NOT_FOUND" NOT_FOUND,
    /// There is no such user to delete.
    UserDeleteError = "USER_DELETE_ERROR" NOT_FOUND,
    /// There is no such session, or the caller may not see it.
    SessionNotFound = "SESSION_NOT_FOUND" NOT_FOUND,
    /// There is no such mail job; it may have been sent.
    MailJobNotFound = "MAIL_JOB_NOT_FOUND" NOT_FOUND,
    /// The recipient of the message is not connected.
    DeliveryError = "DELIVERY_ERROR" NOT_FOUND,
    /// Nobody has this address (development profile only).
    PasswordResetRequestFailed = "PASSWORD_RESET_REQUEST_FAILED" NOT_FOUND,
    /// The path exists, but not for this method; `Allow` lists those it has.
    MethodNotAllowed = "METHOD_NOT_ALLOWED" METHOD_NOT_ALLOWED,
    /// Somebody has this user name or address.
    UserCreationError = "USER_CREATION_ERROR" CONFLICT,
    /// Somebody else has this user name or address.
    UserUpdateError = "USER_UPDATE_ERROR" CONFLICT,
    /// Nobody is connected to hear the message.
    BroadcastError = "BROADCAST_ERROR" CONFLICT,
    /// The user has as many connections as one user may have.
    TooManyConnections = "TOO_MANY_CONNECTIONS" CONFLICT,
    /// The user is not in the state that `If-Match` or `If-None-Match` asks for.
    PreconditionFailed = "PRECONDITION_FAILED" PRECONDITION_FAILED,
    /// The body is longer than 1 MiB.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE" PAYLOAD_TOO_LARGE,
    /// The body is not `application/json` (for PATCH: nor `application/merge-patch+json`), or is compressed.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE" UNSUPPORTED_MEDIA_TYPE,
    /// The body came too slowly.
    RequestTimeout = "REQUEST_TIMEOUT" REQUEST_TIMEOUT,
    /// Too many requests from or for this address; `Retry-After` says when to come back.
    RateLimited = "RATE_LIMITED" TOO_MANY_REQUESTS,
    /// The service failed; the log knows why, under the request id.
    InternalError = "INTERNAL_ERROR" INTERNAL_SERVER_ERROR,
    /// Too much to do at the moment; `Retry-After` says when to come back.
    ServiceUnavailable = "SERVICE_UNAVAILABLE" SERVICE_UNAVAILABLE,
}

/// An error on its way out. The middleware adds the request id and the time, and writes the cause into the log.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: ErrorCode,
    pub(crate) message: Cow<'static, str>,
    pub(crate) details: Option<Value>,
    /// For the log only.
    pub(crate) cause: Option<String>,
    /// The methods of the path, for a 405.
    pub(crate) allow: Option<Box<str>>,
    /// How to sign in, for a 401.
    pub(crate) challenge: Option<Challenge>,
    /// Whether the answer must list the media types of a patch.
    pub(crate) accept_patch: bool,
    /// In seconds, for those who may come back.
    pub(crate) retry_after: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            details: None,
            cause: None,
            allow: None,
            challenge: None,
            accept_patch: false,
            retry_after: None,
        }
    }

    /// What has not happened, and why, in the words of a service.
    pub(crate) fn because(code: ErrorCode, what: &str, why: impl fmt::Display) -> Self {
        Self::new(code, format!("{what}: {why}"))
    }

    /// A failure of ours: the client learns that it happened, the log learns why.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(ErrorCode::InternalError, "Internal server error")
        }
    }

    /// Too much to do.
    pub(crate) fn unavailable(cause: impl fmt::Display) -> Self {
        let message = "Service temporarily unavailable";
        let error = Self::new(ErrorCode::ServiceUnavailable, message);
        Self { cause: Some(cause.to_string()), retry_after: Some(1), ..error }
    }

    /// Something that the caller may not do.
    pub(crate) fn forbidden(reason: impl fmt::Display) -> Self {
        Self::because(ErrorCode::Forbidden, "Forbidden", reason)
    }

    /// Too much from somebody who may come back after `wait`, which is rounded up to whole seconds.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let error = Self::new(ErrorCode::RateLimited, "Too many requests");
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
        Self { retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..error }
    }

    /// Members that break rules: the message tells of the first, the details of all.
    pub(crate) fn validation(errors: &ValidationErrors) -> Self {
        let message = format!("Validation failed: {errors}");
        Self { details: Some(fields(errors)), ..Self::new(ErrorCode::ValidationError, message) }
    }

    /// Query parameters that make no sense.
    pub(crate) fn query(errors: &ValidationErrors) -> Self {
        let name = errors.iter().next().map_or("", |error| error.field);
        Self { details: Some(fields(errors)), ..Self::invalid_query(name) }
    }

    pub(crate) fn invalid_query(name: &str) -> Self {
        Self::new(ErrorCode::InvalidQuery, format!("Invalid query parameter: {name}"))
    }
}

fn fields(errors: &ValidationErrors) -> Value {
    let fields = errors.iter().map(|error| (error.field.to_owned(), json!([error.message])));
    json!({ "fields": fields.collect::<serde_json::Map<_, _>>() })
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        // Only the status: `observe` replaces this by the envelope, because it knows the request id.
        HttpResponse::new(self.code.status())
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(errors) => Self::validation(&errors),
            Failure::InvalidQuery(errors) => Self::query(&errors),
            Failure::Forbidden(reason) => Self::forbidden(reason),
            Failure::RateLimited(wait) => Self::rate_limited(wait.to_std().unwrap_or_default()),
            Failure::Overloaded(cause) => Self::unavailable(cause),
            Failure::Internal(cause) => Self::internal(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use denizen_services::{HashError, store::StoreFailure};

    use super::*;

    #[test]
    fn codes_are_unique_and_are_errors() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert!(ErrorCode::ALL[..index].iter().all(|other| other.as_str() != code.as_str()), "{code:?}");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }

    #[test]
    fn a_failure_of_ours_keeps_its_cause_to_itself() {
        for error in [
            ApiError::from(Failure::from(StoreFailure::Corrupt("users.roles of 7".into()))),
            ApiError::from(Failure::from(StoreFailure::Unavailable("disk".into()))),
            ApiError::from(Failure::from(HashError::Failed("thread".into()))),
        ] {
            assert!(error.code.status().is_server_error());
            assert!(error.details.is_none());
            assert!(!error.message.contains(error.cause.as_deref().unwrap()), "{error}");
        }
    }
}
