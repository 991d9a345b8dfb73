//! Many confirmations and many requests at once.

use std::sync::Arc;

use denizen_hashing::{Argon2Cost, Argon2Hasher};
use denizen_models::{Password, Secret, UserId};
use denizen_services::{
    MailMessage, Network, NoticeTemplate, OsTokenSource, PasswordHasher as _, store::ReadStore,
};
use denizen_storage_memory::InMemoryStore;
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use serde_json::json;

use super::verbs;
use crate::{
    races::{race, servers, the_one_winner},
    support::{TestServer, http::Request},
};

async fn password_is(store: &dyn ReadStore, user: i64, password: &str) -> bool {
    let hasher = Argon2Hasher::start(Argon2Cost::CHEAPEST, 1, 1, Arc::new(OsTokenSource)).unwrap();
    let hash = store.find_credentials(UserId::new(user)).await.unwrap().unwrap().hash.unwrap();
    hasher
        .verify(Network::SERVICE, Password::presented(&Secret::from(password)), hash)
        .await
        .unwrap()
        .is_match()
}

/// Fifty confirmations of one token; gives the password of the winner.
async fn confirm_one_token_fifty_times(server: &TestServer) -> String {
    verbs::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;
    let password = |number| format!("password number {number}");
    let confirmations = (0..50).map(|number| verbs::reset_request(&token, &password(number))).collect();

    let answers = race(server.address, confirmations).await;

    let winner = the_one_winner(&answers, 200, (400, "PASSWORD_RESET_FAILED"));
    assert!(!verbs::token_is_valid(server.address, &token).await);
    let audit = Request::get("/api/audit?kind=password_reset.completed&target=5").send(server.address).await;
    assert_eq!(audit.succeeded(200)["metadata"]["count"], 1);
    let is_notice = |message: &MailMessage| {
        matches!(message, MailMessage::Notice { template: NoticeTemplate::PasswordChanged, .. })
    };
    server.mail("eve@example.com", is_notice).await;
    server.advance_minutes(1);
    verbs::request_reset(server.address, "bob@example.com").await.succeeded(200);
    server.next_token("bob@example.com").await;
    let mails = server.mailer.sent_to("eve@example.com");
    assert_eq!(mails.iter().filter(|mail| is_notice(&mail.message)).count(), 1);
    password(winner)
}

/// Security checklist: 14.
#[tokio::test]
async fn of_fifty_confirmations_of_one_token_one_counts_on_a_file() {
    let server = TestServer::start().await;
    let password = confirm_one_token_fifty_times(&server).await;

    let folder = server.stop().await;

    let store = SqliteStore::open(SqliteOptions::new(folder.path().join("denizen.db"))).unwrap();
    assert!(password_is(&store, 5, &password).await, "the winner's password is the one that was stored");
}

/// Security checklist: 14.
#[tokio::test]
async fn of_fifty_confirmations_of_one_token_one_counts_in_memory() {
    let store = Arc::new(InMemoryStore::new());
    let server = TestServer::start_on(store.clone()).await;
    let password = confirm_one_token_fifty_times(&server).await;
    assert!(password_is(&*store, 5, &password).await, "the winner's password is the one that was stored");
}

/// Security checklist: 10.
#[tokio::test]
async fn twenty_requests_for_a_reset_leave_one_token_that_works() {
    for server in servers().await {
        let ask =
            |_| Request::post("/api/users/request-password-reset").json(&json!({"email": "eve@example.com"}));
        for answer in race(server.address, (0..20).map(ask).collect()).await {
            answer.succeeded(200);
        }
        // The queue is in order: when a later address has its mail, all of eve's are out.
        server.advance_minutes(1);
        verbs::request_reset(server.address, "bob@example.com").await.succeeded(200);
        server.next_token("bob@example.com").await;
        let newest = server.mailer.last_token_for("eve@example.com").unwrap();
        let mut older = Vec::new();
        loop {
            let token = server.next_token("eve@example.com").await;
            if token == newest {
                break;
            }
            older.push(token);
        }
        for token in older {
            assert!(!verbs::token_is_valid(server.address, &token).await);
        }
        assert!(verbs::token_is_valid(server.address, &newest).await);
    }
}
