//! # The store contract suite
//!
//! Every sentence that the ports of `denizen_services::store` promise, as a test. A store is a store when all of
//! them pass; the names of the functions below are the list. See [`store_contract!`](crate::store_contract).
//!
//! # Adding a case
//!
//! Write a `pub async fn` in the file of its subject in `contract/cases`, and add its name to the one list in
//! `contract/list.rs`. A case that is not in the list does not compile: it is dead code, which is denied there.
//! A new variant of `Change` does not compile either until `contract/examples.rs` has an example of it.

mod cases;
mod examples;
mod list;
mod verbs;

use std::sync::Arc;

use denizen_services::store::Store;

pub use self::cases::*;
use crate::must;

/// What the factory of a store may make: a store, or a pair of a store and something that must live as long as it
/// does, such as the folder of its file. The store is dropped first.
pub trait Made {
    /// The store under test.
    fn store(&self) -> Arc<dyn Store>;
}

impl<S: Store + 'static> Made for Arc<S> {
    fn store(&self) -> Arc<dyn Store> {
        self.clone()
    }
}

impl Made for Arc<dyn Store> {
    fn store(&self) -> Arc<dyn Store> {
        self.clone()
    }
}

impl<M: Made, G> Made for (M, G) {
    fn store(&self) -> Arc<dyn Store> {
        self.0.store()
    }
}

/// Runs one case against a fresh store, on a runtime of four threads so that what races in a service races here.
pub fn run<M: Made>(make: impl AsyncFnOnce() -> M, case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    must(runtime).block_on(async {
        let made = make().await;
        case(made.store()).await;
    });
}
