//! Sessions: who presents one, and how they end.

use std::{collections::HashMap, mem, sync::Mutex};

use chrono::{DateTime, Duration, Utc};
use denizen_models::{Secret, UserId};

use crate::{
    auth_service::Authentication,
    common::{
        context::{AccessContext, Actor},
        lock::lock,
        settings::ServiceSettings,
    },
    ports::{
        Ports,
        randomness::TokenHash,
        store::{
            AuditEvent, AuditKind, Precondition, Session, SessionId, SessionTouch, StoreError, UnitOfWork,
        },
    },
};

/// Why nothing is done with a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is no such session, or the actor may not see it.
    #[error("session not found")]
    NotFound,
    /// There is no such user, or the actor may not see it.
    #[error("user with ID {0} not found")]
    UserNotFound(UserId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sessions that were used and whose last use is still to be noted in the store.
#[derive(Default)]
pub(crate) struct LastSeenBuffer(Mutex<HashMap<SessionId, DateTime<Utc>>>);

impl LastSeenBuffer {
    /// A session's last use is written at most this often.
    const PRECISION: Duration = Duration::minutes(1);
    /// More than these wait only if nobody flushes them; then the rest is not worth the memory.
    const MOST: usize = 100_000;

    fn note(&self, session: &Session, now: DateTime<Utc>) {
        if now - session.last_seen_at < Self::PRECISION {
            return;
        }
        let mut touches = lock(&self.0);
        if touches.len() < Self::MOST || touches.contains_key(&session.id) {
            touches.insert(session.id, now);
        }
    }

    pub async fn flush(&self, ports: &Ports) -> Result<(), StoreError> {
        let touches = mem::take(&mut *lock(&self.0));
        if touches.is_empty() {
            return Ok(());
        }
        let touches = touches.into_iter().map(|(session, at)| SessionTouch { session, at }).collect();
        ports.store.touch_sessions(touches).await
    }
}

pub(crate) async fn authenticate(
    ports: &Ports,
    settings: &ServiceSettings,
    touches: &LastSeenBuffer,
    token: &Secret,
) -> Result<Option<Authentication>, StoreError> {
    let now = ports.clock.now();
    let session = ports.store.find_session(&TokenHash::of(token)).await?;
    let Some(session) = session.filter(|session| is_open(session, settings, now)) else { return Ok(None) };
    let user = ports.store.find_user(session.opened.user).await?;
    let Some(user) = user.filter(|user| user.values.active) else { return Ok(None) };
    touches.note(&session, now);
    Ok(Some(Authentication { user, session }))
}

fn is_open(session: &Session, settings: &ServiceSettings, now: DateTime<Utc>) -> bool {
    now < session.opened.expires_at && now - session.last_seen_at < settings.session_idle_timeout
}

pub(crate) async fn logout(ports: &Ports, context: &AccessContext) -> Result<(), SessionError> {
    let Actor::User { id, session, .. } = context.actor else { return Err(SessionError::NotFound) };
    end(ports, context, id, session).await
}

pub(crate) async fn list(
    ports: &Ports,
    settings: &ServiceSettings,
    context: &AccessContext,
    user: UserId,
) -> Result<Vec<Session>, SessionError> {
    expect_access(ports, context, user).await?;
    let now = ports.clock.now();
    let mut sessions = ports.store.list_sessions(user).await?;
    sessions.retain(|session| is_open(session, settings, now));
    sessions.sort_by_key(|session| std::cmp::Reverse((session.last_seen_at, session.id)));
    Ok(sessions)
}

pub(crate) async fn revoke(
    ports: &Ports,
    context: &AccessContext,
    user: UserId,
    session: SessionId,
) -> Result<(), SessionError> {
    expect_access(ports, context, user).await?;
    end(ports, context, user, session).await
}

pub(crate) async fn revoke_others(
    ports: &Ports,
    context: &AccessContext,
    user: UserId,
) -> Result<u64, SessionError> {
    expect_access(ports, context, user).await?;
    let own = match context.actor {
        Actor::User { id, session, .. } if id == user => Some(session),
        Actor::User { .. } | Actor::Anonymous | Actor::System | Actor::Cli => None,
    };
    let event = AuditEvent::new(AuditKind::SessionsRevoked, user, context, ports.clock.now());
    let work = UnitOfWork::new().revoke_sessions(user, own).record(event);
    Ok(ports.store.commit(work).await?.count()?)
}

/// Whether the user exists and concerns the actor.
async fn expect_access(ports: &Ports, context: &AccessContext, user: UserId) -> Result<(), SessionError> {
    if context.is_self(user) {
        return Ok(());
    }
    if context.is_admin() && ports.store.find_user(user).await?.is_some() {
        return Ok(());
    }
    Err(SessionError::UserNotFound(user))
}

async fn end(
    ports: &Ports,
    context: &AccessContext,
    user: UserId,
    session: SessionId,
) -> Result<(), SessionError> {
    let event = AuditEvent::new(AuditKind::LoggedOut, user, context, ports.clock.now());
    match ports.store.commit(UnitOfWork::new().revoke_session(user, session).record(event)).await {
        Ok(_) => Ok(()),
        Err(StoreError::PreconditionFailed(Precondition::Session)) => Err(SessionError::NotFound),
        Err(error) => Err(error.into()),
    }
}
