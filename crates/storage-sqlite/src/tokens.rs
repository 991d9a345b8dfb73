//! One-time tokens.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{Precondition, StoredToken},
};
use rusqlite::{Connection, params};

use crate::engine::{
    error::Failure,
    sql::{Record, execute, execute_one, find, statements},
};

statements! {
    FIND = "SELECT user_id, expires_at, address FROM tokens WHERE hash = ?1 AND purpose = ?2";
    PUT = "INSERT INTO tokens (user_id, purpose, hash, expires_at, address) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at, \
         address = excluded.address";
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
        Ok(StoredToken {
            user: UserId::new(record.id),
            expires_at: record.time(1)?,
            address: record.parse_optional(2, |text| EmailAddress::parse(text).ok())?,
        })
    })
}

pub(crate) fn put(
    connection: &Connection,
    user: UserId,
    purpose: TokenPurpose,
    hash: &TokenHash,
    expires_at: DateTime<Utc>,
    address: Option<&EmailAddress>,
) -> Result<(), Failure> {
    let (expires_at, address) = (expires_at.timestamp_micros(), address.map(EmailAddress::as_str));
    let params = params![user.get(), purpose.as_str(), hash.as_bytes(), expires_at, address];
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
    execute_one(connection, CONSUME, params, Precondition::Token)
}

pub(crate) fn revoke(connection: &Connection, user: UserId) -> Result<u64, Failure> {
    execute(connection, REVOKE, [user.get()])
}
