//! One-time tokens.

use denizen_models::UserId;
use denizen_services::store::StoredToken;
use tokio_postgres::Row;

use crate::engine::{
    error::Failure,
    sql::{Record, read_columns, statements},
};

statements! {
    FIND = "SELECT user_id, expires_at, address FROM tokens WHERE hash = :hash AND purpose = :purpose";
    PUT = "INSERT INTO tokens (user_id, purpose, hash, expires_at, address) \
         VALUES (:user, :purpose, :hash, :expires_at, :address) \
         ON CONFLICT (user_id, purpose) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at, \
         address = excluded.address";
    CONSUME = "DELETE FROM tokens WHERE user_id = :user AND purpose = :purpose AND hash = :hash \
         AND expires_at > :now", else Token;
    REVOKE = "DELETE FROM tokens WHERE user_id = :user";
}

pub(crate) fn read(row: &Row) -> Result<StoredToken, Failure> {
    let record = Record::new("tokens", row)?;
    Ok(read_columns!(record => StoredToken { user: UserId::new(record.id), expires_at, address }))
}
