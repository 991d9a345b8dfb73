//! A server as strangers meet it: in the production profile, with nobody in it but those whom the test lets in.

use std::{path::Path, sync::Arc};

use denizen_hashing::{Argon2Cost, Argon2Hasher};
use denizen_models::{ADMIN_ROLE, CreateUserRequest, DEFAULT_ROLE, Secret};
use denizen_server::{
    Overrides,
    config::{
        DATABASE, LIMIT_LOGIN_PER_IP, LIMIT_MAIL_PER_IP, LIMIT_SIGN_UP_PER_IP, LIMIT_TOKENS_PER_IP, MAIL,
        MAIL_FROM, PROFILE, PUBLIC_URL, RATE_LIMIT, Setting,
    },
};
use denizen_services::{
    AccessContext, AccountService, OsTokenSource, Ports, ServiceSettings, UserCreation as _,
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use super::{TestServer, api};

/// The password of everybody who is [enrolled](TestServer::enrol). Long enough for production.
pub const PASSWORD: &str = "correct horse battery";

/// What production insists on, and no limit on requests as such: tests are faster than people.
pub const PRODUCTION: [(&Setting, &str); 5] = [
    (&PROFILE, "production"),
    (&PUBLIC_URL, "https://id.example.com"),
    (&MAIL, "smtps://mail.example.com"),
    (&MAIL_FROM, "accounts@example.com"),
    (&RATE_LIMIT, "0"),
];

/// For tests that do from one address what in life many people do.
pub const UNLIMITED: [(&Setting, &str); 4] = [
    (&LIMIT_LOGIN_PER_IP, "generous"),
    (&LIMIT_MAIL_PER_IP, "generous"),
    (&LIMIT_SIGN_UP_PER_IP, "generous"),
    (&LIMIT_TOKENS_PER_IP, "generous"),
];

impl TestServer {
    /// In the production profile, on a database file in which there is nobody. Requests are those of nobody, too, unless
    /// they say otherwise. `settings` win over the usual ones.
    pub async fn start_in_production(settings: &[(&'static Setting, &str)]) -> Self {
        Self::start_in_production_in(TempDir::new().expect("a temporary folder"), settings).await
    }

    /// The same on the database in `folder`, if there is one.
    pub async fn start_in_production_in(folder: TempDir, settings: &[(&'static Setting, &str)]) -> Self {
        Self::start_in_production_with(folder, settings, Overrides::default()).await
    }

    /// The same with other adapters.
    pub async fn start_in_production_with(
        folder: TempDir,
        settings: &[(&'static Setting, &str)],
        overrides: Overrides,
    ) -> Self {
        let database = format!("sqlite://{}", folder.path().join("denizen.db").display());
        let settings = [&[(&DATABASE, &*database)], &PRODUCTION[..], settings].concat();
        let overrides = Overrides { create_database: true, ..overrides };
        let mut server = Self::start_with(&settings, overrides).await;
        server.folder = Some(folder);
        server
    }

    /// Creates a member who can sign in with [`PASSWORD`], as an operator does beside a running server. Gives the id.
    pub async fn enrol(&self, name: &str) -> u64 {
        enrol(self.folder(), name, &[DEFAULT_ROLE]).await
    }

    /// The same, of an administrator.
    pub async fn enrol_administrator(&self, name: &str) -> u64 {
        enrol(self.folder(), name, &[DEFAULT_ROLE, ADMIN_ROLE]).await
    }

    /// Opens a session for somebody who was enrolled; gives its token.
    pub async fn session_of(&self, login: &str) -> String {
        api::session(self.address, login, PASSWORD).await
    }
}

/// Creates a user called `name` with the address `name@example.com` in the database in this folder.
pub async fn enrol(folder: &Path, name: &str, roles: &[&str]) -> u64 {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    create(folder, CreateUserRequest { roles: Some(roles), ..person(name) }).await
}

/// Somebody with the address `name@example.com`, who can sign in with [`PASSWORD`].
pub fn person(name: &str) -> CreateUserRequest {
    CreateUserRequest {
        username: name.to_owned(),
        email: format!("{name}@example.com"),
        first_name: "Some".to_owned(),
        last_name: "Body".to_owned(),
        email_verified: Some(true),
        password: Some(Secret::from(PASSWORD)),
        ..CreateUserRequest::default()
    }
}

/// Creates this user in the database in this folder, whatever strangers may do. Gives the id.
pub async fn create(folder: &Path, request: CreateUserRequest) -> u64 {
    let store =
        Arc::new(SqliteStore::open(SqliteOptions::new(folder.join("denizen.db"))).expect("a database"));
    let tokens = Arc::new(OsTokenSource);
    let ports = Ports {
        store: store.clone(),
        clock: Arc::new(denizen_testkit::FixedClock::new()),
        hasher: Arc::new(Argon2Hasher::start(Argon2Cost::CHEAPEST, 1, 1, tokens.clone()).expect("a thread")),
        tokens,
    };
    let users = AccountService::new(ports, ServiceSettings::default());
    let user = users.create_user(&AccessContext::system(), request).await.expect("a new user");
    store.shutdown().await;
    u64::try_from(user.id.get()).expect("an id")
}
