//! Bounded queues to threads.

use std::time::Duration;

use denizen_services::store::StoreError;
use tokio::{sync::mpsc, time::timeout};

/// For how long a caller waits for room. Longer, and it would rather be told to come back.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Puts `message` into the queue, or fails without having done so.
pub(crate) async fn send<T>(queue: &mpsc::Sender<T>, message: T) -> Result<(), StoreError> {
    let permit = match queue.try_reserve() {
        Ok(permit) => permit,
        Err(mpsc::error::TrySendError::Closed(())) => return Err(stopped()),
        Err(mpsc::error::TrySendError::Full(())) => timeout(PATIENCE, queue.reserve())
            .await
            .map_err(|_| StoreError::Busy("too many requests are waiting".to_owned()))?
            .map_err(|_| stopped())?,
    };
    permit.send(message);
    Ok(())
}

/// What callers are told whose request met a store that is shut down or broken.
pub(crate) fn stopped() -> StoreError {
    StoreError::Unavailable("the store has stopped".to_owned())
}
