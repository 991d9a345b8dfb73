//! Messages between connected users: over HTTP, and over WebSockets.

mod backpressure;
mod close;
mod frame_limit;
mod handshake;
mod rate;
mod session;

use actix_web::{HttpRequest, http::StatusCode, web::Data};
use denizen_models::{InvalidMessage, MessageCommand, MessageRequest, ValidationErrors};
use denizen_services::{ConnectError, MessageService, SendMessageError};
use serde::Serialize;

use self::frame_limit::IncomingFrames;
use crate::{
    http::{ApiError, ApiResult, AppState, Count, ErrorCode, Json, Member, NoQuery, RequestContext, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    use ErrorCode::{BroadcastError, DeliveryError, MissingRecipient, UnsupportedMessageType};
    vec![
        route("/ws")
            .get(Member, "Opens a WebSocket if one is asked for, else lists connected users.", get)
            .answers(
                reply(200)
                    .data_with::<Vec<String>, Count>()
                    .or_status(&[101])
                    .refuses(&[ErrorCode::InvalidHandshake, ErrorCode::TooManyConnections])
                    .example_with(r#"["ada"]"#, r#"{"count": 1}"#),
            )
            .post(Member, "Sends a message to connected users.", send)
            .answers(
                reply(200)
                    .data::<Recipients>()
                    .or_less()
                    .refuses(&[UnsupportedMessageType, MissingRecipient, DeliveryError, BroadcastError])
                    .example(r#"{"type": "broadcast", "content": {"text": "hello"}}"#),
            ),
    ]
}

/// How many users a message was sent to.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Recipients {
    /// The users.
    recipients: usize,
}

/// `GET /ws`: a WebSocket for those who ask for one, else the list of connected users.
async fn get(
    request: RequestContext,
    http: HttpRequest,
    messages: Data<dyn MessageService>,
    state: Data<AppState>,
    _: NoQuery,
    incoming: IncomingFrames,
) -> ApiResult {
    if handshake::is_wanted(&http) {
        handshake::check_origin(&http, &state.settings)?;
        return session::open(request.access, &http, messages.into_inner(), state, incoming);
    }
    let names = messages.connected_users(&request.access)?;
    let metadata = Count { count: names.len() };
    Ok(request.answer_with(StatusCode::OK, "Connected users retrieved successfully", names, metadata))
}

/// `POST /ws`
async fn send(
    request: RequestContext,
    messages: Data<dyn MessageService>,
    Json(body): Json<MessageRequest>,
) -> ApiResult {
    let kind = body.kind.clone();
    let (recipients, message) = match body.validate()? {
        MessageCommand::Broadcast { content } => {
            (messages.broadcast(&request.access, content)?, "Message broadcast successfully")
        }
        MessageCommand::Direct { to, content } => {
            match messages.direct(&request.access, &to, content)? {
                // Whether there is such a recipient is not for this sender to know.
                0 => return Ok(request.done("Message accepted")),
                told => (told, "Message delivered successfully"),
            }
        }
        MessageCommand::Subscribe(_) | MessageCommand::Unsubscribe(_) | MessageCommand::Ping => {
            return Err(InvalidMessage::UnsupportedType(kind).into());
        }
    };
    Ok(request.answer(message, Recipients { recipients }))
}

impl From<InvalidMessage> for ApiError {
    fn from(error: InvalidMessage) -> Self {
        let message = error.to_string();
        match error {
            // The original does not introduce this message with "Validation failed".
            InvalidMessage::MissingType => {
                let errors = ValidationErrors::of("type", message.clone());
                Self { message: message.into(), ..Self::validation(&errors) }
            }
            InvalidMessage::UnsupportedType(_) => Self::new(ErrorCode::UnsupportedMessageType, message),
            InvalidMessage::MissingRecipient => Self::new(ErrorCode::MissingRecipient, message),
            InvalidMessage::UnknownTopic => Self::validation(&ValidationErrors::of("content.topic", message)),
        }
    }
}

impl From<SendMessageError> for ApiError {
    fn from(error: SendMessageError) -> Self {
        match error {
            SendMessageError::Forbidden => Self::forbidden(error),
            SendMessageError::TooMany(wait) => Self::rate_limited(wait.to_std().unwrap_or_default()),
            SendMessageError::TooLong => {
                Self::validation(&ValidationErrors::of("content", error.to_string()))
            }
            SendMessageError::NobodyConnected => {
                Self::because(ErrorCode::BroadcastError, "Broadcast failed", error)
            }
            SendMessageError::NotConnected(_) => {
                Self::because(ErrorCode::DeliveryError, "Message delivery failed", error)
            }
        }
    }
}

impl From<ConnectError> for ApiError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Forbidden => Self::forbidden(error),
            ConnectError::TooMany(_) => {
                Self::because(ErrorCode::TooManyConnections, "Connection refused", error)
            }
            ConnectError::Full(_) | ConnectError::GoingAway => Self::unavailable(error),
        }
    }
}
