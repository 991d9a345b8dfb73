//! The in-memory store keeps the contract of the ports.

use std::sync::Arc;

use denizen_services::memory::InMemoryStore;

denizen_testkit::store_contract!(async || Arc::new(InMemoryStore::new()));
