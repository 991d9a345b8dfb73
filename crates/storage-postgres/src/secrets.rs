//! What the service keeps to itself.

use denizen_services::store::{SecretName, ServiceSecret};

use tokio_postgres::Row;

use crate::engine::{
    column::{Decode as _, Stored},
    error::Failure,
    sql::{Session, execute, find, params, statements},
};

statements! {
    FIND = "SELECT value FROM secrets WHERE name = :name";
    KEEP = "INSERT INTO secrets (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING";
}

pub(crate) async fn keep(
    session: &Session,
    name: SecretName,
    candidate: &ServiceSecret,
) -> Result<ServiceSecret, Failure> {
    let name = name.as_str();
    execute(session, KEEP, params!(name, value: candidate)).await?;
    let read = |row: &Row| Ok(ServiceSecret::decode(row.try_get::<_, Stored<'_>>(0)?));
    let kept = find(session, FIND, params!(name), read).await?;
    kept.flatten().ok_or_else(|| Failure::corrupt("secrets", 0))
}
