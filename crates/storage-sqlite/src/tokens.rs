//! One-time tokens.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{Precondition, StoredToken},
};
use rusqlite::{Connection, named_params};

use crate::engine::{
    error::Failure,
    sql::{Record, execute, execute_one, find, statements},
};

statements! {
    FIND = "SELECT user_id, expires_at, address FROM tokens WHERE hash = :hash AND purpose = :purpose";
    PUT = "INSERT INTO tokens (user_id, purpose, hash, expires_at, address) VALUES (:user, :purpose, :hash, :expires_at, :address) \
         ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at, \
         address = excluded.address";
    CONSUME = "DELETE FROM tokens WHERE user_id = :user AND purpose = :purpose AND hash = :hash \
         AND expires_at > :now";
    REVOKE = "DELETE FROM tokens WHERE user_id = :user";
}

pub(crate) fn find_token(
    connection: &Connection,
    purpose: TokenPurpose,
    hash: &TokenHash,
) -> Result<Option<StoredToken>, Failure> {
    let params = named_params! { ":hash": hash.as_bytes(), ":purpose": purpose.as_str() };
    find(connection, FIND, params, |row| {
        let record = Record::new("tokens", row)?;
        Ok(StoredToken {
            user: UserId::new(record.id),
            expires_at: record.time("expires_at")?,
            address: record.parse_optional("address", |text| EmailAddress::parse(text).ok())?,
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
    let params = named_params! {
        ":user": user.get(), ":purpose": purpose.as_str(), ":hash": hash.as_bytes(),
        ":expires_at": expires_at.timestamp_micros(), ":address": address.map(EmailAddress::as_str)
    };
    execute(connection, PUT, params).map(|_| ())
}

pub(crate) fn consume(
    connection: &Connection,
    user: UserId,
    purpose: TokenPurpose,
    hash: &TokenHash,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let params = named_params! {
        ":user": user.get(), ":purpose": purpose.as_str(), ":hash": hash.as_bytes(),
        ":now": now.timestamp_micros()
    };
    execute_one(connection, CONSUME, params, Precondition::Token)
}

pub(crate) fn revoke(connection: &Connection, user: UserId) -> Result<u64, Failure> {
    execute(connection, REVOKE, [user.get()])
}
