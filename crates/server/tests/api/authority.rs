//! A request that is held up (by its body, by the queue for hashing, right before its commit) acts with the authority that
//! its actor has when it is carried out.

pub mod matrix;

use std::{
    future::Future,
    sync::{Arc, Mutex},
};

use denizen_models::{
    ADMIN_ROLE, ChangePasswordRequest, CreateKeyRequest, CreateUserRequest, DEFAULT_ROLE, KeyScope, Patch,
    PatchUserRequest, Secret, UserId,
};
use denizen_server::{
    Overrides,
    config::{DEMO_ROUTES, REGISTRATION},
};
use denizen_services::{
    AccessContext, AccountService, Authentication, IfMatch, Keys as _, OsTokenSource, PasswordChanges as _,
    Ports, ServiceSettings, Sessions as _, UserCreation as _, UserDeletion as _, UserUpdates as _,
    store::{KeyId, Store},
};
use denizen_storage_memory::InMemoryStore;
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::InsecureTestHasher;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{
    PATIENCE, TestServer, account,
    api::{self, user, with},
    gate::{GatedHasher, GatedStore, gated},
    http::{Connection, Request, Response},
    production::{PASSWORD, UNLIMITED, person},
};

/// A server in production with gates, and the same services as another process has them: what happens elsewhere.
pub struct Held {
    pub server: TestServer,
    store: Arc<GatedStore>,
    hasher: Arc<GatedHasher>,
    elsewhere: AccountService,
}

/// Where a request is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    Body,
    Hash,
    Commit,
}

/// A user who has signed in.
pub struct Actor {
    pub id: UserId,
    pub name: String,
    pub token: String,
}

impl Held {
    pub async fn on_memory() -> Self {
        Self::start(Arc::new(InMemoryStore::new()), TempDir::new().expect("a folder")).await
    }

    pub async fn on_sqlite() -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = SqliteStore::open(SqliteOptions::new(folder.path().join("authority.db")));
        Self::start(Arc::new(store.expect("a database")), folder).await
    }

    async fn start(inner: Arc<dyn Store>, folder: TempDir) -> Self {
        let (store, hasher) = (gated(inner.clone()), Arc::new(GatedHasher::default()));
        let overrides =
            Overrides { store: Some(store.clone()), hasher: Some(hasher.clone()), ..Overrides::default() };
        let settings = [&[(&DEMO_ROUTES, "true"), (&REGISTRATION, "invite")], &UNLIMITED[..]].concat();
        let server = TestServer::start_in_production_with(folder, &settings, overrides).await;
        let ports = Ports {
            store: inner,
            clock: server.clock.clone(),
            hasher: Arc::new(InsecureTestHasher::new()),
            tokens: Arc::new(OsTokenSource),
        };
        let elsewhere = AccountService::new(ports, ServiceSettings::default());
        Self { server, store, hasher, elsewhere }
    }

    /// Creates a user with these roles, and signs in.
    pub async fn enter(&self, name: &str, roles: &[&str]) -> Actor {
        let id = self.create(name, roles).await;
        Actor { id, name: name.to_owned(), token: self.server.session_of(name).await }
    }

    pub async fn create(&self, name: &str, roles: &[&str]) -> UserId {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let request = CreateUserRequest { roles: Some(roles), ..person(name) };
        self.elsewhere.create_user(&AccessContext::system(), request).await.expect("a new user").id
    }

    /// Creates a service key. Gives its number and the key.
    pub async fn key(&self, scopes: &[KeyScope]) -> (KeyId, String) {
        let scopes = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
        let request =
            CreateKeyRequest { name: "a program".to_owned(), scopes, ..CreateKeyRequest::default() };
        let created = self.elsewhere.create_key(&AccessContext::system(), request).await.expect("a new key");
        (KeyId(created.shown.id), created.key.expose().to_owned())
    }

    pub async fn revoke_key(&self, key: KeyId) {
        self.elsewhere.revoke_key(&AccessContext::system(), key).await.expect("a key to revoke");
    }

    /// Sends the request, holds it up, and lets `event` happen meanwhile.
    pub async fn hold(&self, hold: Hold, request: &Request, event: impl Future<Output = ()>) -> Response {
        let at = self.server.address;
        let bytes = request.bytes(at);
        let mut connection = Connection::open(at).await.expect("a connection");
        let gate = match hold {
            Hold::Body => &self.store.hook.read,
            Hold::Hash => &self.hasher.gate,
            Hold::Commit => &self.store.hook.commit,
        };
        let closed = gate.close();
        if hold == Hold::Body {
            let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
            let (begin, rest) = bytes.split_at(head + 1);
            connection.write(begin).await.expect("a head that can be sent");
            closed.meanwhile(event).await;
            connection.write(rest).await.expect("a rest that can be sent");
        } else {
            connection.write(&bytes).await.expect("a request that can be sent");
            closed.meanwhile(event).await;
        }
        connection.read().await.expect("an answer")
    }

    /// Lets something happen to the actor, elsewhere.
    async fn happen(&self, event: &str, actor: &Actor) {
        match event {
            "nothing" => {}
            "demoted" => self.demote(actor.id).await,
            "disabled" => self.disable(actor.id).await,
            "deleted" => self.delete(actor.id).await,
            "signed out" => self.sign_out(&actor.token).await,
            "sessions ended" => self.end_sessions(actor.id).await,
            "password changed" => drop(self.change_password(&actor.token).await),
            other => panic!("{other}"),
        }
    }

    async fn actor_of(&self, token: &str) -> AccessContext {
        let known = self.elsewhere.authenticate(&Secret::from(token)).await.expect("a store that works");
        let actor = known.as_ref().map(Authentication::actor).expect("an open session");
        AccessContext { actor, ..AccessContext::anonymous() }
    }

    pub async fn demote(&self, user: UserId) {
        self.patch(
            user,
            PatchUserRequest {
                roles: Patch::Set(vec![DEFAULT_ROLE.to_owned()]),
                ..PatchUserRequest::default()
            },
        )
        .await;
    }

    pub async fn promote(&self, user: UserId) {
        let roles = Patch::Set(vec![DEFAULT_ROLE.to_owned(), ADMIN_ROLE.to_owned()]);
        self.patch(user, PatchUserRequest { roles, ..PatchUserRequest::default() }).await;
    }

    pub async fn disable(&self, user: UserId) {
        self.patch(user, PatchUserRequest { active: Patch::Set(false), ..PatchUserRequest::default() }).await;
    }

    async fn patch(&self, user: UserId, request: PatchUserRequest) {
        let system = AccessContext::system();
        self.elsewhere.patch_user(&system, user, request, IfMatch::anything()).await.expect("a changed user");
    }

    pub async fn delete(&self, user: UserId) {
        let system = AccessContext::system();
        self.elsewhere.delete_user(&system, user, IfMatch::anything()).await.expect("a user to delete");
    }

    pub async fn sign_out(&self, token: &str) {
        self.elsewhere.logout(&self.actor_of(token).await).await.expect("an open session");
    }

    pub async fn end_sessions(&self, user: UserId) {
        self.elsewhere.revoke_sessions(&AccessContext::system(), user).await.expect("a user");
    }

    /// The user changes the password in the session of this token, which ends all sessions; gives the new token.
    pub async fn change_password(&self, token: &str) -> String {
        let request = ChangePasswordRequest {
            current_password: Secret::from(PASSWORD),
            new_password: Secret::from("yet another horse battery"),
        };
        let changed = self.elsewhere.change_password(&self.actor_of(token).await, request).await;
        changed.expect("a changed password").token.expose().to_owned()
    }
}

/// Security checklist: 63.
#[tokio::test]
async fn an_administrator_whose_own_address_is_confirmed_meanwhile_goes_on() {
    for held in [Held::on_memory().await, Held::on_sqlite().await] {
        let at = held.server.address;
        for hold in [Hold::Body, Hold::Hash, Hold::Commit] {
            let name = format!("diana_{hold:?}").to_lowercase();
            let diana = held.enter(&name, &[DEFAULT_ROLE, ADMIN_ROLE]).await;
            let new = format!("new_{name}@example.com");
            account::change_email(at, &diana.token, PASSWORD, &new).await.succeeded(202);
            let mailed = held.server.next_token(&new).await;
            let body = with(user(&format!("made_by_{name}")), json!({ "password": PASSWORD }));
            let request = Request::post("/api/users").bearer(&diana.token).json(&body);
            let answer = held
                .hold(hold, &request, async {
                    account::confirm_email_change(at, &mailed).await.succeeded(200);
                })
                .await;
            answer.succeeded(201);
            let profile =
                Request::get(&format!("/api/users/{}", diana.id)).bearer(&diana.token).send(at).await;
            assert_eq!(profile.succeeded(200)["data"]["email"], new, "{hold:?}");
        }
    }
}

/// Security checklist: 63.
#[tokio::test]
async fn a_thief_with_a_held_request_is_out_when_the_owner_changes_the_password() {
    for held in [Held::on_memory().await, Held::on_sqlite().await] {
        let at = held.server.address;
        for hold in [Hold::Body, Hold::Commit] {
            let name = format!("alice_{hold:?}").to_lowercase();
            let alice = held.enter(&name, &[DEFAULT_ROLE]).await;
            let renewed = Mutex::new(String::new());
            let theft = Request::new("PATCH", &format!("/api/users/{}", alice.id)).bearer(&alice.token);
            let answer = held
                .hold(hold, &theft.json(&json!({ "username": "pwned" })), async {
                    *renewed.lock().expect("a lock") = held.change_password(&alice.token).await;
                })
                .await;
            answer.refused(401, "UNAUTHENTICATED");
            let owner = renewed.into_inner().expect("a lock");
            let profile = Request::get(&format!("/api/users/{}", alice.id)).bearer(&owner).send(at).await;
            assert_eq!(profile.succeeded(200)["data"]["username"], *name, "{hold:?}");
        }
    }
}

/// Security checklist: 63.
#[tokio::test]
async fn a_target_that_is_gone_is_told_to_those_only_who_may_still_know() {
    for held in [Held::on_memory().await, Held::on_sqlite().await] {
        for (event, status, code) in [
            ("nothing", 404, "USER_NOT_FOUND"),
            ("demoted", 403, "FORBIDDEN"),
            ("signed out", 401, "UNAUTHENTICATED"),
        ] {
            for (method, hold) in [("PATCH", Hold::Body), ("PUT", Hold::Commit)] {
                let name = format!("{}_{}", event.replace(' ', "_"), method.to_lowercase());
                let actor = held.enter(&format!("actor_{name}"), &[DEFAULT_ROLE, ADMIN_ROLE]).await;
                let target = held.create(&format!("target_{name}"), &[DEFAULT_ROLE]).await;
                let request = Request::new(method, &format!("/api/users/{target}")).bearer(&actor.token);
                let answer = held
                    .hold(hold, &request.json(&user(&format!("target_{name}"))), async {
                        held.delete(target).await;
                        held.happen(event, &actor).await;
                    })
                    .await;
                assert_eq!(answer.status, status, "{method}, {event}: {}", answer.text());
                answer.refused(status, code);
            }
        }
    }
}
