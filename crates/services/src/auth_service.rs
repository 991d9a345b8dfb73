//! The service port of signing in: who somebody is, and what only they may do with their account.

use std::sync::Arc;

use async_trait::async_trait;
use denizen_models::{ChangeEmailRequest, ChangePasswordRequest, LoginRequest, Secret, User, UserId};

use crate::{
    change_password::{self, ChangePasswordError},
    common::{
        context::{AccessContext, Actor},
        rate_limits::Limiter,
        settings::ServiceSettings,
    },
    email_change::{self, ChangeEmailError},
    login::{self, LoginError, SignedIn},
    ports::{
        Ports,
        store::{Session, SessionId, StoreError},
    },
    sessions::{self, LastSeenBuffer, SessionError},
};

/// Who presents a session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// The user as it is now.
    pub user: User,
    /// The session that the token opens.
    pub session: Session,
}

impl Authentication {
    /// What [`AccessContext::actor`] is to be.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User {
            id: self.user.id,
            username: self.user.values.username.clone(),
            session: self.session.id,
            roles: self.user.values.roles.clone(),
        }
    }
}

/// Signing in and out, and what a signed-in user does with password, address and sessions.
///
/// A session token is 32 random bytes of which only the hash is kept. It says nothing by itself: what its owner may do is
/// looked up with every request, so that a session which is ended, or a user who is switched off or loses a role, is
/// without it at once.
#[async_trait]
pub trait AuthService: Send + Sync {
    /// Opens a session for whoever knows the password. An unknown login, a wrong password, a user without one and a user
    /// who is switched off get the same answer for the same work.
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError>;

    /// Who presents this session token; `None` if it opens nothing, or no longer does.
    async fn authenticate(&self, token: &Secret) -> Result<Option<Authentication>, StoreError>;

    /// Ends the session of the actor.
    async fn logout(&self, context: &AccessContext) -> Result<(), SessionError>;

    /// The open sessions of a user, the one used last first. For the user and for administrators.
    async fn list_sessions(
        &self,
        context: &AccessContext,
        user: UserId,
    ) -> Result<Vec<Session>, SessionError>;

    /// Ends one session of a user. For the user and for administrators.
    async fn revoke_session(
        &self,
        context: &AccessContext,
        user: UserId,
        session: SessionId,
    ) -> Result<(), SessionError>;

    /// Ends the sessions of a user, but not the one that the actor uses, and returns how many there were. For the user
    /// and for administrators.
    async fn revoke_sessions(&self, context: &AccessContext, user: UserId) -> Result<u64, SessionError>;

    /// Replaces the actor's password. Every session of the actor ends, and a new one takes the place of the current one.
    async fn change_password(
        &self,
        context: &AccessContext,
        request: ChangePasswordRequest,
    ) -> Result<SignedIn, ChangePasswordError>;

    /// Queues a mail with a token to the address that the actor wants instead of the present one; see
    /// [`crate::EmailChanges::confirm_email_change`].
    async fn change_email(
        &self,
        context: &AccessContext,
        request: ChangeEmailRequest,
    ) -> Result<(), ChangeEmailError>;
}

/// The implementation of [`AuthService`]: each method is a line that leads to its feature's file.
#[derive(Clone)]
pub struct DefaultAuthService {
    ports: Ports,
    settings: ServiceSettings,
    limiter: Limiter,
    touches: Arc<LastSeenBuffer>,
}

impl DefaultAuthService {
    /// Puts the service on its ports.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings) -> Self {
        Self { ports, settings, limiter: Limiter::default(), touches: Arc::default() }
    }

    /// Notes in the store which sessions were used since the last call. To be called about once a minute: that is how
    /// precise [`Session::last_seen_at`] is.
    ///
    /// # Errors
    /// The store failed. What it should have noted is lost, until the sessions are used again.
    pub async fn flush_last_seen(&self) -> Result<(), StoreError> {
        self.touches.flush(&self.ports).await
    }
}

#[async_trait]
impl AuthService for DefaultAuthService {
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError> {
        login::login(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn authenticate(&self, token: &Secret) -> Result<Option<Authentication>, StoreError> {
        sessions::authenticate(&self.ports, &self.settings, &self.touches, token).await
    }

    async fn logout(&self, context: &AccessContext) -> Result<(), SessionError> {
        sessions::logout(&self.ports, context).await
    }

    async fn list_sessions(
        &self,
        context: &AccessContext,
        user: UserId,
    ) -> Result<Vec<Session>, SessionError> {
        sessions::list(&self.ports, &self.settings, context, user).await
    }

    async fn revoke_session(
        &self,
        context: &AccessContext,
        user: UserId,
        session: SessionId,
    ) -> Result<(), SessionError> {
        sessions::revoke(&self.ports, context, user, session).await
    }

    async fn revoke_sessions(&self, context: &AccessContext, user: UserId) -> Result<u64, SessionError> {
        sessions::revoke_others(&self.ports, context, user).await
    }

    async fn change_password(
        &self,
        context: &AccessContext,
        request: ChangePasswordRequest,
    ) -> Result<SignedIn, ChangePasswordError> {
        change_password::change(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn change_email(
        &self,
        context: &AccessContext,
        request: ChangeEmailRequest,
    ) -> Result<(), ChangeEmailError> {
        email_change::request(&self.ports, &self.settings, &self.limiter, context, &request).await
    }
}
