//! A request of a service key that is held up acts with what the key is when it is carried out: the rows of the matrix of
//! held requests that are about keys.

use denizen_models::{DEFAULT_ROLE, KeyScope};
use serde_json::json;

use crate::{
    authority::{Held, Hold},
    support::{
        account::introspection,
        api::{user, with},
        http::Request,
    },
};

/// What becomes of the request: its status, when nothing happens meanwhile.
const NOTHING: &str = "nothing";
const EVENTS: [(&str, Option<u16>); 4] =
    [(NOTHING, None), ("revoked", Some(401)), ("administrator", Some(403)), ("deleted", Some(404))];

/// Security checklist: 63, 79.
#[tokio::test]
async fn a_held_change_by_a_key_acts_with_what_the_key_and_its_target_are_then() {
    for held in [Held::on_memory().await, Held::on_sqlite().await] {
        for (method, hold) in
            [("PATCH", Hold::Body), ("PATCH", Hold::Commit), ("PUT", Hold::Body), ("PUT", Hold::Commit)]
        {
            for (event, refusal) in EVENTS {
                let cell = format!("{method} held at {hold:?}, {event}");
                let name = format!("{method}_{hold:?}_{event}").to_lowercase();
                let target = held.enter(&name, &[DEFAULT_ROLE]).await;
                let (id, key) = held.key(&[KeyScope::UsersWrite]).await;
                let body = match method {
                    "PATCH" => json!({ "first_name": "Changed" }),
                    _ => with(user(&name), json!({ "first_name": "Changed" })),
                };
                let request = Request::new(method, &format!("/api/users/{}", target.id)).bearer(&key);
                let answer = held
                    .hold(hold, &request.json(&body), async {
                        match event {
                            "revoked" => held.revoke_key(id).await,
                            "administrator" => held.promote(target.id).await,
                            "deleted" => held.delete(target.id).await,
                            _ => {}
                        }
                    })
                    .await;
                assert_eq!(answer.status, refusal.unwrap_or(200), "{cell}: {}", answer.text());
                if event != "deleted" {
                    let seen = held.server.session_of(&target.name).await;
                    let profile = Request::get(&format!("/api/users/{}", target.id)).bearer(&seen);
                    let profile = profile.send(held.server.address).await;
                    let name = if event == NOTHING { "Changed" } else { "Some" };
                    assert_eq!(profile.succeeded(200)["data"]["first_name"], name, "{cell}");
                }
            }
        }
    }
}

/// Security checklist: 63, 79.
#[tokio::test]
async fn an_introspection_whose_form_arrives_late_is_refused_if_the_key_is_revoked() {
    for held in [Held::on_memory().await, Held::on_sqlite().await] {
        let token = held.enter("alice", &[DEFAULT_ROLE]).await.token;
        for revoked in [false, true] {
            let (id, key) = held.key(&[KeyScope::SessionsIntrospect]).await;
            let answer = held
                .hold(Hold::Body, &introspection(&token).bearer(&key), async {
                    if revoked {
                        held.revoke_key(id).await;
                    }
                })
                .await;
            assert_eq!(answer.status, if revoked { 401 } else { 200 }, "{}", answer.text());
            assert_eq!(answer.json().get("active").is_some(), !revoked);
        }
    }
}
