//! Sockets whose owners lose what let them in.

use std::time::Duration;

use denizen_models::{UserId, UserValues};
use denizen_server::SAMPLE_PASSWORD;
use denizen_services::{
    Clock as _,
    store::{ReadStore as _, UnitOfWork, WriteStore as _},
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::handshake;
use crate::support::{
    TestServer,
    api::{delete, patch, token_in, token_of},
    http::{Request, Response},
    socket::Socket,
};

/// The number of the sample user alice_dev.
const ALICE: u64 = 1;

/// Alice, signed in twice, and connected both times.
pub struct Guest {
    pub server: TestServer,
    phone: String,
    on_phone: Socket,
    on_laptop: Socket,
}

impl Guest {
    pub async fn arrive() -> Self {
        let server = TestServer::start().await;
        let at = server.address;
        let (phone, laptop) = (token_of(at, "alice_dev").await, token_of(at, "alice_dev").await);
        let (on_phone, on_laptop) = (Socket::open_as(at, &phone).await, Socket::open_as(at, &laptop).await);
        Self { server, phone, on_phone, on_laptop }
    }

    /// Asks for something from the phone.
    async fn send(&self, request: Request) -> Response {
        request.bearer(&self.phone).send(self.server.address).await
    }

    /// Waits for the goodbye on both sockets.
    pub async fn both_end(mut self) {
        ends(&mut self.on_phone).await;
        ends(&mut self.on_laptop).await;
    }
}

async fn ends(socket: &mut Socket) {
    assert_eq!(socket.closed().await, (4401, "access was revoked".to_owned(), 0));
}

/// Security checklist: 58.
#[tokio::test]
async fn a_socket_ends_with_its_session_and_no_other_does() {
    let mut alice = Guest::arrive().await;
    alice.send(Request::post("/api/auth/logout")).await.succeeded(200);
    ends(&mut alice.on_phone).await;
    alice.on_laptop.settle().await;
    handshake("/ws").bearer(&alice.phone).send(alice.server.address).await.refused(401, "UNAUTHENTICATED");

    let mut alice = Guest::arrive().await;
    alice.send(Request::new("DELETE", "/api/auth/sessions")).await.succeeded(200);
    ends(&mut alice.on_laptop).await;
    alice.on_phone.settle().await;

    let mut alice = Guest::arrive().await;
    let sessions = alice.send(Request::get("/api/auth/sessions")).await.succeeded(200);
    let sessions = sessions["data"].as_array().expect("a list");
    let laptop = sessions.iter().find(|session| session["current"] == false).expect("another session");
    let target = format!("/api/auth/sessions/{}", laptop["id"]);
    alice.send(Request::new("DELETE", &target)).await.succeeded(200);
    ends(&mut alice.on_laptop).await;
    alice.on_phone.settle().await;
}

#[tokio::test]
async fn an_administrator_ends_them_all() {
    let alice = Guest::arrive().await;
    let target = format!("/api/users/{ALICE}/sessions");
    Request::new("DELETE", &target).send(alice.server.address).await.succeeded(200);
    alice.both_end().await;
}

/// Security checklist: 58.
#[tokio::test]
async fn whoever_is_switched_off_or_deleted_both_end() {
    let alice = Guest::arrive().await;
    patch(alice.server.address, ALICE, &json!({"active": false})).await.succeeded(200);
    alice.both_end().await;

    let alice = Guest::arrive().await;
    delete(alice.server.address, ALICE).await.succeeded(200);
    alice.both_end().await;
}

#[tokio::test]
async fn a_new_password_shows_everybody_out_who_knew_the_old_one() {
    let alice = Guest::arrive().await;
    let passwords = json!({"current_password": SAMPLE_PASSWORD, "new_password": "newsecurepassword"});
    let renewed = token_in(&alice.send(Request::post("/api/auth/change-password").json(&passwords)).await);
    let mut anew = Socket::open_as(alice.server.address, &renewed).await;
    anew.settle().await;
    alice.both_end().await;
}

#[tokio::test]
async fn whoever_gets_other_roles_or_another_name_connects_anew_with_them() {
    let changes =
        [(json!({"roles": ["user"]}), "alice_dev"), (json!({"username": "alice_ops"}), "alice_ops")];
    for (change, name) in changes {
        let mut alice = Guest::arrive().await;
        let at = alice.server.address;
        patch(at, ALICE, &change).await.succeeded(200);
        ends(&mut alice.on_phone).await;
        ends(&mut alice.on_laptop).await;
        let mut anew = Socket::open_as(at, &alice.phone).await;
        anew.say("broadcast", json!({})).await;
        assert_eq!(anew.next().await["from"], name);
    }
}

/// Security checklist: 71.
#[tokio::test]
async fn a_socket_ends_when_its_session_expires() {
    let alice = Guest::arrive().await;
    // As long as a session lives.
    alice.server.advance_minutes(30 * 24 * 60);
    let asked = Instant::now();
    alice.both_end().await;
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
}

/// This server hears of it only because it asks. Security checklist: 71.
#[tokio::test]
async fn a_subscription_ends_when_another_process_takes_the_role() {
    let alice = Guest::arrive().await;
    let at = alice.server.address;
    patch(at, ALICE, &json!({"roles": ["user", "admin"]})).await.succeeded(200);
    let mut listening = Socket::open_as(at, &alice.phone).await;
    listening.say("subscribe", json!({"topic": "user_events"})).await;
    listening.settle().await;
    let elsewhere = SqliteStore::open(SqliteOptions::new(alice.server.folder().join("denizen.db")));
    let elsewhere = elsewhere.expect("the same database");
    let user = elsewhere.find_user(UserId::new(1)).await.expect("a read").expect("alice");
    let values = UserValues { roles: vec!["user".to_owned()], ..user.values };
    let work = UnitOfWork::new().update_user(user.id, user.revision, values, alice.server.clock.now());
    elsewhere.commit(work).await.expect("a commit");
    ends(&mut listening).await;
    elsewhere.shutdown().await;
}

/// This server hears of it only because it asks. Security checklist: 58.
#[tokio::test]
async fn what_another_process_revokes_ends_here_too() {
    let alice = Guest::arrive().await;
    let elsewhere = SqliteStore::open(SqliteOptions::new(alice.server.folder().join("denizen.db")));
    let elsewhere = elsewhere.expect("the same database");
    let id = UserId::new(i64::try_from(ALICE).expect("an id"));
    elsewhere.commit(UnitOfWork::new().revoke_sessions(id, None)).await.expect("a commit");
    alice.both_end().await;
    elsewhere.shutdown().await;
}

/// Nothing is told to somebody who was an administrator when they subscribed.
#[tokio::test]
async fn an_administrator_who_is_none_any_more_hears_no_more() {
    let mut alice = Guest::arrive().await;
    let at = alice.server.address;
    let roles = |roles: Value| json!({"roles": roles});
    patch(at, ALICE, &roles(json!(["user", "admin"]))).await.succeeded(200);
    ends(&mut alice.on_phone).await;
    let mut listening = Socket::open_as(at, &alice.phone).await;
    listening.say("subscribe", json!({"topic": "user_events"})).await;
    listening.settle().await;
    patch(at, ALICE, &roles(json!(["user"]))).await.succeeded(200);
    // The last thing that she is told is what happened to her.
    assert_eq!(listening.next().await["content"], json!({"event": "user.updated", "user_id": ALICE}));
    ends(&mut listening).await;
    let mut again = Socket::open_as(at, &alice.phone).await;
    again.say("subscribe", json!({"topic": "user_events"})).await;
    assert_eq!(again.next().await["content"]["code"], "FORBIDDEN");
}
