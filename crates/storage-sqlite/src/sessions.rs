//! Sessions.

use denizen_models::UserId;
use denizen_services::{
    TokenHash,
    store::{NewSession, Precondition, Session, SessionId, SessionTouch},
};
use rusqlite::{Connection, Row, named_params};
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
    FIND = concat!("SELECT ", session_columns!(), " FROM sessions WHERE hash = :hash");
    OF_USER = concat!("SELECT ", session_columns!(), " FROM sessions WHERE user_id = :user");
    GONE = "SELECT value FROM json_each(:ids) WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE id = value)";
    INSERT = "INSERT INTO sessions (user_id, hash, created_at, expires_at, last_seen_at, ip, user_agent) \
         VALUES (:user, :hash, :created_at, :expires_at, :created_at, :ip, :user_agent) RETURNING id";
    REVOKE_ALL = "DELETE FROM sessions WHERE user_id = :user AND id IS NOT :except";
    REVOKE = "DELETE FROM sessions WHERE id = :session AND user_id = :user";
    TRIM = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = :user \
         ORDER BY last_seen_at DESC, id DESC LIMIT -1 OFFSET :keep)";
    TOUCH = "UPDATE sessions SET last_seen_at = :at WHERE id = :session AND last_seen_at < :at";
}

/// Reads [`session_columns!`].
fn read(row: &Row<'_>) -> Result<Session, Failure> {
    let record = Record::new("sessions", row)?;
    let opened = NewSession {
        user: UserId::new(record.get("user_id")?),
        token: TokenHash::from_bytes(record.get("hash")?),
        created_at: record.time("created_at")?,
        expires_at: record.time("expires_at")?,
        ip: record.parse_optional("ip", |text| text.parse().ok())?,
        user_agent: record.get("user_agent")?,
    };
    Ok(Session { id: SessionId(record.id), opened, last_seen_at: record.time("last_seen_at")? })
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
    let params = named_params! {
        ":user": session.user.get(), ":hash": session.token.as_bytes(),
        ":created_at": session.created_at.timestamp_micros(),
        ":expires_at": session.expires_at.timestamp_micros(), ":ip": session.ip.map(|ip| ip.to_string()),
        ":user_agent": session.user_agent
    };
    let id = find(connection, INSERT, params, |row| Ok(row.get(0)?))?;
    id.map(SessionId).ok_or_else(|| Failure::corrupt("sessions", 0))
}

pub(crate) fn revoke_all(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
) -> Result<u64, Failure> {
    let params = named_params! { ":user": user.get(), ":except": except.map(|session| session.0) };
    execute(connection, REVOKE_ALL, params)
}

pub(crate) fn revoke(connection: &Connection, user: UserId, session: SessionId) -> Result<(), Failure> {
    let params = named_params! { ":user": user.get(), ":session": session.0 };
    execute_one(connection, REVOKE, params, Precondition::Session)
}

pub(crate) fn trim(connection: &Connection, user: UserId, keep: u32) -> Result<u64, Failure> {
    execute(connection, TRIM, named_params! { ":user": user.get(), ":keep": keep })
}

pub(crate) fn touch(connection: &Connection, touches: &[SessionTouch]) -> Result<(), Failure> {
    for SessionTouch { session, at } in touches {
        let params = named_params! { ":session": session.0, ":at": at.timestamp_micros() };
        execute(connection, TOUCH, params)?;
    }
    Ok(())
}
