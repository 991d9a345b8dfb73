//! The mail worker: turns queued jobs into mails, in any number of processes at once.

mod dispatcher;

use std::{sync::Arc, time::Duration as StdDuration};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinError, JoinSet},
    time::timeout,
};

use self::dispatcher::Dispatcher;
use crate::{
    common::{Failure, ServiceSettings},
    metrics::MailCounters,
    ports::{
        Mailer, Ports,
        store::{Change, CommitObserver, Committed, MailKind, StoreFailure, UnitOfWork},
    },
};

/// How often the queue is looked at without being told to: for jobs of other processes, and for retries.
const POLL: StdDuration = StdDuration::from_secs(1);
/// How long connections are kept for the next mail. Mail servers wait five minutes (RFC 5321, section 4.5.3.2.7); routers
/// often forget sooner.
const IDLE: StdDuration = StdDuration::from_secs(30);
/// How long mails that are being sent may take to end after a stop. Others are given up, to be sent again.
const GRACE: StdDuration = StdDuration::from_secs(2);

/// Delivers queued mails, of each kind as many at once as the settings say: kinds of mail do not wait for each other.
///
/// The order for a mail with a token — lease, look up, mint, store the hash, send, finish — makes every mailed token
/// one that works, and keeps every raw token out of the store. A crash in between repeats the mail with a new token.
pub struct MailWorker {
    dispatcher: Arc<Dispatcher>,
    wake: Arc<Wake>,
}

/// Wakes the worker when a commit of this process queues a mail, and tells the counters of every commit.
struct Wake {
    queued: Notify,
    counters: Arc<MailCounters>,
}

impl CommitObserver for Wake {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        self.counters.committed(work, committed);
        let queues = |change: &Change| matches!(change, Change::EnqueueMail(_) | Change::RetryMail { .. });
        if work.changes().iter().any(queues) {
            self.queued.notify_one();
        }
    }
}

/// The mails that are being delivered. If it is dropped, so are they.
struct InFlight {
    deliveries: JoinSet<Result<(), StoreFailure>>,
    /// How many more of each kind can be sent at once.
    places: Vec<(MailKind, Arc<Semaphore>)>,
}

impl InFlight {
    fn new(of_each_kind: usize) -> Self {
        let places = MailKind::ALL.map(|kind| (kind, Arc::new(Semaphore::new(of_each_kind))));
        Self { deliveries: JoinSet::new(), places: places.into() }
    }

    /// The kinds of which more can be sent, and how many.
    fn room(&self) -> Vec<(MailKind, usize)> {
        let room = self.places.iter().map(|(kind, places)| (*kind, places.available_permits()));
        room.filter(|(_, places)| *places > 0).collect()
    }

    /// Takes a place until the result is dropped.
    fn take_place(&self, kind: MailKind) -> Option<OwnedSemaphorePermit> {
        let (_, places) = self.places.iter().find(|(other, _)| *other == kind)?;
        Arc::clone(places).try_acquire_owned().ok()
    }
}

impl MailWorker {
    /// Creates a worker; it does nothing before [`Self::run`].
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings, mailer: Arc<dyn Mailer>) -> Self {
        let (counters, given_up) = (Arc::<MailCounters>::default(), watch::Sender::new(false));
        let wake = Arc::new(Wake { queued: Notify::new(), counters: Arc::clone(&counters) });
        let dispatcher = Dispatcher { ports, settings, mailer, counters, given_up };
        Self { dispatcher: Arc::new(dispatcher), wake }
    }

    /// Returns the observer that wakes the worker when a commit queues a mail, and logs the jobs that a commit ends;
    /// register it with the store. Without it, new mails wait for the next look at the queue.
    #[must_use]
    pub fn observer(&self) -> Arc<dyn CommitObserver> {
        Arc::clone(&self.wake) as Arc<dyn CommitObserver>
    }

    /// What it has done so far, kept up to date.
    #[must_use]
    pub fn counters(&self) -> Arc<MailCounters> {
        Arc::clone(&self.dispatcher.counters)
    }

    /// Delivers whatever is due, until `stop` becomes true. Begins no mail after that. Mails that are being sent may take
    /// two more seconds; then they are given up and due again, so that another process need not wait for their leases.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let (mut under_way, mut poll) = (self.nothing_yet(), tokio::time::interval(POLL));
        while !*stop.borrow_and_update() {
            if let Err(error) = self.begin_due(&mut under_way).await {
                log::warn!("the mail queue cannot be read: {error}");
            }
            tokio::select! {
                Some(ended) = under_way.deliveries.join_next() => report(ended),
                () = self.wake.queued.notified() => {}
                _ = poll.tick() => {
                    let mailer = Arc::clone(&self.dispatcher.mailer);
                    // Not waited for: a server may take its time to say goodbye.
                    tokio::spawn(async move { mailer.close_idle(IDLE).await });
                }
                changed = stop.changed() => if changed.is_err() { break },
            }
        }
        if timeout(GRACE, finish(&mut under_way)).await.is_err() {
            self.dispatcher.given_up.send_replace(true);
            finish(&mut under_way).await;
            self.dispatcher.given_up.send_replace(false);
        }
        self.dispatcher.mailer.close_idle(StdDuration::ZERO).await;
    }

    /// Delivers what is due now, and returns how many jobs were worked on. For programs that have no loop of their
    /// own, and for tests.
    ///
    /// # Errors
    /// The store failed. What was leased and not finished becomes due again when its lease ends.
    pub async fn deliver_now(&self) -> Result<usize, Failure> {
        let (mut under_way, mut result) = (self.nothing_yet(), Ok(0));
        loop {
            // After a failure nothing is begun any more, but what was begun is brought to its end.
            if let Ok(count) = result {
                result = self.begin_due(&mut under_way).await.map(|begun| count + begun);
            }
            match under_way.deliveries.join_next().await {
                Some(Ok(Err(error))) => result = Err(error.into()),
                Some(ended) => report(ended),
                None => return result,
            }
        }
    }

    /// Begins to deliver what is due, as far as there is somebody to do it at once: what one worker leases, no other can
    /// send, and a lease that waited its turn would be shorter than the sending may take.
    async fn begin_due(&self, under_way: &mut InFlight) -> Result<usize, Failure> {
        let room = under_way.room();
        if room.is_empty() {
            return Ok(0);
        }
        let jobs = self.dispatcher.lease(&room).await?;
        let begun = jobs.len();
        for job in jobs {
            let (post, place) = (Arc::clone(&self.dispatcher), under_way.take_place(job.mail.kind()));
            under_way.deliveries.spawn(async move {
                let _until_the_end = place;
                post.deliver(&job).await
            });
        }
        Ok(begun)
    }

    fn nothing_yet(&self) -> InFlight {
        InFlight::new(self.dispatcher.settings.mail_workers.max(1))
    }
}

async fn finish(under_way: &mut InFlight) {
    while let Some(ended) = under_way.deliveries.join_next().await {
        report(ended);
    }
}

fn report(ended: Result<Result<(), StoreFailure>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::warn!("a mail that is dealt with stays leased for a while: {error}"),
        // Not with what it says: that could be anything.
        Err(_) => log::error!("the delivery of a mail panicked; it is repeated when its lease ends"),
    }
}
