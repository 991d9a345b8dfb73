//! Sessions.

use denizen_models::UserId;
use denizen_services::store::{NewSession, Session, SessionId, SessionTouch, SessionValidity};
use rusqlite::{Connection, Row};
use serde_json::Value;

use crate::engine::{
    error::Failure,
    sql::{Record, execute, find, list, named, params, read_columns, statements},
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
    ENDED = "SELECT value FROM json_each(:ids) WHERE NOT EXISTS \
         (SELECT 1 FROM sessions WHERE id = value AND expires_at > :now AND last_seen_at > :unseen_since)";
    LIVE = "SELECT id FROM sessions WHERE id = :session AND user_id = :user \
         AND expires_at > :now AND last_seen_at > :unseen_since", else Actor;
    INSERT = "INSERT INTO sessions (user_id, hash, created_at, expires_at, last_seen_at, ip, user_agent) \
         VALUES (:user, :hash, :created_at, :expires_at, :created_at, :ip, :user_agent) RETURNING id";
    REVOKE_ALL = "DELETE FROM sessions WHERE user_id = :user AND id IS NOT :except";
    REVOKE = "DELETE FROM sessions WHERE id = :session AND user_id = :user", else Session;
    TRIM = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = :user \
         ORDER BY last_seen_at DESC, id DESC LIMIT -1 OFFSET :keep)";
    TOUCH = "UPDATE sessions SET last_seen_at = :at WHERE id = :session AND last_seen_at < :at";
}

/// Reads [`session_columns!`].
pub(crate) fn read(row: &Row<'_>) -> Result<Session, Failure> {
    let record = Record::new("sessions", row)?;
    let opened = read_columns!(record => NewSession {
        user: record.get("user_id")?, token: record.get("hash")?, created_at, expires_at, ip, user_agent
    });
    Ok(read_columns!(record => Session { id: SessionId(record.id), opened: opened, last_seen_at }))
}

pub(crate) fn of_user(connection: &Connection, user: UserId) -> Result<Vec<Session>, Failure> {
    let mut sessions = list(connection, OF_USER, params!(user), read)?;
    // The index has them by their last use.
    sessions.sort_by_key(|session| session.id);
    Ok(sessions)
}

/// Those of `sessions` that are gone or have expired. One text for all of them: a statement has room for some thousand
/// parameters only.
pub(crate) fn ended(
    connection: &Connection,
    sessions: &[SessionId],
    validity: SessionValidity,
) -> Result<Vec<SessionId>, Failure> {
    let SessionValidity { now, unseen_since } = validity;
    let ids = Value::from(sessions.iter().map(|session| session.0).collect::<Vec<i64>>()).to_string();
    list(connection, ENDED, params!(ids, now, unseen_since), |row| Ok(SessionId(row.get(0)?)))
}

pub(crate) fn insert(connection: &Connection, session: &NewSession) -> Result<SessionId, Failure> {
    let NewSession { user, token, created_at, expires_at, ip, user_agent } = session;
    let params = named!(user, hash: token, created_at, expires_at, ip, user_agent);
    let id = find(connection, INSERT, params.as_slice(), |row| Ok(row.get(0)?))?;
    id.map(SessionId).ok_or_else(|| Failure::corrupt("sessions", 0))
}

pub(crate) fn touch(connection: &Connection, touches: &[SessionTouch]) -> Result<(), Failure> {
    for SessionTouch { session, at } in touches {
        execute(connection, TOUCH, params!(session, at))?;
    }
    Ok(())
}
