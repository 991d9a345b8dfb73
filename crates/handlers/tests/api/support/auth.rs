//! Signing in as it is told, and two people who have signed in already.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{ChangePasswordRequest, LoginRequest, Secret, User, UserId};
use denizen_services::{
    AccessContext, AuthService, Authentication, ChangePasswordError, Failure, LoginError, Logins,
    PasswordChanges, SessionError, Sessions, SignedIn, Token, TokenHash,
    store::{NewSession, Session, SessionId},
};
use denizen_testkit::{FixedClock, SeededTokens, sample_user};

/// The session token of an administrator, user 1 called root.
pub const ADMIN: &str = "admin";
/// The session token of a member, user 7 called alice.
pub const MEMBER: &str = "member";

/// What alice's device presents from now on.
pub const DEVICE: &str = "0123456789abcdef";

/// What the fake says to each question. By default all goes well.
pub struct AuthAnswers {
    pub login: Result<SignedIn, LoginError>,
    pub authenticate: Result<(), Failure>,
    pub logout: Result<(), SessionError>,
    pub list: Result<Vec<Session>, SessionError>,
    pub revoke: Result<(), SessionError>,
    pub revoke_all: Result<u64, SessionError>,
    pub change_password: Result<SignedIn, ChangePasswordError>,
}

impl Default for AuthAnswers {
    fn default() -> Self {
        Self {
            login: Ok(signed_in()),
            authenticate: Ok(()),
            logout: Ok(()),
            list: Ok(vec![session(8, UserId::new(7)), session(7, UserId::new(7))]),
            revoke: Ok(()),
            revoke_all: Ok(2),
            change_password: Ok(signed_in()),
        }
    }
}

/// Alice, who has just signed in.
pub fn signed_in() -> SignedIn {
    SignedIn {
        token: Token::mint(&SeededTokens::new(7)).expect("a token"),
        session: SessionId(9),
        expires_at: FixedClock::start() + Duration::days(30),
        user: sample_user(7, "alice"),
        device: Secret::from(DEVICE),
    }
}

/// A session of `user`; its number differs from those of all others.
pub fn session(id: i64, user: UserId) -> Session {
    let created_at = FixedClock::start();
    let opened = NewSession {
        user,
        token: TokenHash::of(&Secret::from("nobody knows it")),
        created_at,
        expires_at: created_at + Duration::days(30),
        ip: "192.0.2.7".parse().ok(),
        user_agent: Some("curl/8".to_owned()),
    };
    Session { id: SessionId(id), opened, last_seen_at: created_at }
}

/// What the service was asked.
#[derive(Debug, Clone)]
pub enum AskedAuth {
    Login(LoginRequest),
    Authenticate(String),
    Logout,
    ListSessions(UserId),
    RevokeSession(UserId, SessionId),
    RevokeSessions(UserId),
    ChangePassword(ChangePasswordRequest),
}

pub struct FakeAuth {
    answers: AuthAnswers,
    calls: Mutex<Vec<(Option<AccessContext>, AskedAuth)>>,
}

impl FakeAuth {
    pub fn new(answers: AuthAnswers) -> Self {
        Self { answers, calls: Mutex::default() }
    }

    /// Everything that was asked, in order.
    pub fn asked(&self) -> Vec<AskedAuth> {
        self.lock().iter().map(|(_, asked)| asked.clone()).collect()
    }

    /// What was asked last, beside who somebody is, and on whose behalf.
    pub fn last_call(&self) -> (AccessContext, AskedAuth) {
        let calls = self.lock();
        let call = calls.iter().rev().find_map(|(context, asked)| Some((context.clone()?, asked.clone())));
        call.expect("a call of the service")
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Option<AccessContext>, AskedAuth)>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, context: &AccessContext, asked: AskedAuth) {
        self.lock().push((Some(context.clone()), asked));
    }
}

/// Who has this session token.
pub fn owner_of(token: &str) -> Option<User> {
    let mut user = match token {
        ADMIN => sample_user(1, "root"),
        MEMBER => sample_user(7, "alice"),
        _ => return None,
    };
    if token == ADMIN {
        user.values.roles.push("admin".to_owned());
    }
    Some(user)
}

#[async_trait]
impl Logins for FakeAuth {
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError> {
        self.record(context, AskedAuth::Login(request));
        self.answers.login.clone()
    }
}

#[async_trait]
impl Sessions for FakeAuth {
    async fn authenticate(&self, token: &Secret) -> Result<Option<Authentication>, Failure> {
        self.lock().push((None, AskedAuth::Authenticate(token.expose().to_owned())));
        self.answers.authenticate.clone()?;
        let known = |user: User| Authentication { session: session(user.id.get(), user.id), user };
        Ok(owner_of(token.expose()).map(known))
    }

    async fn logout(&self, context: &AccessContext) -> Result<(), SessionError> {
        self.record(context, AskedAuth::Logout);
        self.answers.logout.clone()
    }

    async fn list_sessions(
        &self,
        context: &AccessContext,
        user: UserId,
    ) -> Result<Vec<Session>, SessionError> {
        self.record(context, AskedAuth::ListSessions(user));
        self.answers.list.clone()
    }

    async fn revoke_session(
        &self,
        context: &AccessContext,
        user: UserId,
        session: SessionId,
    ) -> Result<(), SessionError> {
        self.record(context, AskedAuth::RevokeSession(user, session));
        self.answers.revoke.clone()
    }

    async fn revoke_sessions(&self, context: &AccessContext, user: UserId) -> Result<u64, SessionError> {
        self.record(context, AskedAuth::RevokeSessions(user));
        self.answers.revoke_all.clone()
    }
}

#[async_trait]
impl PasswordChanges for FakeAuth {
    async fn change_password(
        &self,
        context: &AccessContext,
        request: ChangePasswordRequest,
    ) -> Result<SignedIn, ChangePasswordError> {
        self.record(context, AskedAuth::ChangePassword(request));
        self.answers.change_password.clone()
    }
}

impl AuthService for FakeAuth {}
