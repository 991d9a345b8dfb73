//! User names that were given up. A unit that asks for a name or gives it up holds an advisory lock on it.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::NameKey;

use crate::engine::{
    error::Failure,
    sql::{Session, execute, params, statements},
};

statements! {
    EXPECT = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM freed_names \
         WHERE name = :name AND user_id IS DISTINCT FROM :user::bigint AND freed_at > :since)", else Username;
    RESERVE = "INSERT INTO freed_names (name, user_id, freed_at) VALUES (:name, :user, :at) \
         ON CONFLICT (name) DO UPDATE SET user_id = excluded.user_id, freed_at = excluded.freed_at";
    TRIM = "DELETE FROM freed_names WHERE name IN (SELECT name FROM freed_names WHERE user_id = :user \
         ORDER BY freed_at DESC, name DESC OFFSET :keep)";
}

pub(crate) async fn put(
    session: &Session,
    name: NameKey,
    user: UserId,
    at: DateTime<Utc>,
    keep: u32,
) -> Result<(), Failure> {
    execute(session, RESERVE, params!(name, user, at)).await?;
    execute(session, TRIM, params!(user, keep)).await.map(|_| ())
}
