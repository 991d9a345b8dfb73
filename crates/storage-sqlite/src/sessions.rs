//! Sessions.

use denizen_models::UserId;
use denizen_services::{
    TokenHash,
    store::{NewSession, Session, SessionId, SessionTouch},
};
use rusqlite::{Connection, params};

use crate::{
    error::Failure,
    sql::{Record, execute, find, statements},
};

statements! {
    FIND = "SELECT id, user_id, created_at, expires_at, last_seen_at, ip, user_agent FROM sessions WHERE hash = ?1";
    INSERT = "INSERT INTO sessions (user_id, hash, created_at, expires_at, last_seen_at, ip, user_agent) \
         VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6) RETURNING id";
    REVOKE = "DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2";
    TOUCH = "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2";
}

pub(crate) fn find_session(connection: &Connection, token: &TokenHash) -> Result<Option<Session>, Failure> {
    find(connection, FIND, [token.as_bytes()], |row| {
        let record = Record::new("sessions", row)?;
        let opened = NewSession {
            user: UserId::new(record.get(1)?),
            token: *token,
            created_at: record.time(2)?,
            expires_at: record.time(3)?,
            ip: record.parse_optional(5, |text| text.parse().ok())?,
            user_agent: record.get(6)?,
        };
        Ok(Session { id: SessionId(record.id), opened, last_seen_at: record.time(4)? })
    })
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

pub(crate) fn revoke(
    connection: &Connection,
    user: UserId,
    except: Option<SessionId>,
) -> Result<u64, Failure> {
    execute(connection, REVOKE, params![user.get(), except.map(|session| session.0)])
}

pub(crate) fn touch(connection: &Connection, touches: &[SessionTouch]) -> Result<(), Failure> {
    for SessionTouch { session, at } in touches {
        execute(connection, TOUCH, [session.0, at.timestamp_micros()])?;
    }
    Ok(())
}
