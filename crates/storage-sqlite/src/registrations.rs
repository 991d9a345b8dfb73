//! People who want to become users.

use denizen_services::store::Registration;
use rusqlite::{Connection, Row};

use crate::{
    engine::{
        error::Failure,
        sql::{Record, execute, named, params, read_columns, require, statements},
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
    ), else QueueRoom;
    PUT_TOKEN = "UPDATE registrations SET token = :hash, expires_at = :expires_at WHERE address = :address",
        else Registration;
    CONSUME = "DELETE FROM registrations WHERE token = :hash AND expires_at > :now", else Token;
    DROP = "DELETE FROM registrations WHERE address = :address";
}

/// Reads [`registration_columns!`].
pub(crate) fn read(row: &Row<'_>) -> Result<Registration, Failure> {
    let record = Record::new("registrations", row)?;
    let values = users::read_values(&record)?;
    Ok(
        read_columns!(record => Registration { values: values, password: record.get("password_hash")?, expires_at }),
    )
}

pub(crate) fn put(
    connection: &Connection,
    registration: &Registration,
    capacity: u32,
) -> Result<(), Failure> {
    let Registration { values, password, expires_at } = registration;
    let address = values.email.key();
    // What takes the place of another is not new, and finds room whatever the capacity has become.
    let replaced = execute(connection, DROP, params!(address))? > 0;
    let capacity = if replaced { u32::MAX } else { capacity };
    let mut params = users::parameters(values)?;
    params.extend(named!(address, password_hash: password, expires_at, capacity));
    require(connection, INSERT, params.as_slice())
}
