//! User names that were given up.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::NameKey;
use rusqlite::Connection;

use crate::engine::{
    error::Failure,
    sql::{execute, params, statements},
};

statements! {
    EXPECT = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM freed_names \
         WHERE name = :name AND user_id IS NOT :user AND freed_at > :since)", else Username;
    RESERVE = "INSERT INTO freed_names (name, user_id, freed_at) VALUES (:name, :user, :at) \
         ON CONFLICT (name) DO UPDATE SET user_id = excluded.user_id, freed_at = excluded.freed_at";
    TRIM = "DELETE FROM freed_names WHERE name IN (SELECT name FROM freed_names WHERE user_id = :user \
         ORDER BY freed_at DESC, name DESC LIMIT -1 OFFSET :keep)";
}

pub(crate) fn put(
    connection: &Connection,
    name: NameKey,
    user: UserId,
    at: DateTime<Utc>,
    keep: u32,
) -> Result<(), Failure> {
    execute(connection, RESERVE, params!(name, user, at))?;
    execute(connection, TRIM, params!(user, keep)).map(|_| ())
}
