//! What the service keeps to itself.

use denizen_services::store::{SecretName, ServiceSecret};
use rusqlite::Connection;

use crate::engine::{
    error::Failure,
    sql::{execute, find, params, statements},
};

statements! {
    FIND = "SELECT value FROM secrets WHERE name = :name";
    KEEP = "INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING";
}

pub(crate) fn keep(
    connection: &Connection,
    name: SecretName,
    candidate: &ServiceSecret,
) -> Result<ServiceSecret, Failure> {
    let name = name.as_str();
    execute(connection, KEEP, params!(name, value: candidate))?;
    let kept = find(connection, FIND, params!(name), |row| Ok(ServiceSecret::from_bytes(row.get(0)?)))?;
    kept.ok_or_else(|| Failure::corrupt("secrets", 0))
}
