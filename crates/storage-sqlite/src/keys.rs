//! Service keys.

use denizen_services::store::{CommitError, KeyId, KeyTouch, NewKey, Precondition, ServiceKey};
use rusqlite::{Connection, Row};

use crate::engine::{
    error::Failure,
    sql::{Record, execute, find, list, named, params, read_columns, statements},
};

macro_rules! key_columns {
    () => {
        "id, name, hash, scopes, created_at, expires_at, last_used_at"
    };
}

statements! {
    FIND = concat!("SELECT ", key_columns!(), " FROM service_keys WHERE hash = :hash");
    OLDEST = concat!("SELECT ", key_columns!(), " FROM service_keys WHERE id > 0 ORDER BY id LIMIT 1000");
    LIVE = "SELECT id FROM service_keys WHERE id = :key AND (expires_at IS NULL OR expires_at > :now)", else Actor;
    HAS_SCOPE = "SELECT id FROM service_keys WHERE id = :key \
         AND EXISTS (SELECT 1 FROM json_each(scopes) WHERE value = :scope)", else Role;
    /// Gives nothing if there is no room.
    INSERT = "INSERT INTO service_keys (name, hash, scopes, created_at, expires_at) \
         SELECT :name, :hash, :scopes, :created_at, :expires_at WHERE :capacity > 0 \
         AND NOT EXISTS (SELECT 1 FROM service_keys WHERE id > 0 LIMIT 1 OFFSET :capacity - 1) RETURNING id";
    REVOKE = "DELETE FROM service_keys WHERE id = :key", else Key;
    TOUCH = "UPDATE service_keys SET last_used_at = :at WHERE id = :key AND ifnull(last_used_at, :at - 1) < :at";
}

/// Reads [`key_columns!`].
pub(crate) fn read(row: &Row<'_>) -> Result<ServiceKey, Failure> {
    let record = Record::new("service_keys", row)?;
    let created = read_columns!(record => NewKey { name, hash, scopes, created_at, expires_at });
    Ok(read_columns!(record => ServiceKey { id: KeyId(record.id), created: created, last_used_at }))
}

pub(crate) fn oldest(connection: &Connection) -> Result<Vec<ServiceKey>, Failure> {
    list(connection, OLDEST, [], read)
}

pub(crate) fn insert(connection: &Connection, key: &NewKey, capacity: u32) -> Result<KeyId, Failure> {
    let NewKey { name, hash, scopes, created_at, expires_at } = key;
    let params = named!(name, hash, scopes, created_at, expires_at, capacity);
    let id = find(connection, INSERT, params.as_slice(), |row| Ok(row.get(0)?))?;
    id.map(KeyId).ok_or_else(|| CommitError::PreconditionFailed(Precondition::KeyRoom).into())
}

pub(crate) fn touch(connection: &Connection, touches: &[KeyTouch]) -> Result<(), Failure> {
    for KeyTouch { key, at } in touches {
        execute(connection, TOUCH, params!(key, at))?;
    }
    Ok(())
}
