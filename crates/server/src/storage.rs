//! Temporary until storage-sqlite has landed.
use crate::config::Database;
use denizen_services::{memory::InMemoryStore, store::Store};
use std::sync::Arc;
/// Error.
#[derive(Debug, thiserror::Error)]
#[error("no")]
pub struct OpenError;
pub(crate) struct Storage {
    pub(crate) store: Arc<dyn Store>,
}
impl Storage {
    pub(crate) fn open(database: &Database) -> Result<Self, OpenError> {
        match database {
            Database::Memory => Ok(Self::given(Arc::new(InMemoryStore::new()))),
            Database::Sqlite(_) => Err(OpenError),
        }
    }
    pub(crate) fn given(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
    pub(crate) async fn close(self) {}
}
