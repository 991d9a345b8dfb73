//! Bounded queues to threads.

use std::time::Duration;

use denizen_services::store::StoreFailure;
use tokio::{sync::mpsc, time::timeout};

/// For how long a caller waits for room. Longer, and it would rather be told to come back.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Puts `message` into the queue, or fails without having done so.
pub(crate) async fn send<T>(queue: &mpsc::Sender<T>, message: T) -> Result<(), StoreFailure> {
    let permit = match queue.try_reserve() {
        Ok(permit) => permit,
        Err(mpsc::error::TrySendError::Closed(())) => return Err(stopped()),
        Err(mpsc::error::TrySendError::Full(())) => timeout(PATIENCE, queue.reserve())
            .await
            .map_err(|_| StoreFailure::Busy("too many requests are waiting".into()))?
            .map_err(|_| stopped())?,
    };
    permit.send(message);
    Ok(())
}

/// What callers are told whose request met a store that is shut down or broken.
pub(crate) fn stopped() -> StoreFailure {
    StoreFailure::Unavailable("the store has stopped".into())
}
