//! Why a WebSocket ends, and what the other side is told about it (RFC 6455, section 7.4).

use std::{fmt, str::Utf8Error};

use actix_web::error::PayloadError;
use actix_ws::{CloseCode, CloseReason as CloseFrame, ProtocolError};
use denizen_services::CloseReason;

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionEnd {
    /// The client says goodbye.
    Left(Option<CloseCode>),
    /// The connection broke.
    Gone,
    /// Nothing can be written any more.
    Stuck,
    /// The client does not answer pings.
    Silent,
    /// The client broke the protocol.
    Broken,
    /// It sent something that is not text.
    Binary,
    /// It sent something that calls itself text.
    NotText,
    /// It sent a message that is too long.
    TooLong,
    /// It sent too many.
    Flood,
    /// The service wants it.
    Service(CloseReason),
}

impl SessionEnd {
    /// Returns the close frame, or `None` if the client would not get it.
    pub(super) fn frame(self) -> Option<CloseFrame> {
        let code = match self {
            Self::Gone | Self::Stuck => return None,
            // Said back as it was said.
            Self::Left(code) => return Some(code.unwrap_or(CloseCode::Normal).into()),
            Self::Broken => CloseCode::Protocol,
            Self::Binary => CloseCode::Unsupported,
            Self::NotText => CloseCode::Invalid,
            Self::Silent | Self::Flood => CloseCode::Policy,
            Self::TooLong => CloseCode::Size,
            // From the range for private use: the 401 of HTTP.
            Self::Service(CloseReason::Revoked) => CloseCode::Other(4401),
            Self::Service(CloseReason::GoingAway) => CloseCode::Away,
            Self::Service(CloseReason::TooSlow) => CloseCode::Again,
        };
        Some(CloseFrame { code, description: Some(self.to_string()) })
    }
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left(_) => "the client left",
            Self::Gone => "the connection broke",
            Self::Stuck => "the client takes nothing",
            Self::Silent => "pings were not answered",
            Self::Broken => "not the WebSocket protocol",
            Self::Binary => "only text is understood",
            Self::NotText => "text must be UTF-8",
            Self::TooLong => "the message is too long",
            Self::Flood => "too many messages",
            Self::Service(reason) => return reason.fmt(f),
        })
    }
}

impl From<ProtocolError> for SessionEnd {
    fn from(error: ProtocolError) -> Self {
        let ProtocolError::Io(error) = error else {
            return if matches!(error, ProtocolError::Overflow) { Self::TooLong } else { Self::Broken };
        };
        // The library has one variant for four things.
        let Some(cause) = error.get_ref() else { return Self::Gone };
        match cause.downcast_ref::<PayloadError>() {
            Some(PayloadError::Overflow) => Self::TooLong,
            Some(_) => Self::Gone,
            None if cause.is::<Utf8Error>() => Self::NotText,
            None => Self::Broken,
        }
    }
}
