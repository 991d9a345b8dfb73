//! Bringing the schema of a database up to date.

use crate::engine::{
    error::{Failure, OpenError, chain},
    session::Session,
};

/// A step of the schema. Once released it never changes: databases remember its checksum.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$(Migration { name: $name, sql: include_str!(concat!("../../migrations/", $name, ".sql")) }),*]
    };
}

/// In the order in which they are applied. The first has version 1.
const MIGRATIONS: &[Migration] = migrations!["0001_accounts"];

/// The version of the schema that [`migrate`] leaves behind.
pub(crate) const SCHEMA: usize = MIGRATIONS.len();

/// PostgreSQL 14: the oldest that is tested, and that gets corrections.
const OLDEST_SERVER: i32 = 140_000;

/// The first of the two numbers of every advisory lock of ours: "DENZ".
pub(crate) const LOCK_CLASS: i32 = 0x4445_4e5a;

// The clock of the database, for the operator's eyes: no rule depends on it.
const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS denizen_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, \
     checksum BIGINT NOT NULL, applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";
const HISTORY_EXISTS: &str = "SELECT to_regclass('denizen_migrations') IS NOT NULL, \
     EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema()), current_schema()";
const HISTORY: &str = "SELECT version, name, checksum FROM denizen_migrations ORDER BY version";
const REMEMBER: &str = "INSERT INTO denizen_migrations (version, name, checksum) VALUES ($1, $2, $3)";

/// Whether the server and the database have what this store needs.
///
/// # Errors
/// [`OpenError::Unfit`] and [`OpenError::Foreign`]. Nothing was written.
pub(crate) async fn identify(session: &Session, place: &str) -> Result<(), OpenError> {
    let unfit = |reason: &str| OpenError::Unfit { place: place.to_owned(), reason: reason.to_owned() };
    let cannot = |error: tokio_postgres::Error| OpenError::Unreachable {
        place: place.to_owned(),
        reason: chain(&error),
    };
    let settings = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), \
                    pg_is_in_recovery()";
    let row = session.client.query_one(settings, &[]).await.map_err(cannot)?;
    if row.get::<_, i32>(0) < OLDEST_SERVER {
        return Err(unfit("it needs PostgreSQL 14 or newer"));
    }
    if row.get::<_, &str>(1) != "UTF8" {
        return Err(unfit("its encoding must be UTF8; create it with `ENCODING 'UTF8' TEMPLATE template0`"));
    }
    if row.get::<_, bool>(2) {
        return Err(unfit("it is a standby, which accepts no writes; name the primary, or both"));
    }
    let row = session.client.query_one(HISTORY_EXISTS, &[]).await.map_err(cannot)?;
    match (row.get(0), row.get(1), row.get::<_, Option<&str>>(2)) {
        (_, _, None) => Err(unfit("no schema of its search_path exists")),
        (false, true, _) => Err(OpenError::Foreign { place: place.to_owned() }),
        _ => Ok(()),
    }
}

/// Applies what is missing, each migration in a transaction of its own. Of several processes that start at once, one does.
///
/// # Errors
/// What was applied before differs from what this program knows, or a migration failed.
pub(crate) async fn migrate(session: &Session, place: &str) -> Result<(), OpenError> {
    migrate_to(MIGRATIONS, session, place).await
}

async fn migrate_to(
    migrations: &'static [Migration],
    session: &Session,
    place: &str,
) -> Result<(), OpenError> {
    loop {
        // Looked at without a lock first: an up-to-date database is opened without the right to change its schema.
        let applied = check(migrations, session, place).await?;
        let Some(next) = migrations.get(applied) else { return Ok(()) };
        let failed = |failure: Failure| OpenError::Migration {
            place: place.to_owned(),
            name: next.name,
            reason: match failure {
                Failure::Postgres(error) => chain(&error),
                other => format!("{other:?}"),
            },
        };
        let lock = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK_CLASS}, 0)");
        session.run(&lock).await.map_err(failed)?;
        // Another process may have been faster.
        let applied_meanwhile = check(migrations, session, place).await?;
        if applied_meanwhile == applied {
            apply(session, applied, next).await.map_err(failed)?;
        }
        session.run("COMMIT").await.map_err(failed)?;
    }
}

async fn apply(session: &Session, applied: usize, next: &Migration) -> Result<(), Failure> {
    session.run(CREATE_HISTORY).await?;
    session.run(next.sql).await?;
    let version = number(applied + 1);
    session.client.execute(REMEMBER, &[&version, &next.name, &checksum(next.sql)]).await?;
    Ok(())
}

/// How many migrations were applied, all of them known and unchanged.
async fn check(migrations: &[Migration], session: &Session, place: &str) -> Result<usize, OpenError> {
    let cannot = |error: tokio_postgres::Error| OpenError::Unreachable {
        place: place.to_owned(),
        reason: chain(&error),
    };
    let exists: bool = session.client.query_one(HISTORY_EXISTS, &[]).await.map_err(cannot)?.get(0);
    let rows = if exists { session.client.query(HISTORY, &[]).await.map_err(cannot)? } else { Vec::new() };
    let applied: Vec<(i64, String, i64)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let supported = number(migrations.len());
    if let Some((found, ..)) = applied.last().filter(|(version, ..)| *version > supported) {
        return Err(OpenError::NewerSchema { place: place.to_owned(), found: *found, supported });
    }
    for (index, (version, name, found)) in applied.iter().enumerate() {
        let same = migrations.get(index).is_some_and(|known| {
            *version == number(index + 1) && name == known.name && *found == checksum(known.sql)
        });
        if !same {
            return Err(OpenError::ChangedMigration { place: place.to_owned(), name: name.clone() });
        }
    }
    Ok(applied.len())
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// FNV-1a (RFC 9923), 64 bits. It notices edits; nobody has a reason to forge it.
fn checksum(text: &str) -> i64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        // Test vectors of RFC 9923.
        assert_eq!(checksum("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum("foobar").cast_unsigned(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn every_file_is_applied_in_the_order_of_its_number() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let mut files: Vec<_> = files.map(|name| name.into_string().unwrap()).collect();
        files.sort();
        let known: Vec<_> = MIGRATIONS.iter().map(|known| format!("{}.sql", known.name)).collect();
        assert_eq!(known, files);
        for (index, name) in known.iter().enumerate() {
            assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
        }
    }
}
