//! People who want to become users.

use chrono::{DateTime, Utc};
use denizen_models::EmailAddress;
use denizen_services::{
    PasswordHash, TokenHash,
    store::{Precondition, Registration},
};
use rusqlite::{Connection, Row, named_params};

use crate::{
    engine::{
        error::Failure,
        sql::{Record, execute, execute_one, find, statements},
    },
    users::{self, value_columns},
};

macro_rules! registration_columns {
    () => {
        concat!("id, ", value_columns!("" password_hash expires_at))
    };
}

statements! {
    FIND = concat!("SELECT ", registration_columns!(), " FROM registrations WHERE address = :address");
    FIND_BY_TOKEN = concat!("SELECT ", registration_columns!(), " FROM registrations WHERE token = :token");
    /// Inserts nothing if there is no room.
    INSERT = concat!(
        "INSERT INTO registrations (",
        value_columns!("" address password_hash expires_at),
        ") SELECT ",
        value_columns!(":" address password_hash expires_at),
        " WHERE (SELECT registrations FROM registration_count WHERE id = 1) < :capacity"
    );
    PUT_TOKEN = "UPDATE registrations SET token = :token, expires_at = :expires_at WHERE address = :address";
    CONSUME = "DELETE FROM registrations WHERE token = :token AND expires_at > :now";
    DROP = "DELETE FROM registrations WHERE address = :address";
}

/// Reads [`registration_columns!`].
fn read(row: &Row<'_>) -> Result<Registration, Failure> {
    let record = Record::new("registrations", row)?;
    Ok(Registration {
        values: users::read_values(&record)?,
        password: PasswordHash::new(record.get::<String>("password_hash")?),
        expires_at: record.time("expires_at")?,
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
    let mut params = users::parameters(values)?;
    params.extend([
        (":address", values.email.key().into()),
        (":password_hash", password.expose().into()),
        (":expires_at", expires_at.timestamp_micros().into()),
        (":capacity", capacity.into()),
    ]);
    execute_one(connection, INSERT, params.as_slice(), Precondition::QueueRoom)
}

pub(crate) fn put_token(
    connection: &Connection,
    address: &str,
    hash: &TokenHash,
    expires_at: DateTime<Utc>,
) -> Result<(), Failure> {
    let params = named_params! {
        ":address": address, ":token": hash.as_bytes(), ":expires_at": expires_at.timestamp_micros()
    };
    execute_one(connection, PUT_TOKEN, params, Precondition::Registration)
}

pub(crate) fn consume(connection: &Connection, hash: &TokenHash, now: DateTime<Utc>) -> Result<(), Failure> {
    let params = named_params! { ":token": hash.as_bytes(), ":now": now.timestamp_micros() };
    execute_one(connection, CONSUME, params, Precondition::Token)
}

pub(crate) fn forget(connection: &Connection, address: &str) -> Result<(), Failure> {
    execute(connection, DROP, [address]).map(|_| ())
}
