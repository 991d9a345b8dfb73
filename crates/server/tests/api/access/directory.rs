//! The directory: all members may look each other up, if that is so set.

use std::net::SocketAddr;

use denizen_server::config::DIRECTORY;
use serde_json::json;

use crate::support::{
    TestServer,
    api::{self, ids_of},
    http::{Request, act_as},
    socket::Socket,
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
    assert_eq!(list["data"][0]["email"], "alice@example.com");
    for (place, id, name) in [(1, 2, "bob"), (2, 3, "olga")] {
        let names = json!({"id": id, "username": name, "first_name": "Some", "last_name": "Body"});
        assert_eq!(list["data"][place], names, "names and nothing else");
    }
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

/// Security checklist: 53.
#[tokio::test]
async fn members_find_neither_inactive_users_nor_who_has_which_role() {
    let server = open_directory().await;
    let at = server.address;
    let olga = server.session_of("olga").await;
    let switched_off = Request::new("PATCH", "/api/users/2").bearer(&olga).json(&json!({"active": false}));
    switched_off.send(at).await.succeeded(200);
    act_as(at, Some(server.session_of("alice").await));
    for query in ["", "?sort=username", "?total=true"] {
        assert_eq!(found(at, query).await, [1, 3], "{query}");
    }
    assert_eq!(found(at, "?search=bob").await, [0; 0]);
    for query in ["?role=admin", "?role=nothing", "?active=true", "?active=false", "?search=olga&role=admin"]
    {
        let body = api::list(at, query).await.refused(403, "FORBIDDEN");
        assert_eq!(body["error"], "Forbidden: only administrators can filter by role or active", "{query}");
    }
    act_as(at, Some(olga));
    assert_eq!(found(at, "?role=admin").await, [3]);
    assert_eq!(found(at, "?active=false").await, [2]);
}

/// Security checklist: 53.
#[tokio::test]
async fn who_is_connected_is_seen_by_those_who_may_list_users() {
    for directory in ["admins", "members"] {
        let server = TestServer::start_in_production(&[(&DIRECTORY, directory)]).await;
        let at = server.address;
        for name in ["alice", "bob"] {
            server.enrol(name).await;
        }
        server.enrol_administrator("olga").await;
        let mut sessions = Vec::new();
        for name in ["alice", "bob", "olga"] {
            sessions.push(server.session_of(name).await);
        }
        let _alice = Socket::open_as(at, &sessions[0]).await;
        let mut bob = Socket::open_as(at, &sessions[1]).await;
        let all = directory == "members";
        let seen_by = async |session: &str| {
            let list = Request::get("/ws").bearer(session).send(at).await.succeeded(200);
            assert_eq!(list["metadata"]["count"], list["data"].as_array().unwrap().len());
            list["data"].clone()
        };
        assert_eq!(seen_by(&sessions[0]).await, if all { json!(["alice", "bob"]) } else { json!(["alice"]) });
        assert_eq!(seen_by(&sessions[2]).await, json!(["alice", "bob"]));
        let write = async |to: &str| {
            Request::post("/ws")
                .bearer(&sessions[0])
                .json(&json!({"type": "direct", "to": to}))
                .send(at)
                .await
        };
        let (there, absent) = (write("bob").await, write("carol").await);
        assert_eq!(bob.next().await["from"], "alice");
        if all {
            assert_eq!(there.succeeded(200)["data"], json!({"recipients": 1}));
            absent.refused(404, "DELIVERY_ERROR");
        } else {
            assert_eq!(there.succeeded(200)["message"], "Message accepted");
            assert_eq!(absent.succeeded(200)["message"], "Message accepted", "no name is told");
        }
    }
}
