//! What happens to one mail job: lease, send, finish.

use std::{sync::Arc, time::Duration as StdDuration};

use chrono::{DateTime, Duration, Utc};
use tokio::sync::watch;

use crate::{
    common::{DeliveryContext, DeliveryError, Failure, ServiceSettings},
    metrics::{MailCounters, MailResult},
    ports::{
        MailError, Mailer, NoticeTemplate, Ports, RandomnessError,
        store::{Lease, LeasedMail, MailJob, MailKind, MailOutcome, StoreFailure, UnsentReason},
    },
};

/// How long a worker may take over one mail before another one may try. Longer than any transport's time-out and the
/// attempts to finish together.
const LEASE: Duration = Duration::minutes(5);
/// The pauses between attempts to finish a job double from one second to this, and make half a minute together.
const LONGEST_PAUSE: StdDuration = StdDuration::from_secs(16);

/// The ports of a worker.
pub(super) struct Dispatcher {
    pub ports: Ports,
    pub settings: ServiceSettings,
    pub mailer: Arc<dyn Mailer>,
    pub counters: Arc<MailCounters>,
    /// Becomes true when mails that are being sent are not waited for any longer.
    pub given_up: watch::Sender<bool>,
}

impl Dispatcher {
    /// Leases jobs that are due, of each kind as many as there is room for.
    pub async fn lease(&self, room: &[(MailKind, usize)]) -> Result<Vec<LeasedMail>, Failure> {
        let (id, now) = (self.draw()?, self.ports.clock.now());
        Ok(self.ports.store.lease_mail(id, now, now + LEASE, room).await?)
    }

    fn draw(&self) -> Result<i64, RandomnessError> {
        let mut bytes = [0; 8];
        self.ports.tokens.fill(&mut bytes)?;
        Ok(i64::from_le_bytes(bytes))
    }

    pub async fn deliver(&self, job: &LeasedMail) -> Result<(), StoreFailure> {
        let (kind, request) = (job.mail.kind().as_str(), &job.request_id);
        let mut given_up = self.given_up.subscribe();
        let sent = tokio::select! {
            sent = self.send(job) => sent,
            // The sender is alive as long as this is.
            _ = given_up.wait_for(|given_up| *given_up) => {
                Err(DeliveryError::Mail(MailError::Temporary("the server was stopped".to_owned().into())))
            }
        };
        let outcome = match sent {
            Ok(()) => {
                log::debug!("mail {kind} of {request}: sent");
                self.counters.add(job.mail.kind(), MailResult::Sent);
                MailOutcome::Done
            }
            Err(DeliveryError::Unsent { reason, .. }) => {
                self.counters.add_unsent(job.mail.kind(), request, reason);
                MailOutcome::Done
            }
            // Finishing only releases the job, which stays due for the newer request.
            Err(error @ DeliveryError::Renewed) => {
                self.counters.add_unsent(job.mail.kind(), request, UnsentReason::Replaced);
                MailOutcome::Retry { at: self.ports.clock.now(), reason: error.to_string() }
            }
            Err(error @ DeliveryError::Changed) => self.retry(job, error.to_string()),
            Err(DeliveryError::Mail(MailError::Permanent(reason))) => {
                log::error!("mail {kind} of {request} is given up: {reason}");
                self.counters.add(job.mail.kind(), MailResult::GivenUp);
                MailOutcome::Dead { reason: reason.to_string() }
            }
            Err(error @ (DeliveryError::Mail(MailError::Temporary(_)) | DeliveryError::Failure(_))) => {
                log::warn!("mail {kind} of {request} not sent: {error}");
                self.retry(job, error.to_string())
            }
        };
        if !self.finish(job.lease, outcome).await? {
            log::warn!("mail {kind} of {request}: the lease was lost; the mail may arrive twice");
        }
        Ok(())
    }

    /// Sends the mail of `job`, or records that it is not to be sent.
    async fn send(&self, job: &LeasedMail) -> Result<(), DeliveryError> {
        let delivery = DeliveryContext { ports: &self.ports, settings: &self.settings, job };
        let mail = match &job.mail {
            MailJob::PasswordReset { address } => delivery.password_reset(address).await,
            MailJob::SignUp { address } => delivery.sign_up(address).await,
            MailJob::EmailVerification { address } => delivery.email_verification(address).await,
            MailJob::Invitation { user } => delivery.invitation(*user).await,
            MailJob::EmailChange { user, address } => delivery.email_change(*user, address).await,
            MailJob::PasswordChanged { user } => {
                delivery.notice(*user, None, NoticeTemplate::PasswordChanged).await
            }
            MailJob::EmailChanged { user, address } => {
                delivery.notice(*user, Some(address), NoticeTemplate::EmailChanged).await
            }
            MailJob::AccountDeleted { address } => delivery.farewell(address),
        };
        if let Err(DeliveryError::Unsent { user: Some(user), .. }) = mail {
            delivery.record_unsent(user).await?;
        }
        Ok(self.mailer.send(&mail?).await?)
    }

    /// A second after the first failure, then twice as long each time, at most 6 hours; and up to a quarter longer, lest
    /// what failed together be tried together again. The last time when the mail is as old as it may become; a mail that
    /// is older already was tried because an operator wanted it, and is not tried again by itself.
    fn retry(&self, job: &LeasedMail, reason: String) -> MailOutcome {
        let now = self.ports.clock.now();
        let oldest = job.requested_at.checked_add_signed(self.settings.mail_max_age);
        let oldest = oldest.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if now >= oldest {
            let (kind, request) = (job.mail.kind().as_str(), &job.request_id);
            log::error!("mail {kind} of {request} is given up, being too old: {reason}");
            self.counters.add(job.mail.kind(), MailResult::GivenUp);
            return MailOutcome::Dead { reason };
        }
        self.counters.add(job.mail.kind(), MailResult::Failed);
        let delay = Duration::seconds(1 << job.attempts.min(15)).min(Duration::hours(6));
        MailOutcome::Retry { at: (now + delay + self.jitter(delay / 4)).min(oldest), reason }
    }

    /// Anything between nothing and `most`. Without randomness it is nothing, which is no reason to lose the mail.
    fn jitter(&self, most: Duration) -> Duration {
        let most = most.num_microseconds().unwrap_or(0).unsigned_abs();
        let drawn = self.draw().map_or(0, i64::unsigned_abs) % (most + 1);
        Duration::microseconds(drawn.try_into().unwrap_or(0))
    }

    /// Writes down what became of a job. If that fails, a mail that is sent will be sent once more: so a store that is
    /// busy for a moment is asked again.
    async fn finish(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreFailure> {
        let mut pause = StdDuration::from_secs(1);
        loop {
            match self.ports.store.finish_mail(lease, outcome.clone()).await {
                Err(error) if pause <= LONGEST_PAUSE => {
                    log::debug!("a mail job is not finished yet: {error}");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                finished => return finished,
            }
        }
    }
}
