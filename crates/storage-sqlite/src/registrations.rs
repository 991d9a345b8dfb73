//! Pending registrations.

use chrono::{DateTime, Utc};
use denizen_services::{
    TokenHash,
    store::{CommitError, Precondition, Registration},
};
use rusqlite::{Connection, Row};

use crate::engine::{
    error::Failure,
    sql::{Record, find, params, read_columns, require, statements},
};

statements! {
    FIND = "SELECT id, address, token, attempts, expires_at FROM registrations WHERE token = :token";
    /// Changes nothing if there is no room for a new one.
    PUT = "INSERT INTO registrations (address, token, attempts, expires_at) \
         SELECT :address, :token, :attempts, :expires_at \
         WHERE (SELECT registrations FROM registration_count WHERE id = 1) < :capacity \
         OR EXISTS (SELECT 1 FROM registrations WHERE address = :address) \
         ON CONFLICT (address) DO UPDATE SET token = excluded.token, attempts = excluded.attempts, \
         expires_at = excluded.expires_at", else QueueRoom;
    TRY = "UPDATE registrations SET attempts = attempts + 1 \
         WHERE token = :token AND expires_at > :now AND attempts < :most RETURNING :most - attempts";
    CONSUME = "DELETE FROM registrations WHERE token = :token AND expires_at > :now", else Token;
}

pub(crate) fn read(row: &Row<'_>) -> Result<Registration, Failure> {
    let record = Record::new("registrations", row)?;
    Ok(read_columns!(record => Registration { address, token, attempts, expires_at }))
}

pub(crate) fn put(connection: &Connection, kept: &Registration, capacity: u32) -> Result<(), Failure> {
    let Registration { address, token, attempts, expires_at } = kept;
    require(connection, PUT, params!(address, token, attempts, expires_at, capacity))
}

/// Counts an attempt, and returns how many remain.
pub(crate) fn attempt(
    connection: &Connection,
    token: TokenHash,
    now: DateTime<Utc>,
    most: u32,
) -> Result<u64, Failure> {
    let remaining = find(connection, TRY, params!(token, now, most), |row| Ok(row.get::<_, u32>(0)?))?;
    remaining.map(u64::from).ok_or_else(|| CommitError::PreconditionFailed(Precondition::Token).into())
}
