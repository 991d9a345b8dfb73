//! The mail worker: turns queued jobs into mails, in any number of processes at once.

mod delivery;

use std::{sync::Arc, time::Duration as StdDuration};

use chrono::Duration;
use tokio::sync::{Notify, watch};

pub(crate) use self::delivery::{Delivery, DeliveryError};
use crate::{
    defaults::{Ports, ServiceSettings},
    email_change, email_verification, invitation,
    mailer::{MailError, MailMessage, Mailer},
    password_reset, sign_up,
    store::{
        Change, CommitObserver, Committed, LeasedMail, MailKind, MailOutcome, Precondition, Recipient,
        StoreError, UnitOfWork,
    },
};

/// How long a worker may take over one mail before another one may try. Longer than any transport's time-out.
const LEASE: Duration = Duration::minutes(5);
/// How often the queue is looked at without being told to: for jobs of other processes, and for retries.
const POLL: StdDuration = StdDuration::from_secs(1);
/// After this many failures a job is given up. With the delays below that is about a day and a half.
const MAX_ATTEMPTS: u32 = 20;

/// Delivers queued mails.
///
/// The order for a mail with a token — lease, look up, mint, store the hash, send, finish — makes every mailed token
/// one that works, and keeps every raw token out of the store. A crash in between repeats the mail with a new token.
pub struct MailWorker {
    ports: Ports,
    settings: ServiceSettings,
    mailer: Arc<dyn Mailer>,
    wake: Arc<Wake>,
}

/// Wakes the worker when a commit of this process queues a mail.
#[derive(Default)]
struct Wake(Notify);

impl CommitObserver for Wake {
    fn committed(&self, work: &UnitOfWork, _committed: &Committed) {
        if work.changes().iter().any(|change| matches!(change, Change::EnqueueMail(_))) {
            self.0.notify_one();
        }
    }
}

impl MailWorker {
    /// Puts a worker on its ports, and has it told of new mails in `ports.store`.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings, mailer: Arc<dyn Mailer>) -> Self {
        let wake = Arc::new(Wake::default());
        ports.store.observe(Arc::clone(&wake) as Arc<dyn CommitObserver>);
        Self { ports, settings, mailer, wake }
    }

    /// Delivers whatever is due, until `stop` becomes true. Stops between jobs, never within one.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow_and_update() {
            if let Err(error) = self.deliver_due(&stop).await {
                log::warn!("the mail queue cannot be read: {error}");
            }
            tokio::select! {
                () = self.wake.0.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                changed = stop.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Delivers what is due now, and returns how many jobs were worked on. For programs that have no loop of their
    /// own, and for tests.
    ///
    /// # Errors
    /// The store failed. What was leased and not finished becomes due again when its lease ends.
    pub async fn deliver_now(&self) -> Result<usize, StoreError> {
        let (_keep, never) = watch::channel(false);
        self.deliver_due(&never).await
    }

    async fn deliver_due(&self, stop: &watch::Receiver<bool>) -> Result<usize, StoreError> {
        let mut count = 0;
        // One lease at a time: what one worker holds, no other can send, and a stop leaves nothing leased.
        while !*stop.borrow() {
            let now = self.ports.clock.now();
            let jobs = self.ports.store.lease_mail(self.draw_lease_id()?, now, now + LEASE, 1).await?;
            let Some(job) = jobs.first() else { break };
            self.deliver(job).await?;
            count += 1;
        }
        Ok(count)
    }

    fn draw_lease_id(&self) -> Result<i64, StoreError> {
        let mut bytes = [0; 8];
        self.ports.tokens.fill(&mut bytes).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(i64::from_le_bytes(bytes))
    }

    async fn deliver(&self, job: &LeasedMail) -> Result<(), StoreError> {
        let (kind, request) = (job.kind.as_str(), &job.request_id);
        let outcome = match self.send(job).await {
            Ok(sent) => {
                log::debug!(
                    "mail {kind} of {request}: {}",
                    if sent { "sent" } else { "nobody to send it to" }
                );
                MailOutcome::Done
            }
            // A newer request came in. Finishing only releases the job, which stays due for that request.
            Err(DeliveryError::Store(StoreError::PreconditionFailed(Precondition::Lease))) => {
                MailOutcome::Retry {
                    at: self.ports.clock.now(),
                    reason: "a newer request came in".to_owned(),
                }
            }
            Err(DeliveryError::Store(StoreError::PreconditionFailed(Precondition::User))) => {
                self.retry(job, "the account changed meanwhile".to_owned())
            }
            Err(DeliveryError::Mail(MailError::Permanent(reason))) => {
                log::error!("mail {kind} of {request} is given up: {reason}");
                MailOutcome::Dead { reason }
            }
            Err(error) => {
                log::warn!("mail {kind} of {request} not sent: {error}");
                self.retry(job, error.to_string())
            }
        };
        if !self.ports.store.finish_mail(job.lease, outcome).await? {
            log::warn!("mail {kind} of {request}: the lease was lost; the mail may arrive twice");
        }
        Ok(())
    }

    /// Sends the mail of `job`; `false` if there is nobody to send it to.
    async fn send(&self, job: &LeasedMail) -> Result<bool, DeliveryError> {
        let delivery = Delivery { ports: &self.ports, settings: &self.settings, job };
        let mail = match (job.kind, &job.recipient) {
            (MailKind::PasswordReset, Recipient::Address(to)) => {
                password_reset::prepare(delivery, to).await?
            }
            (MailKind::SignUp, Recipient::Address(to)) => sign_up::prepare(delivery, to).await?,
            (MailKind::EmailVerification, Recipient::Address(to)) => {
                email_verification::prepare(delivery, to).await?
            }
            (MailKind::Invitation, Recipient::User(user)) => invitation::prepare(delivery, *user).await?,
            (MailKind::EmailChange, Recipient::UserAt(user, to)) => {
                email_change::prepare(delivery, *user, to).await?
            }
            (MailKind::PasswordChanged, Recipient::User(user)) => {
                let message = MailMessage::PasswordChanged { at: job.requested_at, ip: job.ip };
                delivery.notice(*user, None, message).await?
            }
            (MailKind::EmailChanged, Recipient::UserAt(user, to)) => {
                let message = MailMessage::EmailChanged { at: job.requested_at, ip: job.ip };
                delivery.notice(*user, Some(to), message).await?
            }
            (kind, _) => {
                let reason = format!("a {} mail for the wrong kind of recipient", kind.as_str());
                return Err(MailError::Permanent(reason).into());
            }
        };
        match mail {
            Some(mail) => {
                self.mailer.send(&mail).await?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// 1 s after the first failure, then twice as long each time, at most 6 h.
    fn retry(&self, job: &LeasedMail, reason: String) -> MailOutcome {
        if job.attempts + 1 >= MAX_ATTEMPTS {
            let (kind, request) = (job.kind.as_str(), &job.request_id);
            log::error!("mail {kind} of {request} is given up after {MAX_ATTEMPTS} attempts: {reason}");
            return MailOutcome::Dead { reason };
        }
        let delay = Duration::seconds(1 << job.attempts.min(15)).min(Duration::hours(6));
        MailOutcome::Retry { at: self.ports.clock.now() + delay, reason }
    }
}
