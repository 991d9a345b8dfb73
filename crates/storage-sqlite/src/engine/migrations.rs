//! Bringing the schema of a database up to date.

use std::path::Path;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use crate::engine::error::{OpenError, failed};

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
const MIGRATIONS: &[Migration] = migrations![
    "0001_users",
    "0002_user_lists",
    "0003_user_search",
    "0004_tokens",
    "0005_sessions",
    "0006_mail_jobs",
    "0007_audit",
    "0008_limits",
    "0009_registrations",
    "0010_registrations",
    "0011_limits_apart",
    "0012_fair_shares",
    "0013_identity",
    "0014_unsent_mail",
    "0015_metadata",
    "0016_service_keys",
];

/// The version of the schema that [`migrate`] leaves behind.
pub(crate) const SCHEMA: usize = MIGRATIONS.len();

/// In the header of every database file of ours: "DENZ".
const APPLICATION_ID: i32 = 0x4445_4e5a;

// The one time that SQLite's clock is used instead of the clock port: for the operator's eyes, no rule depends on it.
const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, \
     checksum INTEGER NOT NULL, applied_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))) \
     STRICT";
const HISTORY_EXISTS: &str =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'";
const HISTORY: &str = "SELECT version, name, checksum FROM migrations ORDER BY version";
const REMEMBER: &str = "INSERT INTO migrations (version, name, checksum) VALUES (:version, :name, :checksum)";

/// Whether the file is one of ours: our mark is in it, or nothing is.
///
/// # Errors
/// [`OpenError::Foreign`]. Nothing was written.
pub(crate) fn identify(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let foreign = || OpenError::Foreign { path: path.to_owned() };
    let look = || {
        // One snapshot: another process may be creating the schema between the two statements.
        let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
        let objects: i64 = snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let application: i32 =
            snapshot.query_row("SELECT application_id FROM pragma_application_id", [], |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((application, objects))
    };
    match look() {
        Ok((APPLICATION_ID, _) | (0, 0)) => Ok(()),
        Ok(_) => Err(foreign()),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => Err(foreign()),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Applies what is missing, each migration in a transaction of its own.
///
/// # Errors
/// What was applied before differs from what this program knows, or a migration failed.
pub(crate) fn migrate(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    migrate_to(MIGRATIONS, connection, path)
}

/// Returns how many migrations the database has been through.
///
/// # Errors
/// As [`migrate`]. Nothing was written.
pub(crate) fn applied(connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    check(MIGRATIONS, connection, path)
}

fn migrate_to(migrations: &[Migration], connection: &Connection, path: &Path) -> Result<(), OpenError> {
    loop {
        // Looked at without a write lock first: an up-to-date database is opened while others write.
        let applied = check(migrations, connection, path)?;
        let Some(next) = migrations.get(applied) else { return Ok(()) };
        let failed = |error: rusqlite::Error| OpenError::Migration {
            path: path.to_owned(),
            name: next.name,
            reason: match error {
                // Its own text would repeat the whole file.
                rusqlite::Error::SqlInputError { msg, .. } => msg,
                other => other.to_string(),
            },
        };
        let transaction =
            Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(failed)?;
        // Another process may have been faster.
        if check(migrations, &transaction, path)? == applied {
            apply(&transaction, applied, next).and_then(|()| transaction.commit()).map_err(failed)?;
        }
    }
}

fn apply(connection: &Connection, applied: usize, next: &Migration) -> rusqlite::Result<()> {
    if applied == 0 {
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.execute_batch(CREATE_HISTORY)?;
    }
    connection.execute_batch(next.sql)?;
    connection.execute(REMEMBER, (number(applied + 1), next.name, checksum(next.sql))).map(|_| ())
}

/// How many migrations were applied, all of them known and unchanged.
fn check(migrations: &[Migration], connection: &Connection, path: &Path) -> Result<usize, OpenError> {
    let read = || {
        // Asked in SQL: `table_exists` would answer from a schema that was read before another process changed it.
        if connection.query_row(HISTORY_EXISTS, [], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Vec::new());
        }
        let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        connection.prepare(HISTORY)?.query_map([], row)?.collect()
    };
    let applied: Vec<(u32, String, i64)> = read().map_err(|error: rusqlite::Error| failed(path, &error))?;
    let supported = number(migrations.len());
    if let Some((found, ..)) = applied.last().filter(|(version, ..)| *version > supported) {
        return Err(OpenError::NewerSchema { path: path.to_owned(), found: *found, supported });
    }
    for (index, (version, name, found)) in applied.iter().enumerate() {
        let same = migrations.get(index).is_some_and(|known| {
            *version == number(index + 1) && name == known.name && *found == checksum(known.sql)
        });
        if !same {
            return Err(OpenError::ChangedMigration { path: path.to_owned(), name: name.clone() });
        }
    }
    Ok(applied.len())
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// FNV-1a (RFC 9923), 64 bits. It notices edits; nobody has a reason to forge it.
fn checksum(text: &str) -> i64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, step).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "some.db";

    fn migrate_by(connection: &Connection, migrations: &[Migration]) -> Result<(), OpenError> {
        migrate_to(migrations, connection, Path::new(PATH))
    }

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // Test vectors of RFC 9923.
        assert_eq!(checksum("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(checksum("foobar").cast_unsigned(), 0x8594_4171_f739_67e8);
    }

    /// Security checklist: 78.
    #[test]
    fn users_of_an_older_database_who_can_be_sample_users_are_marked() {
        let connection = Connection::open_in_memory().unwrap();
        let marks = MIGRATIONS.iter().position(|migration| migration.name == "0013_identity").unwrap();
        migrate_by(&connection, &MIGRATIONS[..marks]).unwrap();
        for (id, password, created) in [
            (1, Some("hash"), Some(("user.created", "system"))),
            (2, Some("hash"), Some(("user.created", "cli"))),
            (3, None, Some(("user.created", "system"))),
            (4, Some("hash"), None),
            (5, Some("hash"), Some(("user.signed_up", "anonymous"))),
            (6, Some("hash"), Some(("user.created", "system"))),
        ] {
            let insert = "INSERT INTO users (id, username, username_key, email, email_key, first_name, first_name_key, \
                 last_name, last_name_key, age, active, email_verified, roles, password_hash, created_at, updated_at) \
                 VALUES (?1, ?1, ?1, ?1, ?1, '', '', '', '', 0, 1, 1, '[]', ?2, 0, 0)";
            connection.execute(insert, (id, password)).unwrap();
            if let Some((kind, actor)) = created {
                let record =
                    "INSERT INTO audit (kind, at, actor, target, request_id) VALUES (?2, 0, ?3, ?1, '')";
                connection.execute(record, (id, kind, actor)).unwrap();
            }
        }
        migrate_by(&connection, MIGRATIONS).unwrap();
        let mut marked = connection.prepare("SELECT id FROM users WHERE sample_password = 1").unwrap();
        let marked: Vec<i64> =
            marked.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(marked, [1, 4]);
    }

    #[test]
    fn a_failing_migration_leaves_what_was_before_it() {
        let connection = Connection::open_in_memory().unwrap();
        let good = Migration { name: "0001_good", sql: "CREATE TABLE good (x)" };
        let bad = Migration { name: "0002_bad", sql: "CREATE TABLE bad (x); INSERT INTO nowhere VALUES (1)" };
        let error = migrate_by(&connection, &[good, bad]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "migration 0002_bad of the database some.db failed: no such table: nowhere"
        );
        assert_eq!(tables(&connection), ["good", "migrations"]);
        let mended = Migration { name: "0002_bad", sql: "CREATE TABLE bad (x)" };
        let good = Migration { name: "0001_good", sql: "CREATE TABLE good (x)" };
        migrate_by(&connection, &[good, mended]).unwrap();
        assert_eq!(tables(&connection), ["bad", "good", "migrations"]);
    }

    #[test]
    fn password_schemes_and_waiting_mails_that_are_there_already_are_counted() {
        let connection = Connection::open_in_memory().unwrap();
        let counting = MIGRATIONS.iter().position(|known| known.name == "0012_fair_shares").unwrap();
        migrate_by(&connection, &MIGRATIONS[..counting]).unwrap();
        for (number, hash) in [Some("$a$v=1$c2Fs$b3V0"), Some("$a$v=1$dHNh$cHV0"), Some("$2b$04$abc"), None]
            .into_iter()
            .enumerate()
        {
            let user = "INSERT INTO users (username, username_key, email, email_key, first_name, first_name_key, \
                 last_name, last_name_key, age, active, email_verified, roles, password_hash, created_at, updated_at) \
                 VALUES (:name, :name, :name, :name, '', '', '', '', 1, 1, 1, '[]', :hash, 0, 0)";
            let params = rusqlite::named_params! { ":name": number.to_string(), ":hash": hash };
            connection.execute(user, params).unwrap();
        }
        for (kind, address, dead) in [
            ("sign_up", "a", 0),
            ("sign_up", "b", 0),
            ("sign_up", "c", 1),
            ("password_reset", "a", 0),
            ("email_verification", "a", 1),
        ] {
            let job = "INSERT INTO mail_jobs (kind, carries_token, address, requested_at, due_at, dead, request_id) \
                 VALUES (?1, 1, ?2, 0, 0, ?3, '')";
            connection.execute(job, (kind, address, dead)).unwrap();
        }
        migrate(&connection, Path::new(PATH)).unwrap();
        let counts = |sql: &str| -> Vec<(String, i64)> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let count = |name: &str, number| (name.to_owned(), number);
        assert_eq!(
            counts("SELECT scheme, users FROM password_schemes ORDER BY 1"),
            [count("$2b$04$...", 1), count("$a$v=1$AAAA$AAAA", 2)]
        );
        assert_eq!(
            counts("SELECT kind, jobs FROM mail_waiting ORDER BY 1"),
            [count("password_reset", 1), count("sign_up", 2)]
        );
    }

    #[test]
    fn a_gap_in_the_history_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection, Path::new(PATH)).unwrap();
        connection.execute("DELETE FROM migrations WHERE version = 2", []).unwrap();
        let error = migrate(&connection, Path::new(PATH)).unwrap_err();
        assert!(matches!(&error, OpenError::ChangedMigration { name, .. } if name == "0003_user_search"));
    }

    /// Security checklist: 65.
    #[test]
    fn sign_ups_that_waited_with_a_name_and_a_password_are_forgotten() {
        let connection = Connection::open_in_memory().unwrap();
        migrate_by(&connection, &MIGRATIONS[..9]).unwrap();
        let waiting = "INSERT INTO registrations (username, email, address, first_name, last_name, age, active, \
                       email_verified, roles, password_hash, token, expires_at) VALUES ('mallory', 'a@b.co', \
                       'a@b.co', 'M', 'M', 0, 1, 0, '[]', '$hash', randomblob(32), 1)";
        connection.execute(waiting, []).unwrap();
        migrate(&connection, Path::new(PATH)).unwrap();
        let counts = "SELECT registrations, (SELECT count(*) FROM registrations) FROM registration_count";
        let counts = || connection.query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(counts(), (0, 0));
        let put =
            "INSERT INTO registrations (address, token, expires_at) VALUES ('a@b.co', randomblob(32), 1)";
        connection.execute(put, []).unwrap();
        assert_eq!(counts(), (1, 1));
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
