//! The queue of mail jobs.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::UserId;

use crate::state::State;
use denizen_services::store::{
    CommitError, Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailPhase, MailQuery,
    NewMailJob, Precondition, QueuedMail, Recipient,
};

const NO_JOB: CommitError = CommitError::PreconditionFailed(Precondition::MailJob);

/// For whom there is one job at most of a kind that carries a token.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    Address(String),
    User(UserId),
}

#[derive(Clone)]
pub struct Job {
    pub mail: MailJob<UserId>,
    pub requested_at: DateTime<Utc>,
    ip: Option<IpAddr>,
    request_id: String,
    generation: i64,
    attempts: u32,
    due_at: DateTime<Utc>,
    dead: bool,
    reason: Option<String>,
    /// By whom it is leased, and until when.
    lease: Option<(i64, DateTime<Utc>)>,
}

impl Job {
    fn new(job: &NewMailJob, mail: MailJob<UserId>) -> Self {
        Self {
            mail,
            requested_at: job.at,
            ip: job.ip,
            request_id: job.request_id.clone(),
            generation: 1,
            attempts: 0,
            due_at: job.at,
            dead: false,
            reason: None,
            lease: None,
        }
    }

    /// Of which there is one job at most; absent for kinds without a token.
    fn key(&self) -> Option<(MailKind, Party)> {
        let party = match self.mail.recipient() {
            Recipient::Address(address) => Party::Address(address),
            Recipient::User(user) | Recipient::UserAt(user, _) => Party::User(user),
        };
        let kind = self.mail.kind();
        kind.carries_token().then_some((kind, party))
    }

    fn waits_for_an_address(&self) -> bool {
        !self.dead && self.mail.user().is_none()
    }

    fn is_free_at(&self, now: DateTime<Utc>) -> bool {
        !self.dead && self.due_at <= now && self.lease.is_none_or(|(_, until)| until <= now)
    }

    pub fn phase_at(&self, now: DateTime<Utc>) -> MailPhase {
        MailPhase::at(now, self.dead, self.due_at, self.lease.map(|(_, until)| until))
    }

    /// When it was asked for, if it is dead.
    pub fn dead_since(&self) -> Option<DateTime<Utc>> {
        self.dead.then_some(self.requested_at)
    }

    /// Whether `query` asks for it, its limit and its bookmark aside.
    pub fn matches(&self, query: &MailQuery) -> bool {
        query.dead.is_none_or(|dead| dead == self.dead)
    }

    fn is_held_by(&self, lease: Lease) -> bool {
        self.lease.is_some_and(|(id, _)| id == lease.id)
    }

    pub fn queued(&self, id: MailJobId) -> QueuedMail {
        QueuedMail {
            id,
            mail: self.mail.clone(),
            requested_at: self.requested_at,
            request_id: self.request_id.clone(),
            generation: self.generation,
            attempts: self.attempts,
            due_at: self.due_at,
            dead: self.dead,
            reason: self.reason.clone(),
        }
    }
}

impl State {
    pub fn enqueue_mail(
        &mut self,
        new: &NewMailJob,
        mail: MailJob<UserId>,
    ) -> Result<MailJobId, CommitError> {
        if let Some(user) = mail.user() {
            self.existing(user)?;
        }
        let fresh = Job::new(new, mail);
        let Some(key) = fresh.key() else {
            let id = MailJobId(self.next_id());
            self.jobs.insert(id, fresh);
            return Ok(id);
        };
        let waiting = self.jobs.rows().values().filter(|job| job.waits_for_an_address()).count();
        let is_full = |capacity| u32::try_from(waiting).is_ok_and(|waiting| waiting >= capacity);
        if fresh.mail.user().is_none() && new.capacity.is_some_and(is_full) {
            return Err(CommitError::PreconditionFailed(Precondition::QueueRoom));
        }
        if let Some(id) = self.job_for.get(&key).copied() {
            self.jobs.change(id, |job| {
                *job = Job { generation: job.generation + 1, lease: job.lease, ..fresh };
            });
            return Ok(id);
        }
        let id = MailJobId(self.next_id());
        self.job_for.insert(key, id);
        self.jobs.insert(id, fresh);
        Ok(id)
    }

    pub fn expect_lease(&self, lease: Lease) -> Result<(), CommitError> {
        let job = self.jobs.get(&lease.job);
        let mine = job.filter(|job| job.is_held_by(lease) && job.generation == lease.generation);
        mine.map(|_| ()).ok_or(CommitError::PreconditionFailed(Precondition::Lease))
    }

    pub fn lease_mail(
        &mut self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Vec<LeasedMail> {
        let free = self.jobs.rows().iter().filter(|(_, job)| job.is_free_at(now));
        let mut free: Vec<_> = free.map(|(id, job)| (job.due_at, *id)).collect();
        free.sort_unstable();
        free.truncate(limit);
        let lease = |(_, id)| {
            self.jobs.change(id, |job| {
                job.lease = Some((lease_id, until));
                LeasedMail {
                    lease: Lease { job: id, id: lease_id, generation: job.generation },
                    mail: job.mail.clone(),
                    attempts: job.attempts,
                    requested_at: job.requested_at,
                    ip: job.ip,
                    request_id: job.request_id.clone(),
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
        let renewed = job.generation != lease.generation;
        if matches!(outcome, MailOutcome::Done) && !renewed {
            self.remove_job(lease.job);
        } else {
            self.jobs.change(lease.job, |job| {
                job.lease = None;
                if !renewed {
                    job.fail(outcome);
                }
            });
        }
        self.keep();
        true
    }

    pub fn retry_mail(&mut self, id: MailJobId, now: DateTime<Utc>) -> Result<(), CommitError> {
        let retried = self.jobs.change(id, |job| {
            *job = Job { due_at: now, dead: false, attempts: 0, reason: None, ..job.clone() };
        });
        retried.ok_or(NO_JOB)
    }

    pub fn drop_mail(&mut self, id: MailJobId) -> Result<(), CommitError> {
        self.remove_job(id).ok_or(NO_JOB)
    }

    pub fn remove_job(&mut self, id: MailJobId) -> Option<()> {
        if let Some(key) = self.jobs.remove(&id)?.key() {
            self.job_for.remove(&key);
        }
        Some(())
    }

    pub fn remove_jobs_of(&mut self, user: UserId) {
        let mine = self.jobs.rows().iter().filter(|(_, job)| job.mail.user() == Some(user));
        let ids: Vec<_> = mine.map(|(id, _)| *id).collect();
        for id in ids {
            self.remove_job(id);
        }
    }
}

impl Job {
    fn fail(&mut self, outcome: MailOutcome) {
        match outcome {
            MailOutcome::Done => {}
            MailOutcome::Retry { at, reason } => {
                self.attempts += 1;
                self.due_at = at;
                self.reason = Some(reason);
            }
            MailOutcome::Dead { reason } => {
                self.attempts += 1;
                self.dead = true;
                self.reason = Some(reason);
            }
        }
    }
}
