//! Error responses.

use std::{borrow::Cow, fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use denizen_models::ValidationErrors;
use denizen_services::Failure;
use serde_json::{Value, json};

macro_rules! codes {
    ($(#[doc = $meaning:literal] $name:ident = $code:literal $status:ident: $remedy:literal,)+) => {
        /// The stable code of an error, for programs. Each has one status, and a sentence about what a client does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode {
            $(#[doc = $meaning] $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the code as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }

            /// Returns what it means, for readers.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning.trim_ascii()),+ }
            }

            /// Returns what a client does about it, for readers.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy),+ }
            }

            /// Returns the status of responses with this code.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }
        }
    };
}

codes! {
    /// The body is not the JSON object that the route expects; `details` says where and why.
    InvalidRequestBody = "INVALID_REQUEST_BODY" BAD_REQUEST: "Correct the body where `details` points to.",
    /// A member is invalid; `details.fields` names each.
    ValidationError = "VALIDATION_ERROR" BAD_REQUEST: "Correct the members; the sentences can be shown to people.",
    /// A query parameter is unknown, repeated or malformed; `details.fields` names it.
    InvalidQuery = "INVALID_QUERY" BAD_REQUEST: "Correct or leave out the parameter.",
    /// The id in the path is not a positive decimal number.
    InvalidUserId = "INVALID_USER_ID" BAD_REQUEST: "Use the `id` of a user as it was received.",
    /// The path has no id where it needs one.
    MissingUserId = "MISSING_USER_ID" BAD_REQUEST: "Put the `id` of a user into the path.",
    /// The token is invalid, used, replaced or expired.
    PasswordResetFailed = "PASSWORD_RESET_FAILED" BAD_REQUEST: "Ask for a new mail, and use its token once.",
    /// The verification token is invalid, used, replaced or expired.
    EmailVerificationFailed = "EMAIL_VERIFICATION_FAILED" BAD_REQUEST: "Ask for a new mail, and use its token once.",
    /// The invitation is invalid, used, replaced or expired.
    InvitationFailed = "INVITATION_FAILED" BAD_REQUEST: "Ask an administrator for a new invitation.",
    /// The token for the change of e-mail address is invalid, used, replaced or expired.
    EmailChangeFailed = "EMAIL_CHANGE_FAILED" BAD_REQUEST: "Ask for the change again, and use the token of the new mail once.",
    /// The calculation has no result, like the root of a negative number, or one that is too large.
    CalculationError = "CALCULATION_ERROR" BAD_REQUEST: "Calculate with other operands.",
    /// The type of task is unknown.
    InvalidTaskType = "INVALID_TASK_TYPE" BAD_REQUEST: "Use one of the types that the error names.",
    /// The type of the message cannot be sent this way.
    UnsupportedMessageType = "UNSUPPORTED_MESSAGE_TYPE" BAD_REQUEST: "Send `broadcast` or `direct`; open a WebSocket for the others.",
    /// A direct message has no recipient.
    MissingRecipient = "MISSING_RECIPIENT" BAD_REQUEST: "Name a user in `to`.",
    /// The request for a WebSocket does not follow RFC 6455.
    InvalidHandshake = "INVALID_HANDSHAKE" BAD_REQUEST: "Use a WebSocket client; `Sec-WebSocket-Version` of the response names the version.",
    /// The request has no session, or the session has ended; `WWW-Authenticate` says how to sign in.
    Unauthenticated = "UNAUTHENTICATED" UNAUTHORIZED: "Sign in, and send the session token.",
    /// Login or password is wrong, or the user is inactive.
    InvalidCredentials = "INVALID_CREDENTIALS" UNAUTHORIZED: "Ask the person again.",
    /// The password is not that of the account.
    WrongPassword = "WRONG_PASSWORD" FORBIDDEN: "Ask the person for the current password again.",
    /// The caller may not do this.
    Forbidden = "FORBIDDEN" FORBIDDEN: "Do not repeat the request; the error says who may do this.",
    /// The path does not exist.
    NotFound = "NOT_FOUND" NOT_FOUND: "Correct the path; the feature may be switched off.",
    /// The user does not exist, or the caller may not see it.
    UserNotFound = "USER_NOT_FOUND" NOT_FOUND: "Do not repeat the request; forget the `id`.",
    /// The user to delete does not exist.
    UserDeleteError = "USER_DELETE_ERROR" NOT_FOUND: "Nothing is left to do if the user was to be gone.",
    /// The session does not exist, or the caller may not see it.
    SessionNotFound = "SESSION_NOT_FOUND" NOT_FOUND: "Nothing is left to do if the session was to end.",
    /// The service key does not exist; it may be revoked.
    KeyNotFound = "KEY_NOT_FOUND" NOT_FOUND: "List the keys again.",
    /// The mail job does not exist; it may have been sent.
    MailJobNotFound = "MAIL_JOB_NOT_FOUND" NOT_FOUND: "List the jobs again.",
    /// The recipient of the message is not connected.
    DeliveryError = "DELIVERY_ERROR" NOT_FOUND: "Try again when the recipient is connected.",
    /// The e-mail address is unknown (development profile only).
    PasswordResetRequestFailed = "PASSWORD_RESET_REQUEST_FAILED" NOT_FOUND: "Correct the e-mail address.",
    /// The path exists, but not for this method; `Allow` lists those it has.
    MethodNotAllowed = "METHOD_NOT_ALLOWED" METHOD_NOT_ALLOWED: "Use a method that `Allow` lists.",
    /// The user name or e-mail address is taken.
    UserCreationError = "USER_CREATION_ERROR" CONFLICT: "Choose another user name or e-mail address.",
    /// The user name or e-mail address is taken by another user.
    UserUpdateError = "USER_UPDATE_ERROR" CONFLICT: "Choose another user name or e-mail address.",
    /// No other user is connected to receive the message.
    BroadcastError = "BROADCAST_ERROR" CONFLICT: "Try again when other users are connected.",
    /// The user has as many connections as one user may have.
    TooManyConnections = "TOO_MANY_CONNECTIONS" CONFLICT: "Close a connection first.",
    /// The user is not in the state that `If-Match` or `If-None-Match` asks for.
    PreconditionFailed = "PRECONDITION_FAILED" PRECONDITION_FAILED: "Read the user again, and decide anew.",
    /// The body is longer than the route allows: 16 KiB where strangers may send one, 64 KiB for `POST /api/users`, else 1 MiB.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE" PAYLOAD_TOO_LARGE: "Send less; the reference names the limits.",
    /// The body is not `application/json` (for PATCH: nor `application/merge-patch+json`), or is compressed.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE" UNSUPPORTED_MEDIA_TYPE: "Send `application/json` without `Content-Encoding`.",
    /// The body came too slowly.
    RequestTimeout = "REQUEST_TIMEOUT" REQUEST_TIMEOUT: "Send the request again, faster.",
    /// Too many requests from this IP address, or about this e-mail address or login; `Retry-After` says when to come back.
    RateLimited = "RATE_LIMITED" TOO_MANY_REQUESTS: "Wait for as many seconds as `Retry-After` says.",
    /// The service failed; the log has the cause, under the request id.
    InternalError = "INTERNAL_ERROR" INTERNAL_SERVER_ERROR: "Try once more later; tell the operator the request id.",
    /// The service is overloaded; `Retry-After` says when to come back.
    ServiceUnavailable = "SERVICE_UNAVAILABLE" SERVICE_UNAVAILABLE: "Wait for as many seconds as `Retry-After` says; it is safe to repeat the request.",
}

/// The response of a handler, or why there is none.
pub(crate) type ApiResult<T = HttpResponse> = Result<T, ApiError>;

/// Maps the variants of a use case's error to responses; its [`Failure`] is mapped the same everywhere. There is no `_`
/// arm: a new variant does not compile until its response is chosen.
macro_rules! map_error {
    ($error:ident: $type:ident { $($($variant:ident $(($inner:pat))?)|+ => $response:expr,)+ }) => {
        impl From<$type> for $crate::http::error::ApiError {
            fn from($error: $type) -> Self {
                match $error {
                    $($($type::$variant $(($inner))?)|+ => $response,)+
                    $type::Failure(failure) => failure.into(),
                }
            }
        }
    };
}
pub(crate) use map_error;

/// The challenge of a request without a session (RFC 9110, section 11.6.1).
const SIGN_IN: HeaderValue = HeaderValue::from_static("Bearer realm=\"denizen\"");
/// The challenge of a session token that is not valid (RFC 6750, section 3.1).
const INVALID_TOKEN: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"denizen\", error=\"invalid_token\"");

/// An error on its way out. The middleware adds the request id and the time, and writes the cause into the log.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: ErrorCode,
    pub(crate) message: Cow<'static, str>,
    pub(crate) details: Option<Value>,
    /// For the log only.
    pub(crate) cause: Option<String>,
    /// The header that goes with the error: `WWW-Authenticate` of a 401, `Allow` of a 405, `Accept-Patch` of a 415.
    pub(crate) header: Option<Box<(HeaderName, HeaderValue)>>,
    /// In seconds.
    pub(crate) retry_after: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), details: None, cause: None, header: None, retry_after: None }
    }

    /// An error with the message of a service behind what failed.
    pub(crate) fn because(code: ErrorCode, what: &str, why: impl fmt::Display) -> Self {
        Self::new(code, format!("{what}: {why}"))
    }

    /// A failure of the service: its cause is logged, not sent.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(ErrorCode::InternalError, "Internal server error")
        }
    }

    /// An overloaded service.
    pub(crate) fn unavailable(cause: impl fmt::Display) -> Self {
        let message = "Service temporarily unavailable";
        let error = Self::new(ErrorCode::ServiceUnavailable, message);
        Self { cause: Some(cause.to_string()), retry_after: Some(1), ..error }
    }

    /// An action that the caller may not perform.
    pub(crate) fn forbidden(reason: impl fmt::Display) -> Self {
        Self::because(ErrorCode::Forbidden, "Forbidden", reason)
    }

    /// The same with this header.
    pub(crate) fn with(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    /// A request without a session, or a sign-in that failed.
    pub(crate) fn sign_in(code: ErrorCode, message: &'static str) -> Self {
        Self::new(code, message).with(header::WWW_AUTHENTICATE, SIGN_IN)
    }

    /// A request without a session.
    pub(crate) fn unauthenticated() -> Self {
        Self::sign_in(ErrorCode::Unauthenticated, "Authentication required")
    }

    /// A session token that is not valid, or no longer.
    pub(crate) fn dead_session() -> Self {
        let error = Self::new(ErrorCode::Unauthenticated, "The session has ended or never existed");
        error.with(header::WWW_AUTHENTICATE, INVALID_TOKEN)
    }

    /// Too many requests. The client may come back after `wait`, which is rounded up to whole seconds.
    pub(crate) fn rate_limited(wait: Duration) -> Self {
        let error = Self::new(ErrorCode::RateLimited, "Too many requests");
        let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
        Self { retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX)), ..error }
    }

    /// Invalid members: the message names the first, the details all.
    pub(crate) fn validation(errors: &ValidationErrors) -> Self {
        let message = format!("Validation failed: {errors}");
        Self { details: Some(fields(errors)), ..Self::new(ErrorCode::ValidationError, message) }
    }

    /// Invalid query parameters.
    pub(crate) fn query(errors: &ValidationErrors) -> Self {
        let name = errors.iter().next().map_or("", |error| error.field);
        Self { details: Some(fields(errors)), ..Self::invalid_query(name) }
    }

    pub(crate) fn invalid_query(name: &str) -> Self {
        Self::new(ErrorCode::InvalidQuery, format!("Invalid query parameter: {name}"))
    }

    /// A body that is not what the route expects, and where that begins.
    pub(crate) fn invalid_body(line: usize, column: usize, reason: &str) -> Self {
        // The reason may quote what the client sent: fine to send back, but not at any length, and never logged.
        let reason: String = reason.chars().take(200).collect();
        let details = json!({ "line": line, "column": column, "reason": reason });
        Self { details: Some(details), ..Self::new(ErrorCode::InvalidRequestBody, "Invalid request body") }
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
        // Only the status: the middleware replaces this by the envelope, because it knows the request id.
        HttpResponse::new(self.code.status())
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid(errors) => Self::validation(&errors),
            Failure::InvalidQuery(errors) => Self::query(&errors),
            Failure::Unauthenticated => Self::dead_session(),
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
