//! Sessions.

use denizen_models::UserId;
use denizen_services::{
    TokenHash,
    store::{NewSession, Precondition, Session, SessionId, SessionTouch},
};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use crate::engine::{
    error::Failure,
    sql::{Record, execute, execute_one, find, list, statements},
};

macro_rules! session_columns {
    () => {
        "id, user_id, hash, created_at, expires_at, last_seen_at, ip, user_agent"
    };
}

statements! {
    FIND = concat!("SELECT ", session_columns!(), " FROM sessions WHERE hash = ?1");
    OF_USER = concat!("SELECT ", session_columns!(), " FROM sessions WHERE user_id = ?1");
    GONE = "SELECT value FROM json_each(?1) WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = value)";
    INSERT = "INSERT INTO sessions (user_id, hash, created_at, expires_at, last_seen_at, ip, user_agent) \
         VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6) RETURNING id";
    REVOKE_ALL = "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2";
    REVOKE = "DELETE FROM sessions WHERE id = ?2 AND user_id = ?1";
    TRIM = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = ?1 \
         ORDER BY last_seen_at DESC, id DESC LIMIT -1 OFFSET ?2)";
    TOUCH = "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2";
}

/// Reads [`session_columns!`].
fn read(row: &Row<'_>) -> Result<Session, Failure> {
    let record = Record::new("sessions", row)?;
    let opened = NewSession {
        user: UserId::new(record.get(1)?),
        token: TokenHash::from_bytes(record.get(2)?),
        created_at: record.time(3)?,
        expires_at: record.time(4)?,
        ip: record.parse_optional(6, |text| text.parse().ok())?,
        user_agent: record.get(7)?,
    };
    Ok(Session { id: SessionId(record.id), opened, last_seen_at: record.time(5)? })
}

pub(crate) fn find_session(connection: &Connection, token: &TokenHash) -> Result<Option<Session>, Failure> {
    find(connection, FIND, [token.as_bytes()], read)
}

pub(crate) fn of_user(connection: &Connection, user: UserId) -> Result<Vec<Session>, Failure> {
    let mut sessions = list(connection, OF_USER, [user.get()], read)?;
    // The index has them by their last use.
    sessions.sort_by_key(|session| session.id);
    Ok(sessions)
}

/// Those of `sessions` that are gone. One text for all of them: a statement has room for some thousand parameters only.
pub(crate) fn gone(connection: &Connection, sessions: &[SessionId]) -> Result<Vec<SessionId>, Failure> {
    let ids: Vec<i64> = sessions.iter().map(|session| session.0).collect();
    list(connection, GONE, [Value::from(ids).to_string()], |row| Ok(SessionId(row.get(0)?)))
}

pub(crate) fn insert(connection: &Connection, session: &NewSession) -> Result<SessionId, Failure> {
    let params = params![
        session.user.get(),
        session.token.as_bytes(),
        session.created_at.timestamp_micros(),
        session.expires_at.timestamp_micros(),
        session.ip.map(|ip| ip.to_string()),
        session.user_agent,
    ];
    let id = find(connection, INSERT, params, |row| Ok(row.get(0)?))?;
    id.map(SessionId).ok_or_else(|| Failure::corrupt("sessions", 0))
}

pub(crate) fn revoke_all(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
) -> Result<u64, Failure> {
    execute(connection, REVOKE_ALL, params![user.get(), except.map(|session| session.0)])
}

pub(crate) fn revoke(connection: &Connection, user: UserId, session: SessionId) -> Result<(), Failure> {
    execute_one(connection, REVOKE, [user.get(), session.0], Precondition::Session)
}

pub(crate) fn trim(connection: &Connection, user: UserId, keep: u32) -> Result<u64, Failure> {
    execute(connection, TRIM, params![user.get(), keep])
}

pub(crate) fn touch(connection: &Connection, touches: &[SessionTouch]) -> Result<(), Failure> {
    for SessionTouch { session, at } in touches {
        execute(connection, TOUCH, [session.0, at.timestamp_micros()])?;
    }
    Ok(())
}
