//! One WebSocket: three things can happen next, and one loop waits for them.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, rt, web::Data};
use actix_ws::{Closed, Message as Frame, MessageStream, ProtocolError, Session as Socket};
use denizen_models::{Message, MessageCommand, MessageKind, MessageRequest};
use denizen_services::{AccessContext, Connection, MessageService, Outgoing};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::{
    backpressure::Backpressure,
    close::SessionEnd,
    frame_limit::{Fragments, IncomingFrames, PartialFrame},
    handshake,
    rate::RateLimiter,
};
use crate::http::{ApiError, ApiResult, AppState, json};

/// How often the client is pinged.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How many pings may go unanswered.
const MAX_UNANSWERED: u32 = 2;
/// How long a client may take nothing although there is something for it.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// How long a client that the service has let go may take over what waits for it. It no longer counts as connected,
/// and could otherwise keep that in memory as long as it likes.
const FAREWELL: Duration = Duration::from_secs(30);

struct Session {
    access: AccessContext,
    messages: Arc<dyn MessageService>,
    state: Data<AppState>,
    connection: Connection,
    socket: Socket,
    backpressure: Backpressure,
    fragments: Fragments,
    limiter: RateLimiter,
}

/// Answers a handshake, and talks from then on.
///
/// # Errors
/// The service refuses.
pub(super) fn open(
    access: AccessContext,
    request: &HttpRequest,
    messages: Arc<dyn MessageService>,
    state: Data<AppState>,
    incoming: IncomingFrames,
) -> ApiResult {
    let IncomingFrames { payload, partial } = incoming;
    let handshake = handshake::check_version(request).and_then(|()| actix_ws::handle(request, payload));
    let (response, socket, frames) = match handshake {
        Ok(parts) => parts,
        Err(error) => return Ok(handshake::refused(&error)),
    };
    let connection = messages.connect(&access)?;
    let backpressure = Backpressure::default();
    let response = backpressure.watch(response);
    let session = Session {
        access,
        messages,
        state,
        connection,
        socket,
        backpressure,
        fragments: Fragments::default(),
        limiter: RateLimiter::new(),
    };
    rt::spawn(session.run(frames.max_frame_size(Message::MAX_BYTES), partial));
    Ok(response)
}

impl Session {
    async fn run(mut self, frames: MessageStream, partial: PartialFrame) {
        let started = Instant::now();
        let end = self.talk(frames, &partial).await;
        let Self { access, connection, socket, .. } = self;
        log::debug!(
            "{} the socket of {} closes after {} s: {end}",
            access.request_id,
            connection.name,
            started.elapsed().as_secs()
        );
        // The user no longer counts as connected, however long closing takes.
        drop(connection);
        if let Some(frame) = end.frame() {
            let _gone = timeout(WRITE_TIME, socket.close(Some(frame))).await;
        }
    }

    async fn talk(&mut self, mut frames: MessageStream, partial: &PartialFrame) -> SessionEnd {
        let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut unanswered = 0;
        let mut let_go: Option<Instant> = None;
        loop {
            if self.connection.outgoing.is_closed()
                && let_go.get_or_insert_with(Instant::now).elapsed() > FAREWELL
            {
                return SessionEnd::Stuck;
            }
            let done = tokio::select! {
                frame = frames.recv() => {
                    partial.reset();
                    unanswered = 0;
                    self.handle_frame(frame).await
                }
                outgoing = self.connection.outgoing.recv() => match outgoing {
                    Some(Outgoing::Message(text)) => self.write(&text).await,
                    Some(Outgoing::Close(reason)) => Err(SessionEnd::Service(reason)),
                    None => Err(SessionEnd::Gone),
                },
                _ = heartbeat.tick() => {
                    unanswered += 1;
                    if unanswered > MAX_UNANSWERED { Err(SessionEnd::Silent) } else { pass(&self.backpressure, self.socket.ping(b"")).await }
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn handle_frame(&mut self, frame: Option<Result<Frame, ProtocolError>>) -> Result<(), SessionEnd> {
        let frame = frame.ok_or(SessionEnd::Gone)??;
        // The parts of a message are counted elsewhere.
        if !matches!(frame, Frame::Continuation(_)) && !self.limiter.take() {
            return Err(SessionEnd::Flood);
        }
        match frame {
            Frame::Text(text) => self.handle_text(&text).await,
            Frame::Continuation(part) => match self.fragments.add(part)? {
                Some(_) if !self.limiter.take() => Err(SessionEnd::Flood),
                Some(text) => self.handle_text(&text).await,
                None => Ok(()),
            },
            Frame::Binary(_) => Err(SessionEnd::Binary),
            Frame::Ping(bytes) => pass(&self.backpressure, self.socket.pong(&bytes)).await,
            Frame::Pong(_) | Frame::Nop => Ok(()),
            Frame::Close(reason) => Err(SessionEnd::Left(reason.map(|reason| reason.code))),
        }
    }

    /// Does what the client asks for, or tells it why not, with the code that HTTP would give.
    async fn handle_text(&mut self, text: &str) -> Result<(), SessionEnd> {
        // A client that the service has let go may read what waits for it, but not send.
        if self.connection.outgoing.is_closed() {
            return Ok(());
        }
        let result = json::parse::<MessageRequest>(text.as_bytes())
            .and_then(|request| Ok(request.validate()?))
            .and_then(|command| self.carry_out(command));
        let (kind, content) = match result {
            Ok(None) => return Ok(()),
            Ok(Some(kind)) => (kind, json!({})),
            Err(error) => {
                let mut content = json!({ "code": error.code.as_str(), "message": error.message });
                if let (Some(details), Some(members)) = (error.details, content.as_object_mut()) {
                    members.insert("details".to_owned(), details);
                }
                (MessageKind::Error, content)
            }
        };
        let content = content.as_object().cloned().unwrap_or_default();
        let timestamp = self.state.clock.now().timestamp();
        let answer = Message { kind, from: None, to: None, content, timestamp };
        self.write(&answer.to_string()).await
    }

    /// The kind of the answer, if there is to be one.
    fn carry_out(&self, command: MessageCommand) -> Result<Option<MessageKind>, ApiError> {
        let Self { access, messages, connection, .. } = self;
        match command {
            MessageCommand::Broadcast { content } => {
                messages.broadcast(access, content)?;
            }
            MessageCommand::Direct { to, content } => {
                messages.direct(access, &to, content)?;
            }
            MessageCommand::Subscribe(topic) => messages.subscribe(access, connection.id, topic)?,
            MessageCommand::Unsubscribe(topic) => messages.unsubscribe(connection.id, topic),
            MessageCommand::Ping => return Ok(Some(MessageKind::Pong)),
        }
        Ok(None)
    }

    async fn write(&mut self, text: &str) -> Result<(), SessionEnd> {
        pass(&self.backpressure, self.socket.text(text.to_owned())).await
    }
}

/// Writes, and waits until the client makes room for the next.
async fn pass(
    backpressure: &Backpressure,
    write: impl Future<Output = Result<(), Closed>>,
) -> Result<(), SessionEnd> {
    let passed = async {
        write.await.map_err(|Closed| SessionEnd::Gone)?;
        backpressure.passed().await;
        Ok(())
    };
    timeout(WRITE_TIME, passed).await.unwrap_or(Err(SessionEnd::Stuck))
}

#[cfg(test)]
mod tests;
