//! The housekeeper: removes expired rows, writes collected last-seen times, ends connections of revoked sessions.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration as StdDuration,
};

use chrono::{DateTime, Duration, Utc};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{
    common::{AccountService, Failure, ServiceSettings, Work, lock},
    ports::{
        AccessContext, LiveSessions,
        store::{
            AuditEvent, AuditKind, LONGEST_DELAY, Needs, Purge, SessionTouch, SessionValidity, StoreFailure,
        },
    },
};

/// How often connections are checked, and the use of sessions is noted.
const SECOND: StdDuration = StdDuration::from_secs(1);
/// How often the rest is done.
const MINUTE: StdDuration = StdDuration::from_secs(60);
/// How many rows of a kind one unit removes, and how many sessions are touched at once: others want to write too.
const BATCH: u32 = 1_000;
/// Dead mails are kept at least this long for somebody to look at.
const DEAD_MAIL: Duration = Duration::days(30);
/// So much longer than its idle time a session is kept, which opens nothing any more: another process may not yet have
/// noted that it is used, and may have another idea of the time.
const GRACE: Duration = Duration::minutes(5);

/// How fast the old end of the audit trail moves when much is past its time: by a day an hour.
const AUDIT_SPEED: i32 = 24;
/// How often the log says so.
const WARNING: StdDuration = StdDuration::from_secs(3600);

/// The instant before which audit records have been removed.
#[derive(Clone, Copy)]
struct AuditEnd {
    at: DateTime<Utc>,
    moved: Instant,
    warned: Option<Instant>,
}

/// Keeps the store in shape, and connections in step with it.
///
/// Every second it ends the connections of sessions that are gone or have expired, and notes which sessions are used. Every
/// minute it notes that sessions with a connection are used too, reads which schemes the password hashes of users have, and
/// removes what has expired: tokens, sessions, sign-ups, mails that were given up long ago, and audit records beyond
/// [`ServiceSettings::audit_retention`]: of these at most a day's share an hour, or a clock that jumps ahead would cost the
/// whole trail.
///
/// Any number of processes may have one each; they do each other's work, and none of it twice.
pub struct Housekeeper {
    accounts: AccountService,
    connections: Option<Arc<dyn LiveSessions>>,
    /// See [`Self::audit_end`].
    audit_end: Mutex<Option<AuditEnd>>,
}

impl Housekeeper {
    /// Creates a housekeeper for the store of `accounts`, and for the connections of this process, if it has any.
    #[must_use]
    pub const fn new(accounts: AccountService, connections: Option<Arc<dyn LiveSessions>>) -> Self {
        Self { accounts, connections, audit_end: Mutex::new(None) }
    }

    /// Keeps house until `stop` becomes true.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        // Side by side: a purge that has much to remove must not keep connections open that were revoked.
        tokio::join!(self.run_every_second(stop.clone()), self.run_every_minute(stop));
    }

    /// Does everything once, and returns how many rows were removed. For programs that have no loop of their own, and
    /// for tests.
    ///
    /// # Errors
    /// The store failed. What was done until then is done.
    pub async fn tidy_now(&self) -> Result<u64, Failure> {
        self.sweep().await?;
        self.accounts.flush_last_seen().await?;
        self.touch_connected().await?;
        self.accounts.refresh_schemes().await?;
        let mut all = 0;
        loop {
            let removed = self.purge(Duration::days(1)).await?;
            all += removed;
            if removed < u64::from(BATCH) {
                return Ok(all);
            }
        }
    }

    async fn run_every_second(&self, mut stop: watch::Receiver<bool>) {
        let mut sweeping = Task::new("closing the connections of ended sessions");
        let mut noting = Task::new("noting which sessions are used");
        while !*stop.borrow() {
            sweeping.report(self.sweep().await);
            noting.report(self.accounts.flush_last_seen().await);
            if !rest(&mut stop, SECOND).await {
                return;
            }
        }
    }

    async fn run_every_minute(&self, mut stop: watch::Receiver<bool>) {
        let mut touching = Task::new("noting which sessions are connected");
        let mut purging = Task::new("removing what has expired");
        let mut reading = Task::new("reading how passwords are hashed");
        while !*stop.borrow() {
            reading.report(self.accounts.refresh_schemes().await);
            // In this order: a session that is in use must not look idle to the purge.
            if touching.report(self.touch_connected().await).is_some() {
                while let Some(removed) = purging.report(self.purge(Duration::zero()).await)
                    && removed >= u64::from(BATCH)
                    && !*stop.borrow()
                {
                    tokio::task::yield_now().await;
                }
            }
            if !rest(&mut stop, MINUTE).await {
                return;
            }
        }
    }

    async fn sweep(&self) -> Result<(), StoreFailure> {
        let Some(connections) = &self.connections else { return Ok(()) };
        let now = self.accounts.ports.clock.now();
        let unseen_since = now - self.accounts.settings.session_idle_timeout;
        let validity = SessionValidity { now, unseen_since };
        connections.end_revoked(self.accounts.ports.store.as_ref(), validity).await
    }

    async fn touch_connected(&self) -> Result<(), StoreFailure> {
        let Some(connections) = &self.connections else { return Ok(()) };
        let (sessions, at) = (connections.connected_sessions(), self.accounts.ports.clock.now());
        for sessions in sessions.chunks(usize::try_from(BATCH).unwrap_or(usize::MAX)) {
            let touches = sessions.iter().map(|session| SessionTouch { session: *session, at }).collect();
            self.accounts.ports.store.touch_sessions(touches).await?;
        }
        Ok(())
    }

    /// Removes some of what is of no use, and lets mails that a clock ahead of time has put off be sent; as many as a batch
    /// or more: there may be more. `first` is for [`Self::audit_end`].
    async fn purge(&self, first: Duration) -> Result<u64, Failure> {
        let now = self.accounts.ports.clock.now();
        let ServiceSettings { session_idle_timeout, mail_max_age, audit_retention, .. } =
            self.accounts.settings;
        let audit_before = match audit_retention {
            Some(retention) => Some(self.audit_end(now, retention, first).await?),
            None => None,
        };
        let purge = Purge {
            expired_at: now,
            sessions_unseen_since: now - session_idle_timeout - GRACE,
            dead_mail_before: now - mail_max_age - DEAD_MAIL,
            usernames_freed_until: now - self.accounts.settings.username_reservation,
            audit_before,
            mail_due_by: now + LONGEST_DELAY,
            limit: BATCH,
        };
        Ok(Work::<Failure>::exempt().purge(purge).commit(&self.accounts.ports).await?.count()?)
    }

    /// Returns the instant before which audit records are to be removed: the end of the retention, but it moves there by a
    /// day an hour at most, and begins `first` behind the earliest record. It skips a gap that is longer than the retention.
    ///
    /// It is a place and no amount: processes that share a store do not add up, and one that restarts again and again
    /// removes nothing.
    async fn audit_end(
        &self,
        now: DateTime<Utc>,
        retention: Duration,
        first: Duration,
    ) -> Result<DateTime<Utc>, StoreFailure> {
        let due = now - retention;
        let Some(earliest) = self.accounts.ports.store.find_earliest_audit_time().await? else {
            return Ok(due);
        };
        let mut end = lock(&self.audit_end);
        let moved = |last: AuditEnd| {
            last.at + Duration::from_std(last.moved.elapsed()).unwrap_or_default() * AUDIT_SPEED
        };
        let next = end.map_or(earliest + first, moved).max(earliest - retention);
        let mut warned = end.and_then(|last| last.warned);
        if due - next > Duration::days(1) && warned.is_none_or(|at| at.elapsed() >= WARNING) {
            log::warn!(
                "much of the audit trail is older than audit_retention: one day of it is removed each hour; \
                 if the setting was not changed, check the clock, which says {}",
                now.format("%F %R")
            );
            warned = Some(Instant::now());
        }
        *end = Some(AuditEnd { at: next.min(due), moved: Instant::now(), warned });
        Ok(next.min(due))
    }
}

impl AccountService {
    /// Makes a database safe that was restored from a backup: ends all sessions, voids all tokens and pending sign-ups
    /// (those that ended since the backup would work again), and skips `skip_ids` ids of every kind (those given since
    /// would be given again). Returns how many rows it removed. For [`Actor::System`](crate::Actor) and
    /// [`Actor::Cli`](crate::Actor) alone, and audited.
    ///
    /// # Errors
    /// Returns an error for other actors, and the failures of the store.
    pub async fn after_restore(&self, context: &AccessContext, skip_ids: u32) -> Result<u64, Failure> {
        let everything = Purge {
            expired_at: DateTime::<Utc>::MAX_UTC,
            sessions_unseen_since: DateTime::<Utc>::MAX_UTC,
            dead_mail_before: DateTime::<Utc>::MIN_UTC,
            usernames_freed_until: DateTime::<Utc>::MIN_UTC,
            mail_due_by: DateTime::<Utc>::MAX_UTC,
            audit_before: None,
            limit: u32::MAX,
        };
        let event = AuditEvent::untargeted(AuditKind::DatabaseRestored, context, self.ports.clock.now());
        let work: Work<Failure> = self.by(context, Needs::Operator)?;
        let keys = self.ports.store.list_keys().await?;
        let work = keys
            .into_iter()
            .fold(work.purge(everything), |work, key| work.revoke_key(key.id, Failure::Unauthenticated));
        let work = work.skip_ids(skip_ids).record(event);
        Ok(work.commit(&self.ports).await?.count()?)
    }
}

/// Waits for the next turn; `false` if it is time to stop, or nobody is left to say so.
async fn rest(stop: &mut watch::Receiver<bool>, time: StdDuration) -> bool {
    timeout(time, stop.wait_for(|stop| *stop)).await.is_err()
}

/// Something that is done again and again, and complained about once for as long as it fails.
struct Task {
    what: &'static str,
    fails: bool,
}

impl Task {
    const fn new(what: &'static str) -> Self {
        Self { what, fails: false }
    }

    fn report<T>(&mut self, result: Result<T, impl fmt::Display>) -> Option<T> {
        let failed_before = std::mem::replace(&mut self.fails, result.is_err());
        match &result {
            Ok(_) if failed_before => log::info!("{} works again", self.what),
            Err(error) if !failed_before => log::warn!("{} fails, and is tried again: {error}", self.what),
            Ok(_) | Err(_) => {}
        }
        result.ok()
    }
}
