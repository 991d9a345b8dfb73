//! Opening the store that the configuration names.

use std::sync::Arc;

use denizen_services::store::Store;
use denizen_storage_memory::InMemoryStore;
use denizen_storage_sqlite::{OpenError, SqliteOptions, SqliteStore};

use crate::config::Database;

/// An open store, and how to close it.
pub(crate) struct Storage {
    pub(crate) store: Arc<dyn Store>,
    sqlite: Option<Arc<SqliteStore>>,
}

impl Storage {
    /// Opens the database, and creates it if it may and there is none.
    pub(crate) fn open(database: &Database, create: bool) -> Result<Self, OpenError> {
        match database {
            Database::Memory => Ok(Self::given(Arc::new(InMemoryStore::new()))),
            Database::Sqlite(path) => {
                let store =
                    Arc::new(SqliteStore::open(SqliteOptions { create, ..SqliteOptions::new(path) })?);
                Ok(Self { store: Arc::clone(&store) as Arc<dyn Store>, sqlite: Some(store) })
            }
        }
    }

    pub(crate) fn given(store: Arc<dyn Store>) -> Self {
        Self { store, sqlite: None }
    }

    /// Writes out what was accepted, and closes the files.
    pub(crate) async fn close(self) {
        if let Some(store) = self.sqlite {
            store.shutdown().await;
        }
    }
}

/// What to do about a database that does not open, if that is not in the error already.
pub(crate) const fn hint(error: &OpenError) -> &'static str {
    match error {
        OpenError::Missing { .. } | OpenError::Empty { .. } => {
            "; check the path, or create it with `denizen serve --create-database` or with the first administrator \
             (`denizen user create --admin`)"
        }
        _ => "",
    }
}
