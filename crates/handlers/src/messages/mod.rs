//! Messages between connected users: over HTTP, and over WebSockets.

mod closing;
mod flood;
mod handshake;
mod intake;
mod outlet;
mod session;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, ServiceConfig},
};
use denizen_models::{InvalidMessage, MessageCommand, MessageRequest, Username, ValidationErrors};
use denizen_services::{ConnectError, ListConnectedError, MessageService, SendMessageError, SubscribeError};
use serde_json::json;

use self::intake::Intake;
use crate::{
    endpoint::Endpoint,
    error::{ApiError, ErrorCode},
    json::Json,
    query::{Query, refused},
    request::{Request, Surroundings},
};

/// In whose name the service's own administrator speaks, who has none.
const NAMELESS: &str = "system";

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/ws").get(get).post(send));
}

/// `GET /ws`: a WebSocket for those who ask for one, else the list of connected users.
async fn get(
    request: Request,
    http: HttpRequest,
    messages: Data<dyn MessageService>,
    surroundings: Data<Surroundings>,
    query: Query,
    intake: Intake,
) -> Result<HttpResponse, ApiError> {
    if handshake::is_wanted(&http) {
        handshake::check_origin(&http, &surroundings.settings.cors_origins)?;
        let name = name_in(query)?
            .ok_or_else(|| refused("name", "name is required: 3 to 50 letters, digits and underscores"))?;
        return session::open(request.access, &http, messages.into_inner(), surroundings, &name, intake);
    }
    query.finish()?;
    let names = messages.connected_users(&request.access)?;
    let metadata = json!({ "count": names.len() });
    Ok(request.answer_with(StatusCode::OK, "Connected users retrieved successfully", names, metadata))
}

/// `POST /ws`
async fn send(
    request: Request,
    messages: Data<dyn MessageService>,
    query: Query,
    Json(body): Json<MessageRequest>,
) -> Result<HttpResponse, ApiError> {
    let kind = body.kind.clone();
    let name = match name_in(query)? {
        Some(name) => name,
        None => Username::parse(NAMELESS).map_err(ApiError::internal)?,
    };
    let (recipients, message) = match body.validate()? {
        MessageCommand::Broadcast { content } => {
            (messages.broadcast(&request.access, &name, content)?, "Message broadcast successfully")
        }
        MessageCommand::Direct { to, content } => {
            (messages.direct(&request.access, &name, &to, content)?, "Message delivered successfully")
        }
        MessageCommand::Subscribe(_) | MessageCommand::Unsubscribe(_) | MessageCommand::Ping => {
            return Err(InvalidMessage::UnsupportedType(kind).into());
        }
    };
    Ok(request.answer(message, json!({ "recipients": recipients })))
}

/// Who speaks. Until there is sign-in, that is what the query says, to services that take everybody for an
/// administrator; other services refuse strangers, whatever they call themselves.
fn name_in(mut query: Query) -> Result<Option<Username>, ApiError> {
    let expected = "3 to 50 letters, digits and underscores";
    let name = query.take_as("name", expected, |text| Username::parse(text).ok())?;
    query.finish()?;
    Ok(name)
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
            SendMessageError::TooLong => {
                Self::validation(&ValidationErrors::of("content", error.to_string()))
            }
            SendMessageError::NobodyConnected => {
                Self::new(ErrorCode::BroadcastError, format!("Broadcast failed: {error}"))
            }
            SendMessageError::NotConnected(_) => {
                Self::new(ErrorCode::DeliveryError, format!("Message delivery failed: {error}"))
            }
        }
    }
}

impl From<ListConnectedError> for ApiError {
    fn from(error: ListConnectedError) -> Self {
        match error {
            ListConnectedError::Forbidden => Self::forbidden(error),
        }
    }
}

impl From<ConnectError> for ApiError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Forbidden => Self::forbidden(error),
            ConnectError::TooMany(_) => {
                Self::new(ErrorCode::TooManyConnections, format!("Connection refused: {error}"))
            }
            ConnectError::Full(_) | ConnectError::GoingAway => Self::unavailable(error),
        }
    }
}

impl From<SubscribeError> for ApiError {
    fn from(error: SubscribeError) -> Self {
        match error {
            SubscribeError::Forbidden(_) => Self::forbidden(error),
        }
    }
}
