//! Background work that is restarted after a panic.

use std::{future::Future, time::Duration};

use tokio::{sync::watch, time::timeout};

/// The pause before a restart, so that a worker which panics at once does not fill the log.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// Runs `work` to its end, which comes soon after `stop` becomes true, and again if it panics: one poisoned mail or
/// session must not stop the work on all others. `name` is for the log.
pub(crate) async fn supervise<F>(
    name: &'static str,
    mut stop: watch::Receiver<bool>,
    work: impl Fn(watch::Receiver<bool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        match tokio::spawn(work(stop.clone())).await {
            // Not with what it says, which could be anything; the panic hook has written where it happened.
            Err(error) if error.is_panic() => log::error!("the {name} panicked and is started again"),
            _ => return,
        }
        if timeout(RESTART_DELAY, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    /// A worker that panics so often, and then works until it is stopped; how often it was started, and how to stop it.
    fn worker(panics: usize) -> (impl Future<Output = ()>, watch::Receiver<usize>, watch::Sender<bool>) {
        let (stop, stopped) = watch::channel(false);
        let (starts, started) = watch::channel(0);
        let work = move |mut stop: watch::Receiver<bool>| {
            starts.send_modify(|starts| *starts += 1);
            let panics = *starts.borrow() <= panics;
            async move {
                assert!(!panics, "on purpose");
                drop(stop.wait_for(|stop| *stop).await);
            }
        };
        (supervise("test worker", stopped, work), started, stop)
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_is_started_again_after_a_rest() {
        let (working, mut started, stop) = worker(3);
        let (begin, working) = (Instant::now(), tokio::spawn(working));
        started.wait_for(|starts| *starts == 4).await.expect("a fourth start");
        assert_eq!(begin.elapsed().as_secs(), 3);
        stop.send_replace(true);
        working.await.expect("an end");
        assert_eq!((*started.borrow(), begin.elapsed().as_secs()), (4, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_when_it_is_to_stop_is_not_started_again() {
        let (working, started, stop) = worker(usize::MAX);
        stop.send_replace(true);
        let begin = Instant::now();
        working.await;
        assert_eq!((*started.borrow(), begin.elapsed()), (1, Duration::ZERO));
    }
}
