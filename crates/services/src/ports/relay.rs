//! A way between the processes that share a store, as a port.

use std::sync::Arc;

/// Carries short texts between the processes on one store. Best effort: a text reaches processes that are connected, and
/// those whose connection was lost for less than a minute; a crash can lose it.
pub trait Relay: Send + Sync {
    /// Sends `text` to every other process. Does not wait; a text for which there is no room is dropped.
    fn publish(&self, text: String);

    /// Registers who is told of the texts of other processes, in the order in which each of them sent its own.
    fn subscribe(&self, receiver: Arc<dyn RelayReceiver>);
}

/// Told of the texts of other processes.
pub trait RelayReceiver: Send + Sync {
    /// Called with a text of another process, which has this number. MUST NOT block.
    fn received(&self, sender: i64, text: &str);
}
