//! The queue of mail jobs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::{
    CommitError, Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailPhase, NewMailJob,
    Outcome, Precondition, QueuedMail, Recipient, UnsentMail,
};

use crate::{
    rows::{Job, JobKey},
    state::{State, require},
};

impl Job {
    fn is_held_by(&self, lease: Lease) -> bool {
        self.lease.is_some_and(|(id, _)| id == lease.id)
    }

    pub fn phase_at(&self, now: DateTime<Utc>) -> MailPhase {
        MailPhase::at(now, self.queued.dead, self.queued.due_at, self.lease.map(|(_, until)| until))
    }
}

/// Absent for notices to users, of which there can be many jobs.
fn key(mail: &MailJob<UserId>) -> Option<JobKey> {
    let kind = mail.kind();
    match mail.recipient() {
        Recipient::Address(address) => Some((kind, None, Some(address))),
        Recipient::User(user) | Recipient::UserAt(user, _) => {
            kind.carries_token().then_some((kind, Some(user), None))
        }
    }
}

impl State {
    pub fn enqueue_mail(
        &mut self,
        new: &NewMailJob,
        created: Option<UserId>,
    ) -> Result<Outcome, CommitError> {
        let mail = new.mail.resolve(created)?;
        if let Some(user) = mail.user() {
            self.existing(user)?;
        } else if let Some(capacity) = new.capacity {
            let waits = |job: &&Job| !job.queued.dead && job.queued.mail.kind() == mail.kind();
            let waiting = self.jobs.values().filter(waits).count();
            let room = u32::try_from(waiting).is_ok_and(|waiting| waiting < capacity);
            require(room.then_some(()), Precondition::QueueRoom)?;
        }
        let key = key(&mail);
        let renewed = key.as_ref().and_then(|key| self.jobs.get(self.job_for.get(key)?));
        let renewed = renewed.map(|Job { queued, lease, .. }| {
            let may_be_sent = lease.is_some_and(|(_, until)| until > new.at);
            let replaced = (!may_be_sent).then(|| queued.request_id.clone());
            (queued.id, queued.generation + 1, *lease, replaced)
        });
        let (id, generation, lease, replaced) =
            renewed.unwrap_or_else(|| (MailJobId(self.next_id()), 1, None, None));
        if let Some(key) = key {
            self.job_for.insert(key, id);
        }
        let queued = QueuedMail {
            id,
            mail,
            requested_at: new.at,
            request_id: new.request_id.clone(),
            generation,
            attempts: 0,
            due_at: new.at,
            dead: false,
            reason: None,
        };
        let NewMailJob { ip, security_version, .. } = *new;
        self.jobs.insert(id, Job { queued, ip, security_version, lease });
        Ok(Outcome::Job { id, replaced })
    }

    pub fn expect_lease(&self, lease: Lease) -> Result<(), CommitError> {
        let job = self.jobs.get(&lease.job);
        let mine = job.filter(|job| job.is_held_by(lease) && job.queued.generation == lease.generation);
        require(mine, Precondition::Lease).map(|_| ())
    }

    pub fn lease_mail(
        &mut self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        room: &[(MailKind, usize)],
    ) -> Vec<LeasedMail> {
        let free = self.jobs.values().filter(|job| {
            // One that lasts twice as long as one that is given now is of a clock that was wrong.
            let is_over = |(_, end): (i64, DateTime<Utc>)| end <= now || end > until + (until - now);
            !job.queued.dead && job.queued.due_at <= now && job.lease.is_none_or(is_over)
        });
        let mut free: Vec<_> =
            free.map(|job| (job.queued.due_at, job.queued.id, job.queued.mail.kind())).collect();
        free.sort_unstable_by_key(|(due_at, id, _)| (*due_at, *id));
        let mut room: BTreeMap<_, _> = room.iter().copied().collect();
        free.retain(|(_, _, kind)| {
            let left = room.get_mut(kind).filter(|left| **left > 0);
            left.map(|left| *left -= 1).is_some()
        });
        let lease = |(_, id, _)| {
            self.jobs.change(id, |Job { queued, ip, security_version, lease }| {
                *lease = Some((lease_id, until));
                LeasedMail {
                    lease: Lease { job: id, id: lease_id, generation: queued.generation },
                    mail: queued.mail.clone(),
                    attempts: queued.attempts,
                    requested_at: queued.requested_at,
                    ip: *ip,
                    request_id: queued.request_id.clone(),
                    security_version: *security_version,
                }
            })
        };
        let leased = free.into_iter().filter_map(lease).collect();
        self.keep();
        leased
    }

    pub fn finish_mail(&mut self, lease: Lease, outcome: MailOutcome) -> bool {
        let Some(job) = self.jobs.get(&lease.job).filter(|job| job.is_held_by(lease)) else {
            return false;
        };
        let renewed = job.queued.generation != lease.generation;
        self.jobs.change(lease.job, |job| job.lease = None);
        match outcome {
            // The newer request is still to be served.
            _ if renewed => {}
            MailOutcome::Done => drop(self.remove_job(lease.job)),
            MailOutcome::Retry { at, reason } => self.fail(lease.job, Some(at), reason),
            MailOutcome::Dead { reason } => self.fail(lease.job, None, reason),
        }
        self.keep();
        true
    }

    /// With `retry_at`: to be tried again then. Otherwise dead.
    fn fail(&mut self, id: MailJobId, retry_at: Option<DateTime<Utc>>, reason: String) {
        self.jobs.change(id, |Job { queued, .. }| {
            queued.attempts += 1;
            queued.due_at = retry_at.unwrap_or(queued.due_at);
            queued.dead = retry_at.is_none();
            queued.reason = Some(reason);
        });
    }

    pub fn retry_mail(&mut self, id: MailJobId, now: DateTime<Utc>) -> Result<(), CommitError> {
        let retried = self.jobs.change(id, |Job { queued, .. }| {
            *queued = QueuedMail { due_at: now, dead: false, attempts: 0, reason: None, ..queued.clone() };
        });
        require(retried, Precondition::MailJob)
    }

    pub fn remove_job(&mut self, id: MailJobId) -> Option<UnsentMail> {
        let QueuedMail { mail, request_id, .. } = self.jobs.remove(&id)?.queued;
        if let Some(key) = key(&mail) {
            self.job_for.remove(&key);
        }
        Some(UnsentMail { kind: mail.kind(), request_id })
    }

    pub fn remove_jobs_of(&mut self, user: UserId) -> Vec<UnsentMail> {
        let mine = self.jobs.values().filter(|job| job.queued.mail.user() == Some(user));
        let mine: Vec<_> = mine.map(|job| job.queued.id).collect();
        mine.into_iter().filter_map(|id| self.remove_job(id)).collect()
    }
}
