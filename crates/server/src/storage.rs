//! Opening the store that the configuration names.

use std::{env, fs, io, path::PathBuf, sync::Arc};

use denizen_services::{Relay, store::Store};
use denizen_storage_memory::InMemoryStore;
use denizen_storage_postgres::{OpenError as PostgresError, PostgresOptions, PostgresStore};
use denizen_storage_sqlite::{OpenError as SqliteError, SqliteOptions, SqliteStore};

use crate::config::Database;

/// An open store, and how to close it.
pub(crate) struct Storage {
    pub(crate) store: Arc<dyn Store>,
    /// The way to other processes on the same database, if there can be any that would not find out by themselves.
    pub(crate) relay: Option<Arc<dyn Relay>>,
    closing: Closing,
}

enum Closing {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
    Nothing,
}

/// Why the database does not open. Each is one line that says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file does not open.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// The database does not open.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The password file cannot be read, or other users of the machine can.
    #[error("cannot use the password file {}: {error}", path.display())]
    PasswordFile {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Storage {
    /// Opens the database. A file is created if it may and there is none; the tables of PostgreSQL are, in a database that
    /// has none.
    pub(crate) async fn open(database: &Database, create: bool) -> Result<Self, OpenError> {
        match database {
            Database::Memory => Ok(Self::given(Arc::new(InMemoryStore::new()))),
            Database::Sqlite(path) => {
                let options = SqliteOptions { create, ..SqliteOptions::new(path) };
                let store = Arc::new(SqliteStore::open(options)?);
                Ok(Self { store: store.clone(), relay: None, closing: Closing::Sqlite(store) })
            }
            Database::Postgres(options) => {
                let options = with_password(options.as_ref().clone())?;
                let store = Arc::new(PostgresStore::open(options).await?);
                Ok(Self {
                    store: store.clone(),
                    relay: Some(store.relay()),
                    closing: Closing::Postgres(store),
                })
            }
        }
    }

    pub(crate) fn given(store: Arc<dyn Store>) -> Self {
        Self { store, relay: None, closing: Closing::Nothing }
    }

    /// Writes out what was accepted, and closes files and connections.
    pub(crate) async fn close(self) {
        match self.closing {
            Closing::Sqlite(store) => store.shutdown().await,
            Closing::Postgres(store) => store.shutdown().await,
            Closing::Nothing => {}
        }
    }
}

/// Looks for the password where libpq does, if the URL has none: `PGPASSWORD`, then the file `PGPASSFILE` or `~/.pgpass`.
fn with_password(options: PostgresOptions) -> Result<PostgresOptions, OpenError> {
    if options.has_password() {
        return Ok(options);
    }
    if let Ok(password) = env::var("PGPASSWORD") {
        return Ok(options.with_password(&password));
    }
    let named = env::var_os("PGPASSFILE").map(PathBuf::from);
    let usual = || Some(PathBuf::from(env::var_os("HOME")?).join(".pgpass")).filter(|path| path.exists());
    let Some(path) = named.or_else(usual) else { return Ok(options) };
    let contents = private_file(&path).map_err(|error| OpenError::PasswordFile { path, error })?;
    Ok(options.with_password_of_file(&contents))
}

fn private_file(path: &PathBuf) -> io::Result<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::other(
                "other users of this machine can use it; allow only its owner (chmod 600)",
            ));
        }
    }
    fs::read_to_string(path)
}

/// What to do about a database file that does not open when the server starts, if that is not in the error already.
pub(crate) const fn hint(error: &OpenError) -> &'static str {
    match error {
        OpenError::Sqlite(SqliteError::Missing { .. } | SqliteError::Empty { .. }) => {
            "; check the path, or create it with `denizen serve --create-database` or with the first administrator \
             (`denizen user create --admin`)"
        }
        _ => "",
    }
}
