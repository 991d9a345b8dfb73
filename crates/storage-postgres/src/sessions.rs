//! Sessions.

use denizen_models::UserId;
use denizen_services::store::{
    NewSession, Session as StoredSession, SessionId, SessionTouch, SessionValidity,
};
use tokio_postgres::Row;

use crate::engine::{
    error::Failure,
    sql::{Record, Session, execute, find, list, named, params, read_columns, statements},
};

macro_rules! session_columns {
    () => {
        "id, user_id, hash, created_at, expires_at, ip, user_agent, last_seen_at"
    };
}

statements! {
    FIND = concat!("SELECT ", session_columns!(), " FROM sessions WHERE hash = :hash");
    FIND_BY_ID = concat!("SELECT ", session_columns!(), " FROM sessions WHERE id = :id");
    OF_USER = concat!("SELECT ", session_columns!(), " FROM sessions WHERE user_id = :user");
    ENDED = "SELECT asked.id FROM unnest(:ids::bigint[]) AS asked (id) WHERE NOT EXISTS (SELECT 1 FROM sessions \
         WHERE sessions.id = asked.id AND expires_at > :now AND last_seen_at > :unseen_since)";
    LIVE = "SELECT id FROM sessions WHERE id = :session AND user_id = :user \
         AND expires_at > :now AND last_seen_at > :unseen_since", else Actor;
    /// For a unit that needs the session to stay, and for one that may end it.
    LOCK_TO_STAY = "SELECT id FROM sessions WHERE id = :session FOR KEY SHARE";
    LOCK_TO_END = "SELECT id FROM sessions WHERE id = :session FOR UPDATE";
    INSERT = "INSERT INTO sessions (user_id, hash, created_at, expires_at, last_seen_at, ip, user_agent) \
         VALUES (:user, :hash, :created_at, :expires_at, :created_at, :ip, :user_agent) RETURNING id";
    REVOKE_ALL = "DELETE FROM sessions WHERE user_id = :user AND id IS DISTINCT FROM :except::bigint";
    REVOKE = "DELETE FROM sessions WHERE id = :session AND user_id = :user", else Session;
    TRIM = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = :user \
         ORDER BY last_seen_at DESC, id DESC OFFSET :keep)";
    /// Sessions that are being ended are let go.
    TOUCH = "UPDATE sessions SET last_seen_at = seen.at FROM ( \
         SELECT s.id, t.at FROM unnest(:ids::bigint[], :instants::bigint[]) AS t (id, at) \
         JOIN sessions s ON s.id = t.id AND s.last_seen_at < t.at ORDER BY s.id FOR NO KEY UPDATE OF s SKIP LOCKED \
         ) seen WHERE sessions.id = seen.id AND sessions.last_seen_at < seen.at";
}

/// Reads [`session_columns!`].
pub(crate) fn read(row: &Row) -> Result<StoredSession, Failure> {
    let record = Record::new("sessions", row)?;
    let opened = read_columns!(record => NewSession {
        user: record.get("user_id")?, token: record.get("hash")?, created_at, expires_at, ip, user_agent
    });
    Ok(read_columns!(record => StoredSession { id: SessionId(record.id), opened: opened, last_seen_at }))
}

pub(crate) async fn of_user(session: &Session, user: UserId) -> Result<Vec<StoredSession>, Failure> {
    let mut sessions = list(session, OF_USER, params!(user), read).await?;
    // The index has them by their last use.
    sessions.sort_by_key(|session| session.id);
    Ok(sessions)
}

/// Those of `sessions` that are gone or have expired.
pub(crate) async fn ended(
    session: &Session,
    sessions: &[SessionId],
    validity: SessionValidity,
) -> Result<Vec<SessionId>, Failure> {
    let SessionValidity { now, unseen_since } = validity;
    let ids: Vec<i64> = sessions.iter().map(|session| session.0).collect();
    list(session, ENDED, params!(ids, now, unseen_since), |row| Ok(SessionId(row.try_get(0)?))).await
}

pub(crate) async fn insert(session: &Session, opened: &NewSession) -> Result<SessionId, Failure> {
    let NewSession { user, token, created_at, expires_at, ip, user_agent } = opened;
    let params = named!(user, hash: token, created_at, expires_at, ip, user_agent);
    let id = find(session, INSERT, params.as_slice(), |row| Ok(row.try_get(0)?)).await?;
    id.map(SessionId).ok_or_else(|| Failure::corrupt("sessions", 0))
}

pub(crate) async fn touch(session: &Session, touches: &[SessionTouch]) -> Result<(), Failure> {
    let ids: Vec<i64> = touches.iter().map(|touch| touch.session.0).collect();
    let instants: Vec<i64> = touches.iter().map(|touch| touch.at.timestamp_micros()).collect();
    execute(session, TOUCH, params!(ids, instants)).await.map(|_| ())
}
