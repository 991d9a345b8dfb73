//! The two shapes that every JSON answer has.

use serde::Serialize;

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuccessResponse<T, M = ()> {
    /// A sentence for people.
    pub message: String,
    /// What was asked for; left out where there is nothing to give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    /// Facts about the answer itself (counts, cursors).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<M>,
    /// When the answer was made, in Unix seconds.
    pub timestamp: i64,
    /// The request's id, as in the `X-Request-ID` header and in the log.
    pub request_id: String,
}

/// A refusal or a failure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorResponse<D> {
    /// A sentence for people.
    pub error: String,
    /// The stable code for programs.
    pub code: &'static str,
    /// Where exactly the fault lies, if that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<D>,
    /// When the answer was made, in Unix seconds.
    pub timestamp: i64,
    /// The request's id, as in the `X-Request-ID` header and in the log.
    pub request_id: String,
}
