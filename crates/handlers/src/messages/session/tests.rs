//! The loop without a network: the test holds what the client sends and what it is sent, the other side of the
//! service, and the time.

use std::{future::poll_fn, pin::Pin, sync::Mutex, task::Poll};

use actix_web::{
    FromRequest as _, HttpResponse,
    body::{BoxBody, MessageBody as _},
    dev::Payload,
    http::header,
    test::TestRequest,
    web::Bytes,
};
use chrono::{DateTime, Utc};
use denizen_models::{MessageContent, Topic, Username};
use denizen_services::{
    Clock, CloseReason, ConnectError, ConnectionId, Connections, Failure, OsTokenSource, SendMessageError,
};
use futures_util::stream;
use tokio::{
    sync::{mpsc, oneshot},
    time::{advance, pause},
};

use super::*;
use crate::{HandlerSettings, http::log_summary::LogSummary};

/// A service that gives out one connection, and has nothing to say by itself.
struct OneConnection(Mutex<Option<Connection>>);

impl MessageService for OneConnection {
    fn connect(&self, _: &AccessContext) -> Result<Connection, ConnectError> {
        Ok(self.0.lock().unwrap().take().unwrap())
    }

    fn disconnect(&self, _: &Connections, _: CloseReason) {}

    fn shut_down(&self) {}

    fn connected_users(&self, _: &AccessContext) -> Result<Vec<String>, Failure> {
        Ok(Vec::new())
    }

    fn broadcast(&self, _: &AccessContext, _: MessageContent) -> Result<usize, SendMessageError> {
        Ok(1)
    }

    fn direct(&self, _: &AccessContext, _: &str, _: MessageContent) -> Result<usize, SendMessageError> {
        Ok(1)
    }

    fn subscribe(&self, _: &AccessContext, _: ConnectionId, _: Topic) -> Result<(), Failure> {
        Ok(())
    }

    fn unsubscribe(&self, _: ConnectionId, _: Topic) {}
}

/// A clock that always shows the same time.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }
}

/// What is around a session.
struct Client {
    sends: mpsc::UnboundedSender<Bytes>,
    body: BoxBody,
    service: mpsc::Sender<Outgoing>,
    left: oneshot::Receiver<()>,
}

impl Client {
    async fn connect() -> Self {
        let (service, outgoing) = mpsc::channel(100);
        let (leave, left) = oneshot::channel();
        let name = Username::parse("alice").unwrap();
        let leave = move || leave.send(()).unwrap_or(());
        let connection = Connection::new(ConnectionId(1), name, outgoing, leave);
        let messages = Arc::new(OneConnection(Mutex::new(Some(connection))));

        let (sends, mut receives) = mpsc::unbounded_channel();
        let received = stream::poll_fn(move |context| receives.poll_recv(context).map(|bytes| bytes.map(Ok)));
        let mut payload: Payload = Payload::Stream { payload: Box::pin(received) };
        let request = TestRequest::get()
            .insert_header((header::CONNECTION, "upgrade"))
            .insert_header((header::UPGRADE, "websocket"))
            .insert_header((header::SEC_WEBSOCKET_VERSION, "13"))
            .insert_header((header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="))
            .to_http_request();
        let incoming = IncomingFrames::from_request(&request, &mut payload).await.unwrap();
        let state = Data::new(AppState {
            paths: Vec::new(),
            clock: Arc::new(Stopped),
            tokens: Arc::new(OsTokenSource),
            settings: HandlerSettings::default(),
            prefix: String::new(),
            links: String::new(),
            counts: None,
            summary: LogSummary::default(),
            error_page: |_, _, _| HttpResponse::NotFound().finish(),
        });
        let response = open(AccessContext::system(), &request, messages, state, incoming).unwrap();
        assert_eq!(response.status().as_u16(), 101);
        Self { sends, body: response.into_body(), service, left }
    }

    /// Sends a frame of at most 125 bytes, masked with zeros.
    fn send(&self, opcode: u8, payload: &[u8]) {
        let length = 0x80 | u8::try_from(payload.len()).unwrap();
        self.sends.send([&[0x80 | opcode, length, 0, 0, 0, 0], payload].concat().into()).unwrap();
    }

    /// The next frame from the server: opcode and payload.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let chunk = poll_fn(|context| Pin::new(&mut self.body).poll_next(context)).await;
        let chunk = chunk.expect("a frame before the end").unwrap();
        assert_eq!(chunk.len(), usize::from(chunk[1]) + 2, "one short frame");
        (chunk[0] & 0x0f, chunk[2..].to_vec())
    }

    /// The code of the server's goodbye.
    async fn closed(&mut self) -> u16 {
        let (opcode, payload) = self.next().await;
        assert_eq!(opcode, CLOSE);
        assert!(poll_fn(|context| Pin::new(&mut self.body).poll_next(context)).await.is_none());
        u16::from_be_bytes([payload[0], payload[1]])
    }
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

#[actix_web::test]
async fn a_client_that_answers_pings_stays_for_days() {
    pause();
    let mut client = Client::connect().await;
    for _ in 0..10_000 {
        assert_eq!(client.next().await, (PING, Vec::new()));
        client.send(PONG, b"");
    }
    client.send(TEXT, br#"{"type": "ping"}"#);
    let (opcode, payload) = client.next().await;
    let pong = format!(r#"{{"type":"pong","content":{{}},"timestamp":{}}}"#, Stopped.now().timestamp());
    assert_eq!((opcode, String::from_utf8(payload).unwrap()), (TEXT, pong));
}

#[actix_web::test]
async fn one_that_misses_two_is_given_up() {
    pause();
    let mut client = Client::connect().await;
    let started = Instant::now();
    for _ in 0..2 {
        assert_eq!(client.next().await, (PING, Vec::new()));
    }
    assert_eq!(client.closed().await, 1008);
    assert_eq!(started.elapsed().as_secs(), 90);
    client.left.await.unwrap();
}

#[actix_web::test]
async fn one_that_takes_nothing_is_given_up() {
    pause();
    let mut client = Client::connect().await;
    let started = Instant::now();
    // More than the library holds for a client.
    for _ in 0..100 {
        client.service.try_send(Outgoing::Message("{}".into())).unwrap();
    }
    (&mut client.left).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), WRITE_TIME.as_secs());
}

/// The service shares a message among all who are to get it; the library copies it for each.
#[actix_web::test]
async fn what_a_client_does_not_take_stays_with_the_service() {
    pause();
    let mut client = Client::connect().await;
    for _ in 0..50 {
        client.service.try_send(Outgoing::Message("{}".into())).unwrap();
    }
    // Time passes only when nobody has anything to do.
    assert!(
        timeout(WRITE_TIME / 2, &mut client.left).await.is_err(),
        "there is still time to take something"
    );
    let waiting = client.service.max_capacity() - client.service.capacity();
    assert!(waiting >= 48, "only {waiting} of 50 wait");
    for _ in 0..50 {
        assert_eq!(client.next().await, (TEXT, b"{}".to_vec()));
    }
}

/// It no longer counts as connected, so that nothing else bounds how many of them keep how much waiting.
#[actix_web::test]
async fn one_that_the_service_has_let_go_cannot_put_off_its_end() {
    pause();
    let mut client = Client::connect().await;
    for _ in 0..50 {
        client.service.try_send(Outgoing::Message("{}".into())).unwrap();
    }
    client.service.try_send(Outgoing::Close(CloseReason::TooSlow)).unwrap();
    client.service = mpsc::channel(1).0;
    let mut taken = 0;
    while poll_fn(|context| Pin::new(&mut client.body).poll_next(context)).await.is_some() {
        taken += 1;
        // Just in time not to be taken for one that takes nothing.
        advance(WRITE_TIME - Duration::from_secs(1)).await;
    }
    assert_eq!(taken, 4, "within half a minute");
    client.left.await.unwrap();
}

#[actix_web::test]
async fn one_that_the_service_has_let_go_is_no_longer_listened_to() {
    let mut client = Client::connect().await;
    for _ in 0..50 {
        client.service.try_send(Outgoing::Message("{}".into())).unwrap();
    }
    client.service.try_send(Outgoing::Close(CloseReason::Revoked)).unwrap();
    client.service = mpsc::channel(1).0;
    client.send(TEXT, br#"{"type": "ping"}"#);
    for _ in 0..50 {
        assert_eq!(client.next().await, (TEXT, b"{}".to_vec()));
    }
    assert_eq!(client.closed().await, 4401);
}

#[actix_web::test]
async fn pings_of_the_client_are_answered() {
    let mut client = Client::connect().await;
    client.send(PING, b"are you there?");
    assert_eq!(client.next().await, (PONG, b"are you there?".to_vec()));
}

#[actix_web::test]
async fn a_goodbye_is_answered_in_kind() {
    for (said, answer) in [(&[][..], 1000), (&1001_u16.to_be_bytes(), 1001), (&4000_u16.to_be_bytes(), 4000)]
    {
        let mut client = Client::connect().await;
        client.send(CLOSE, said);
        assert_eq!(client.closed().await, answer);
        client.left.await.unwrap();
    }
}

#[actix_web::test]
async fn each_reason_of_the_service_has_its_code() {
    for (reason, code) in
        [(CloseReason::Revoked, 4401), (CloseReason::GoingAway, 1001), (CloseReason::TooSlow, 1013)]
    {
        let mut client = Client::connect().await;
        client.service.send(Outgoing::Close(reason)).await.unwrap();
        assert_eq!(client.closed().await, code);
    }
}

#[actix_web::test]
async fn a_broken_connection_is_a_departure() {
    let Client { sends, body, service: _service, left } = Client::connect().await;
    drop(sends);
    left.await.unwrap();
    drop(body);

    let Client { sends: _sends, body, service: _service, left } = Client::connect().await;
    drop(body);
    left.await.unwrap();
}

#[actix_web::test]
async fn what_never_becomes_a_message_is_not_collected_without_end() {
    let mut client = Client::connect().await;
    // A frame that says it has 2^40 bytes.
    let mut chunk = vec![0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut sent = 0;
    let code = loop {
        sent += chunk.len();
        client.sends.send(chunk.into()).unwrap();
        chunk = vec![b'x'; 10_000];
        tokio::task::yield_now().await;
        let closed = poll_fn(|context| Poll::Ready(Pin::new(&mut client.body).poll_next(context))).await;
        if let Poll::Ready(Some(Ok(frame))) = closed {
            break u16::from_be_bytes([frame[2], frame[3]]);
        }
        assert!(sent < 1_000_000, "it collects for ever");
    };
    assert_eq!(code, 1009);
}
