//! Sessions: presenting, listing and revoking them.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{Secret, User, UserId};

use crate::{
    common::{AccountService, Failure, ServiceSettings, embeds_failure},
    ports::{
        AccessContext, Actor, TokenHash,
        store::{AuditEvent, AuditKind, KeyTouch, Needs, Session, SessionId, SessionTouch, StoreFailure},
    },
};

/// Why a session operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The session does not exist, or the actor may not see it.
    #[error("session not found")]
    NotFound,
    /// The user does not exist, or the actor may not see it.
    #[error("user with ID {0} not found")]
    UserNotFound(UserId),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { SessionError }

/// The user and session of a valid session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// The user as stored now, not as it was at sign-in.
    pub user: User,
    /// The session of the token.
    pub session: Session,
}

impl Authentication {
    /// Returns the value for [`AccessContext::actor`].
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

/// Sessions of signed-in users.
///
/// A session token is 32 random bytes of which only the hash is stored. It contains no claims: what its owner may do is
/// looked up with every request, so that a revoked session, or a user who is deactivated or loses a role, loses the
/// access at once.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Returns the user and session of this session token; `None` if it does not open a session (any more).
    async fn authenticate(&self, token: &Secret) -> Result<Option<Authentication>, Failure>;

    /// Revokes the session of the actor.
    async fn logout(&self, context: &AccessContext) -> Result<(), SessionError>;

    /// Lists the open sessions of a user, the most recently used first. For the user and for administrators.
    async fn list_sessions(
        &self,
        context: &AccessContext,
        user: UserId,
    ) -> Result<Vec<Session>, SessionError>;

    /// Revokes one session of a user. For the user and for administrators.
    async fn revoke_session(
        &self,
        context: &AccessContext,
        user: UserId,
        session: SessionId,
    ) -> Result<(), SessionError>;

    /// Revokes the sessions of a user, except the one that the actor uses, and returns their number. For the user and
    /// for administrators.
    async fn revoke_sessions(&self, context: &AccessContext, user: UserId) -> Result<u64, SessionError>;
}

#[async_trait]
impl Sessions for AccountService {
    async fn authenticate(&self, token: &Secret) -> Result<Option<Authentication>, Failure> {
        let session = self.ports.store.find_session(&TokenHash::of(token)).await?;
        self.authentication(session).await
    }

    async fn logout(&self, context: &AccessContext) -> Result<(), SessionError> {
        let Actor::User { id, session, .. } = context.actor else { return Err(SessionError::NotFound) };
        self.revoke(context, id, session).await
    }

    async fn list_sessions(
        &self,
        context: &AccessContext,
        user: UserId,
    ) -> Result<Vec<Session>, SessionError> {
        self.expect_access(context, user).await?;
        let now = self.ports.clock.now();
        let mut sessions = self.ports.store.list_sessions(user).await?;
        sessions.retain(|session| is_open(session, &self.settings, now));
        sessions.sort_by_key(|session| std::cmp::Reverse((session.last_seen_at, session.id)));
        Ok(sessions)
    }

    async fn revoke_session(
        &self,
        context: &AccessContext,
        user: UserId,
        session: SessionId,
    ) -> Result<(), SessionError> {
        self.expect_access(context, user).await?;
        self.revoke(context, user, session).await
    }

    async fn revoke_sessions(&self, context: &AccessContext, user: UserId) -> Result<u64, SessionError> {
        self.expect_access(context, user).await?;
        let own = match context.actor {
            Actor::User { id, session, .. } if id == user => Some(session),
            _ => None,
        };
        let event = AuditEvent::new(AuditKind::SessionsRevoked, user, context, self.ports.clock.now());
        let work = self
            .by::<SessionError>(context, Needs::SelfOrAdmin(user))?
            .revoke_sessions(user, own)
            .record(event);
        Ok(work.commit(&self.ports).await?.count()?)
    }
}

impl AccountService {
    /// Returns the session and its user if both are valid now, and notes that the session is used.
    pub(crate) async fn authentication(
        &self,
        session: Option<Session>,
    ) -> Result<Option<Authentication>, Failure> {
        let now = self.ports.clock.now();
        let Some(session) = session.filter(|session| is_open(session, &self.settings, now)) else {
            return Ok(None);
        };
        let user = self.ports.store.find_user(session.opened.user).await?;
        let Some(user) = user.filter(|user| user.values.active) else { return Ok(None) };
        self.last_seen.note(session.id, Some(session.last_seen_at), now);
        Ok(Some(Authentication { user, session }))
    }

    /// Writes to the store which sessions and service keys were used since the last call. To be called about once a minute, which is the
    /// precision of [`Session::last_seen_at`]; [`Housekeeper`](crate::Housekeeper) does.
    ///
    /// # Errors
    /// Returns an error if the store fails. The collected times are lost; the next use of a session notes a new one.
    pub async fn flush_last_seen(&self) -> Result<(), StoreFailure> {
        let sessions = self.last_seen.take(|session, at| SessionTouch { session, at });
        if !sessions.is_empty() {
            self.ports.store.touch_sessions(sessions).await?;
        }
        let keys = self.last_used.take(|key, at| KeyTouch { key, at });
        if keys.is_empty() { Ok(()) } else { self.ports.store.touch_keys(keys).await }
    }

    /// Whether the user exists and the actor may see it.
    async fn expect_access(&self, context: &AccessContext, user: UserId) -> Result<(), SessionError> {
        if context.is_self(user) {
            return Ok(());
        }
        if context.is_admin() {
            if self.ports.store.find_user(user).await?.is_some() {
                return Ok(());
            }
            self.authorize(context, Needs::Admin).await?;
        }
        Err(SessionError::UserNotFound(user))
    }

    async fn revoke(
        &self,
        context: &AccessContext,
        user: UserId,
        session: SessionId,
    ) -> Result<(), SessionError> {
        let kind = if context.is_self(user) { AuditKind::LoggedOut } else { AuditKind::SessionEndedByAdmin };
        let event = AuditEvent::new(kind, user, context, self.ports.clock.now());
        let work = self
            .by(context, Needs::SelfOrAdmin(user))?
            .revoke_session(user, session, SessionError::NotFound)
            .record(event);
        work.commit(&self.ports).await.map(|_| ())
    }
}

fn is_open(session: &Session, settings: &ServiceSettings, now: DateTime<Utc>) -> bool {
    now < session.opened.expires_at && now - session.last_seen_at < settings.session_idle_timeout
}
