//! One-time tokens.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{Precondition, StoreError, StoredToken},
};
use rusqlite::{Connection, params};

use crate::{
    error::Failure,
    sql::{Record, execute, find, statements},
};

statements! {
    FIND = "SELECT user_id, expires_at FROM tokens WHERE hash = ?1 AND purpose = ?2";
    PUT = "INSERT INTO tokens (user_id, purpose, hash, expires_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at";
    CONSUME = "DELETE FROM tokens WHERE user_id = ?1 AND purpose = ?2 AND hash = ?3 AND expires_at > ?4";
    REVOKE = "DELETE FROM tokens WHERE user_id = ?1";
}

pub(crate) fn find_token(
    connection: &Connection,
    purpose: TokenPurpose,
    hash: &TokenHash,
) -> Result<Option<StoredToken>, Failure> {
    find(connection, FIND, params![hash.as_bytes(), purpose.as_str()], |row| {
        let record = Record::new("tokens", row)?;
        Ok(StoredToken { user: UserId::new(record.id), expires_at: record.time(1)? })
    })
}

pub(crate) fn put(
    connection: &Connection,
    user: UserId,
    purpose: TokenPurpose,
    hash: &TokenHash,
    expires_at: DateTime<Utc>,
) -> Result<(), Failure> {
    let params = params![user.get(), purpose.as_str(), hash.as_bytes(), expires_at.timestamp_micros()];
    execute(connection, PUT, params).map(|_| ())
}

pub(crate) fn consume(
    connection: &Connection,
    user: UserId,
    purpose: TokenPurpose,
    hash: &TokenHash,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let params = params![user.get(), purpose.as_str(), hash.as_bytes(), now.timestamp_micros()];
    match execute(connection, CONSUME, params)? {
        1 => Ok(()),
        _ => Err(StoreError::PreconditionFailed(Precondition::Token).into()),
    }
}

pub(crate) fn revoke(connection: &Connection, user: UserId) -> Result<u64, Failure> {
    execute(connection, REVOKE, [user.get()])
}
