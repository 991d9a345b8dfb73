//! Service keys.

use denizen_models::KeyScope;
use denizen_services::store::{CommitError, KeyId, KeyTouch, NewKey, Precondition, ServiceKey};
use tokio_postgres::Row;

use crate::engine::{
    error::Failure,
    sql::{Record, Session, execute, find, list, named, params, read_columns, statements},
};

macro_rules! key_columns {
    () => {
        "id, name, hash, scopes, created_at, expires_at, last_used_at"
    };
}

statements! {
    FIND = concat!("SELECT ", key_columns!(), " FROM service_keys WHERE hash = :hash");
    OLDEST = concat!("SELECT ", key_columns!(), " FROM service_keys ORDER BY id LIMIT 1000");
    /// For a unit that needs the key to stay. Its last use may be noted meanwhile.
    LOCK_TO_STAY = "SELECT id FROM service_keys WHERE id = :key FOR KEY SHARE";
    LIVE = "SELECT id FROM service_keys WHERE id = :key AND (expires_at IS NULL OR expires_at > :now)", else Actor;
    HAS_SCOPE = "SELECT id FROM service_keys WHERE id = :key AND :scope = ANY(scopes)", else Role;
    /// Gives nothing if there is no room. Units that insert a key hold an advisory lock.
    INSERT = "INSERT INTO service_keys (name, hash, scopes, created_at, expires_at) \
         SELECT :name::text, :hash::bytea, :scopes::text[], :created_at::bigint, :expires_at::bigint \
         WHERE (SELECT count(*) FROM service_keys) < :capacity::bigint RETURNING id";
    REVOKE = "DELETE FROM service_keys WHERE id = :key", else Key;
    TOUCH = "UPDATE service_keys SET last_used_at = :at WHERE id = :key AND coalesce(last_used_at, :at - 1) < :at";
}

/// Reads [`key_columns!`].
pub(crate) fn read(row: &Row) -> Result<ServiceKey, Failure> {
    let record = Record::new("service_keys", row)?;
    let created = read_columns!(record => NewKey { name, hash, scopes, created_at, expires_at });
    Ok(read_columns!(record => ServiceKey { id: KeyId(record.id), created: created, last_used_at }))
}

pub(crate) async fn oldest(session: &Session) -> Result<Vec<ServiceKey>, Failure> {
    list(session, OLDEST, &[], read).await
}

pub(crate) async fn insert(session: &Session, key: &NewKey, capacity: u32) -> Result<KeyId, Failure> {
    let NewKey { name, hash, scopes, created_at, expires_at } = key;
    let scopes: Vec<String> = scopes.iter().map(|scope: &KeyScope| scope.as_str().to_owned()).collect();
    let params = named!(name, hash, scopes, created_at, expires_at, capacity);
    let id = find(session, INSERT, params.as_slice(), |row| Ok(row.try_get(0)?)).await?;
    id.map(KeyId).ok_or_else(|| CommitError::PreconditionFailed(Precondition::KeyRoom).into())
}

pub(crate) async fn touch(session: &Session, touches: &[KeyTouch]) -> Result<(), Failure> {
    for KeyTouch { key, at } in touches {
        execute(session, TOUCH, params!(key, at)).await?;
    }
    Ok(())
}
