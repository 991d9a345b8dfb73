//! Many clients at once, each on a connection that is open before the race begins.

use std::{net::SocketAddr, sync::Arc};

use denizen_services::store::Store;
use denizen_storage_memory::InMemoryStore;
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use crate::support::{
    TestServer,
    api::{self, ids_of, user, with},
    http::{Connection, Request, Response, act_as},
};

/// Sends all requests at the same moment, and gives the answers in the order of the requests.
pub async fn race(at: SocketAddr, requests: Vec<Request>) -> Vec<Response> {
    let start = Arc::new(Barrier::new(requests.len()));
    let mut clients = JoinSet::new();
    for (number, request) in requests.into_iter().enumerate() {
        let start = Arc::clone(&start);
        clients.spawn(async move {
            let mut connection = Connection::open(at).await.expect("a server that listens");
            start.wait().await;
            (number, connection.send(&request).await.expect("an answer"))
        });
    }
    let mut answers = clients.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, response)| response).collect()
}

/// The number of the one success; all others must be refused like this.
#[track_caller]
pub fn the_one_winner(answers: &[Response], status: u16, refusal: (u16, &str)) -> usize {
    let (winners, losers): (Vec<usize>, Vec<usize>) =
        (0..answers.len()).partition(|number| answers[*number].status == status);
    for number in &losers {
        answers[*number].refused(refusal.0, refusal.1);
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    winners[0]
}

/// On both stores.
pub async fn servers() -> [TestServer; 2] {
    let memory: Arc<dyn Store> = Arc::new(InMemoryStore::new());
    [TestServer::start().await, TestServer::start_on(memory).await]
}

#[tokio::test]
async fn of_twenty_sign_ups_under_one_name_one_succeeds() {
    for server in servers().await {
        let sign_up = |number| {
            let name = if number % 2 == 0 { "wanted" } else { "WANTED" };
            let members = json!({"username": name, "email": format!("user{number}@example.com")});
            Request::post("/api/users").json(&with(user("wanted"), members))
        };
        let answers = race(server.address, (0..20).map(sign_up).collect()).await;
        let winner = the_one_winner(&answers, 201, (409, "USER_CREATION_ERROR"));
        let found = api::list(server.address, "?search=wanted").await.succeeded(200);
        assert_eq!(found["data"], json!([answers[winner].json()["data"]]));
    }
}

#[tokio::test]
async fn of_twenty_sign_ups_with_one_address_one_succeeds() {
    for server in servers().await {
        let sign_up = |number| {
            let members = json!({"email": "Wanted@example.com"});
            Request::post("/api/users").json(&with(user(&format!("user_{number}")), members))
        };
        let answers = race(server.address, (0..20).map(sign_up).collect()).await;
        let winner = the_one_winner(&answers, 201, (409, "USER_CREATION_ERROR"));
        let found = api::list(server.address, "?search=wanted@").await.succeeded(200);
        assert_eq!(found["data"], json!([answers[winner].json()["data"]]));
    }
}

#[tokio::test]
async fn sign_ups_under_different_names_all_succeed_and_ids_are_given_once() {
    for server in servers().await {
        let sign_up = |number| Request::post("/api/users").json(&user(&format!("user_{number}")));
        let answers = race(server.address, (0..50).map(sign_up).collect()).await;
        let mut ids: Vec<_> =
            answers.iter().map(|answer| answer.succeeded(201)["data"]["id"].as_u64().unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 50);
        let all = api::list(server.address, "?limit=200").await.succeeded(200);
        assert_eq!(api::ids_of(&all), [(1..=5).collect(), ids].concat());
    }
}

#[tokio::test]
async fn of_five_users_who_want_one_name_one_gets_it() {
    for server in servers().await {
        let rename = |id| {
            let members = json!({"username": "wanted", "email": format!("user{id}@example.com")});
            Request::new("PUT", &format!("/api/users/{id}")).json(&with(user("wanted"), members))
        };
        let answers = race(server.address, (1..=5).map(rename).collect()).await;
        let winner = the_one_winner(&answers, 200, (409, "USER_UPDATE_ERROR"));
        let found = api::list(server.address, "?search=wanted").await.succeeded(200);
        assert_eq!(api::ids_of(&found), [winner as u64 + 1]);
    }
}

#[tokio::test]
async fn of_sixty_four_replacements_of_one_user_every_one_counts_and_one_is_last() {
    for server in servers().await {
        let replacement = |number| {
            let members = json!({
                "username": format!("eve_{number}"), "email": format!("eve{number}@example.com"),
                "first_name": format!("Eve {number}"), "age": number,
            });
            Request::new("PUT", "/api/users/5").json(&with(user("eve"), members))
        };
        let answers = race(server.address, (0..64).map(replacement).collect()).await;
        let replaced: Vec<Value> =
            answers.iter().map(|answer| answer.succeeded(200)["data"].clone()).collect();
        let last = api::get(server.address, 5).await.succeeded(200)["data"].clone();
        let members = ["username", "email", "first_name", "age"].map(|member| last[member].clone());
        let number = last["age"].as_u64().unwrap();
        assert!(replaced.contains(&last), "what stays is one of the answers, whole");
        assert_eq!(
            members,
            [
                json!(format!("eve_{number}")),
                json!(format!("eve{number}@example.com")),
                json!(format!("Eve {number}")),
                json!(number),
            ]
        );
    }
}

#[tokio::test]
async fn of_eight_patches_of_one_user_every_one_stays() {
    for server in servers().await {
        let members =
            ["bio", "avatar_url", "location", "website", "interests", "skills", "experience", "last_name"];
        let patch = |member: &str| match member {
            "last_name" => json!({ member: "New" }),
            "interests" | "skills" => json!({ "profile": { member: ["new"] } }),
            "experience" => json!({ "profile": { member: 99 } }),
            _ => json!({ "profile": { member: "https://new.example" } }),
        };
        let patches = members.map(|member| Request::new("PATCH", "/api/users/5").json(&patch(member)));
        for answer in race(server.address, patches.into()).await {
            answer.succeeded(200);
        }
        let user = api::get(server.address, 5).await.succeeded(200)["data"].clone();
        let web = "https://new.example";
        let profile = json!({
            "bio": web, "avatar_url": web, "location": web, "website": web, "interests": ["new"],
            "skills": ["new"], "experience": 99,
        });
        assert_eq!((&user["profile"], &user["last_name"]), (&profile, &json!("New")));
    }
}

#[tokio::test]
async fn of_twenty_changes_on_one_reading_one_counts() {
    for server in servers().await {
        let read = api::get(server.address, 5).await;
        let tag = read.header("ETag").expect("a tag");
        let change = |number: usize| {
            let method = ["PATCH", "DELETE"][number % 2];
            let members = json!({ "age": number });
            Request::new(method, "/api/users/5").json(&members).header("If-Match", tag)
        };
        let answers = race(server.address, (0..20).map(change).collect()).await;
        let (winners, losers): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(winners.len(), 1, "{winners:?}");
        let gone = api::get(server.address, 5).await.status == 404;
        for loser in losers {
            // Whoever comes after a deletion finds nobody.
            assert!(loser.status == 412 || (gone && loser.status == 404), "{loser:?}");
        }
    }
}

#[tokio::test]
async fn of_twenty_deletions_of_one_user_one_succeeds() {
    for server in servers().await {
        let deletions = (0..20).map(|_| Request::new("DELETE", "/api/users/5")).collect();
        let answers = race(server.address, deletions).await;
        the_one_winner(&answers, 200, (404, "USER_DELETE_ERROR"));
        api::get(server.address, 5).await.refused(404, "USER_NOT_FOUND");
    }
}

/// An administrator called `name` beside the one of the samples; gives id and session.
async fn administrator(at: SocketAddr, name: &str) -> (u64, String) {
    let members = json!({ "roles": ["admin"], "password": "correct horse battery" });
    let created = api::create(at, &with(user(name), members)).await.succeeded(201);
    (created["data"]["id"].as_u64().expect("an id"), api::session(at, name, "correct horse battery").await)
}

/// Security checklist: 50, 51.
#[tokio::test]
async fn of_two_administrators_who_depose_each_other_one_stays() {
    for server in servers().await {
        let at = server.address;
        for (round, method, body) in [
            (0, "PATCH", json!({ "roles": ["user"] })),
            (1, "PATCH", json!({ "active": false })),
            (2, "DELETE", json!({})),
        ] {
            let (one, of_one) = administrator(at, &format!("one_{round}")).await;
            let (other, of_other) = administrator(at, &format!("other_{round}")).await;
            // Whoever was administrator until now is not, so that there are two.
            let list = api::list(at, "?role=admin").await.succeeded(200);
            for id in ids_of(&list).into_iter().filter(|id| ![one, other].contains(id)) {
                let resign = Request::new("PATCH", &format!("/api/users/{id}")).bearer(&of_one);
                resign.json(&json!({ "roles": ["user"] })).send(at).await.succeeded(200);
            }
            let depose =
                |id: u64, by: &str| Request::new(method, &format!("/api/users/{id}")).bearer(by).json(&body);

            let answers = race(at, vec![depose(other, &of_one), depose(one, &of_other)]).await;

            let winner = answers.iter().position(|answer| answer.status == 200).expect("a winner");
            // The other one came too late: as the last administrator's adversary, or as nobody in particular.
            let loser = &answers[1 - winner];
            assert!([401, 403, 404].contains(&loser.status), "{loser:?}");
            act_as(at, Some([of_one, of_other][winner].clone()));
            let left = ids_of(&api::list(at, "?role=admin&active=true").await.succeeded(200));
            assert_eq!(left, [[one, other][winner]]);
        }
    }
}
