//! People who want to become users.

use chrono::{DateTime, Utc};
use denizen_models::EmailAddress;
use denizen_services::{
    PasswordHash, TokenHash,
    store::{Precondition, Registration},
};
use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use crate::{
    engine::{
        error::Failure,
        sql::{Record, execute, execute_one, find, statements},
    },
    users,
};

macro_rules! registration_columns {
    () => {
        "id, username, email, first_name, last_name, age, active, email_verified, roles, profile, password_hash, \
         expires_at"
    };
}

statements! {
    FIND = concat!("SELECT ", registration_columns!(), " FROM registrations WHERE address = ?1");
    FIND_BY_TOKEN = concat!("SELECT ", registration_columns!(), " FROM registrations WHERE token = ?1");
    /// Of [`users::columns`] those that are no folded names. Inserts nothing if there is no room.
    INSERT = "INSERT INTO registrations (username, email, address, first_name, last_name, age, active, email_verified, \
         roles, profile, password_hash, expires_at) \
         SELECT ?1, ?3, ?4, ?5, ?7, ?9, ?10, ?11, ?12, ?13, ?14, ?15 \
         WHERE (SELECT registrations FROM registration_count WHERE id = 1) < ?16";
    PUT_TOKEN = "UPDATE registrations SET token = ?2, expires_at = ?3 WHERE address = ?1";
    CONSUME = "DELETE FROM registrations WHERE token = ?1 AND expires_at > ?2";
    DROP = "DELETE FROM registrations WHERE address = ?1";
}

/// Reads [`registration_columns!`].
fn read(row: &Row<'_>) -> Result<Registration, Failure> {
    let record = Record::new("registrations", row)?;
    Ok(Registration {
        values: users::read_values(&record)?,
        password: PasswordHash::new(record.get::<String>(10)?),
        expires_at: record.time(11)?,
    })
}

pub(crate) fn find_by_email(
    connection: &Connection,
    email: &EmailAddress,
) -> Result<Option<Registration>, Failure> {
    find(connection, FIND, [email.key()], read)
}

pub(crate) fn find_by_token(
    connection: &Connection,
    token: &TokenHash,
) -> Result<Option<Registration>, Failure> {
    find(connection, FIND_BY_TOKEN, [token.as_bytes()], read)
}

pub(crate) fn put(
    connection: &Connection,
    registration: &Registration,
    capacity: u32,
) -> Result<(), Failure> {
    let Registration { values, password, expires_at } = registration;
    // What takes the place of another is not new, and finds room whatever the capacity has become.
    let replaced = execute(connection, DROP, [values.email.key()])? > 0;
    let capacity = if replaced { u32::MAX } else { capacity };
    let (password, expires_at) = (password.expose().to_owned(), expires_at.timestamp_micros());
    let others: [Value; 3] = [password.into(), expires_at.into(), capacity.into()];
    let params = params_from_iter(users::columns(values)?.into_iter().chain(others));
    execute_one(connection, INSERT, params, Precondition::QueueRoom)
}

pub(crate) fn put_token(
    connection: &Connection,
    address: &str,
    hash: &TokenHash,
    expires_at: DateTime<Utc>,
) -> Result<(), Failure> {
    let params = params![address, hash.as_bytes(), expires_at.timestamp_micros()];
    execute_one(connection, PUT_TOKEN, params, Precondition::Registration)
}

pub(crate) fn consume(connection: &Connection, hash: &TokenHash, now: DateTime<Utc>) -> Result<(), Failure> {
    let params = params![hash.as_bytes(), now.timestamp_micros()];
    execute_one(connection, CONSUME, params, Precondition::Token)
}

pub(crate) fn forget(connection: &Connection, address: &str) -> Result<(), Failure> {
    execute(connection, DROP, [address]).map(|_| ())
}
