//! Changes of one user, one after the other.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, Weak},
};

use denizen_models::UserId;
use tokio::sync::Semaphore;

use crate::common::{failure::Failure, lock::lock};

/// The most changes of one user that wait for each other in this process. With more, the client is told to come back.
const MAX_WAITING: usize = 256;

/// Lets the changes of a user in this process take turns. Each is decided on what the one before has left, so that many
/// at once do not make each other decide anew until they give up. Between processes the store decides.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<UserId, Weak<Queue>>>);

/// Serves those who wait in the order of their coming, and lasts as long as there are any.
struct Queue {
    places: Semaphore,
    turn: Semaphore,
}

impl Turns {
    /// Runs `work` when it is the user's turn, in the order of the calls. Hashing does not belong in it.
    ///
    /// # Errors
    /// Returns [`Failure::Overloaded`] if too many are waiting.
    pub async fn take<T>(&self, user: UserId, work: impl Future<Output = T>) -> Result<T, Failure> {
        let queue = self.queue_of(user);
        let full = |_| Failure::overloaded("the user is being changed by others");
        let _place = queue.places.try_acquire().map_err(full)?;
        let _turn = queue.turn.acquire().await;
        Ok(work.await)
    }

    fn queue_of(&self, user: UserId) -> Arc<Queue> {
        let mut queues = lock(&self.0);
        queues.retain(|_, queue| queue.strong_count() > 0);
        queues.get(&user).and_then(Weak::upgrade).unwrap_or_else(|| {
            let queue = Arc::new(Queue { places: Semaphore::new(MAX_WAITING), turn: Semaphore::new(1) });
            queues.insert(user, Arc::downgrade(&queue));
            queue
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::{
        task::{JoinSet, yield_now},
        try_join,
    };

    use super::*;

    impl Turns {
        fn kept(&self) -> usize {
            lock(&self.0).values().filter(|queue| queue.strong_count() > 0).count()
        }
    }

    const ALICE: UserId = UserId::new(1);
    const BOB: UserId = UserId::new(2);

    #[tokio::test]
    async fn changes_of_one_user_follow_one_another_in_the_order_of_their_coming() {
        let (turns, done) = (Arc::new(Turns::default()), Arc::new(Mutex::new(Vec::new())));
        let mut changes = JoinSet::new();
        for number in 0..MAX_WAITING {
            let (turns, done) = (Arc::clone(&turns), Arc::clone(&done));
            changes.spawn(async move {
                let change = async {
                    let before = lock(&done).len();
                    yield_now().await;
                    assert_eq!(lock(&done).len(), before, "another change runs");
                    lock(&done).push(number);
                };
                turns.take(ALICE, change).await
            });
        }
        assert!(changes.join_all().await.iter().all(Result::is_ok));
        assert_eq!(*lock(&done), (0..MAX_WAITING).collect::<Vec<_>>());
        assert_eq!(turns.kept(), 0);
    }

    /// Whether the future is done at once.
    async fn is_done<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
        tokio::select! {
            biased;
            _ = future => true,
            () = ready(()) => false,
        }
    }

    #[tokio::test]
    async fn the_queue_of_a_user_is_bounded_and_does_not_hold_up_other_users() {
        let turns = Turns::default();
        let mut waiting: Vec<_> =
            (0..MAX_WAITING).map(|_| Box::pin(turns.take(ALICE, pending::<()>()))).collect();
        for change in &mut waiting {
            assert!(!is_done(change).await);
        }
        assert!(matches!(turns.take(ALICE, async {}).await, Err(Failure::Overloaded(_))));
        assert_eq!(turns.take(BOB, async { 7 }).await, Ok(7));
        // Callers go away: the one whose turn it is, and another one in the middle.
        drop(waiting.remove(100));
        drop(waiting.remove(0));
        waiting.truncate(1);
        assert!(!is_done(&mut waiting[0]).await);
        waiting.clear();
        let both = try_join!(turns.take(ALICE, async { 7 }), turns.take(ALICE, async { 8 }));
        assert_eq!(both, Ok((7, 8)));
        assert_eq!(turns.kept(), 0);
    }
}
