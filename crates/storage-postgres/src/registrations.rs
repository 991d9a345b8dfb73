//! Pending registrations.

use chrono::{DateTime, Utc};
use denizen_services::{
    TokenHash,
    store::{CommitError, Precondition, Registration},
};
use tokio_postgres::Row;

use crate::engine::{
    column::{Decode as _, Stored},
    error::Failure,
    sql::{Record, Session, find, params, read_columns, require, statements},
};

statements! {
    FIND = "SELECT id, address, token, attempts, expires_at FROM registrations WHERE token = :token";
    /// Changes nothing if there is no room for a new one. Units that put one hold an advisory lock.
    PUT = "INSERT INTO registrations (address, token, attempts, expires_at) \
         SELECT :address::text, :token::bytea, :attempts::integer, :expires_at::bigint \
         WHERE (SELECT registrations FROM registration_count WHERE id = 1) < :capacity::bigint \
         OR EXISTS (SELECT 1 FROM registrations WHERE address = :address) \
         ON CONFLICT (address) DO UPDATE SET token = excluded.token, attempts = excluded.attempts, \
         expires_at = excluded.expires_at", else QueueRoom;
    TRY = "UPDATE registrations SET attempts = attempts + 1 \
         WHERE token = :token AND expires_at > :now AND attempts < :most::bigint RETURNING :most - attempts";
    CONSUME = "DELETE FROM registrations WHERE token = :token AND expires_at > :now", else Token;
}

pub(crate) fn read(row: &Row) -> Result<Registration, Failure> {
    let record = Record::new("registrations", row)?;
    Ok(read_columns!(record => Registration { address, token, attempts, expires_at }))
}

pub(crate) async fn put(session: &Session, kept: &Registration, capacity: u32) -> Result<(), Failure> {
    let Registration { address, token, attempts, expires_at } = kept;
    require(session, PUT, params!(address, token, attempts, expires_at, capacity)).await
}

/// Counts an attempt, and returns how many remain.
pub(crate) async fn attempt(
    session: &Session,
    token: TokenHash,
    now: DateTime<Utc>,
    most: u32,
) -> Result<u64, Failure> {
    let remaining = find(session, TRY, params!(token, now, most), |row| {
        u64::decode(row.try_get::<_, Stored<'_>>(0)?).ok_or_else(|| Failure::corrupt("registrations", 0))
    })
    .await?;
    remaining.ok_or_else(|| CommitError::PreconditionFailed(Precondition::Token).into())
}
