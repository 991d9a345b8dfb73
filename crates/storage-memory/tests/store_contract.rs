//! The in-memory store keeps the contract of the ports.

use std::sync::Arc;

use denizen_storage_memory::InMemoryStore;

denizen_testkit::store_contract!(async || Arc::new(InMemoryStore::new()));
