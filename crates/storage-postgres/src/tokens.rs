//! One-time tokens.

use denizen_models::UserId;
use denizen_services::{TokenPurpose, store::StoredToken};
use tokio_postgres::Row;

use crate::engine::{
    error::Failure,
    sql::{Record, Session, list, params, read_columns, statements},
};

statements! {
    FIND = "SELECT user_id, expires_at, address FROM tokens WHERE hash = :hash AND purpose = :purpose";
    OF_USER = "SELECT user_id, expires_at, address, purpose FROM tokens WHERE user_id = :user";
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

/// Without those for purposes that only a newer program knows.
pub(crate) async fn of_user(
    session: &Session,
    user: UserId,
) -> Result<Vec<(TokenPurpose, StoredToken)>, Failure> {
    let mut tokens = list(session, OF_USER, params!(user), |row| {
        let purpose: String = row.try_get("purpose")?;
        Ok((TokenPurpose::ALL.into_iter().position(|known| known.as_str() == purpose), read(row)?))
    })
    .await?;
    tokens.sort_by_key(|(place, _)| *place);
    let known = tokens.into_iter().filter_map(|(place, token)| Some((TokenPurpose::ALL[place?], token)));
    Ok(known.collect())
}
