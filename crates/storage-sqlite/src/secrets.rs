//! What the service keeps to itself.

use denizen_services::store::{SecretName, ServiceSecret};
use rusqlite::{Connection, params};

use crate::engine::{
    error::Failure,
    sql::{execute, find, statements},
};

statements! {
    FIND = "SELECT value FROM secrets WHERE name = ?1";
    KEEP = "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
}

pub(crate) fn keep(
    connection: &Connection,
    name: SecretName,
    candidate: &ServiceSecret,
) -> Result<ServiceSecret, Failure> {
    execute(connection, KEEP, params![name.as_str(), candidate.expose()])?;
    let kept = find(connection, FIND, [name.as_str()], |row| Ok(ServiceSecret::from_bytes(row.get(0)?)))?;
    kept.ok_or_else(|| Failure::corrupt("secrets", 0))
}
