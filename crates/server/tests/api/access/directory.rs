//! The directory: all members may look each other up, if that is so set.

use std::net::SocketAddr;

use denizen_server::config::DIRECTORY;
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    api::{self, ids_of},
    http::act_as,
};

/// A server whose members may list each other: alice, bob and olga, who is an administrator.
async fn open_directory() -> TestServer {
    let server = TestServer::start_in_production(&[(&DIRECTORY, "members")]).await;
    for name in ["alice", "bob"] {
        server.enrol(name).await;
    }
    server.enrol_administrator("olga").await;
    server
}

async fn found(at: SocketAddr, query: &str) -> Vec<u64> {
    ids_of(&api::list(at, query).await.succeeded(200))
}

/// Security checklist: 53.
#[tokio::test]
async fn members_see_everybody_but_no_address_except_their_own() {
    let server = open_directory().await;
    let at = server.address;
    api::list(at, "").await.refused(401, "UNAUTHENTICATED");
    act_as(at, Some(server.session_of("alice").await));

    let list = api::list(at, "?total=true").await.succeeded(200);

    assert_eq!((ids_of(&list), &list["metadata"]["total"]), (vec![1, 2, 3], &json!(3)));
    let emails: Vec<&Value> = (0..3).map(|at| &list["data"][at]["email"]).collect();
    assert_eq!(emails, [&json!("alice@example.com"), &Value::Null, &Value::Null]);
    assert_eq!(list["data"][1]["username"], "bob");
    for id in [2, 3] {
        api::get(at, id).await.refused(404, "USER_NOT_FOUND");
    }
}

/// Security checklist: 53.
#[tokio::test]
async fn members_cannot_find_out_an_address_by_searching_for_it() {
    let server = open_directory().await;
    let at = server.address;
    act_as(at, Some(server.session_of("alice").await));
    assert_eq!(found(at, "?search=bob").await, [2], "by name");
    for search in ["bob%40", "bob%40example.com", "example", "%40example.com", "e.co"] {
        assert_eq!(found(at, &format!("?search={search}")).await, [0; 0], "{search}");
        let counted = api::list(at, &format!("?search={search}&total=true")).await.succeeded(200);
        assert_eq!(counted["metadata"]["total"], 0, "{search}");
    }

    act_as(at, Some(server.session_of("olga").await));
    assert_eq!(found(at, "?search=bob%40example.com").await, [2]);
    let list = api::list(at, "").await.succeeded(200);
    assert_eq!(list["data"][1]["email"], "bob@example.com");
}
