//! The mail queue, for operators: what waits, what was given up, and what to do about it.

use async_trait::async_trait;
use denizen_models::{MailJobResponse, MailJobState, ValidationErrors};

use crate::{
    common::{AccountService, Failure, Work, embeds_failure, pagination},
    ports::{
        AccessContext,
        store::{AuditEvent, AuditKind, MailJobId, MailQuery, Needs, QueuedMail, Recipient},
    },
};

/// Why nothing is done with a mail job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailJobError {
    /// The job never existed, or was sent or dropped.
    #[error("mail job not found")]
    NotFound,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { MailJobError }

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailJobListQuery {
    /// Only those in this state.
    pub state: Option<MailJobState>,
    /// At most this many, 1 to 200; 50 when absent.
    pub limit: Option<usize>,
    /// Where the page before ended ([`MailJobList::next_cursor`]).
    pub cursor: Option<String>,
}

impl MailJobListQuery {
    fn validate(&self) -> Result<MailQuery, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let dead = self.state.map(|state| state == MailJobState::Dead);
        let limit = pagination::check_limit(&mut errors, self.limit);
        let after = pagination::check_cursor(&mut errors, CURSOR, self.cursor.as_deref()).map(MailJobId);
        errors.into_result(MailQuery { dead, after, limit })
    }
}

const CURSOR: &str = "mail";

/// A page of mail jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailJobList {
    /// Oldest first.
    pub jobs: Vec<MailJobResponse>,
    /// Where the next page begins; none if this is the last.
    pub next_cursor: Option<String>,
}

/// The mails that are not sent yet, or were given up. For administrators.
///
/// Of addresses they see the beginning and the domain. That is enough to tell which mail system refuses mails; the rest
/// may be the address of somebody who has no account here, and of whom a stranger has typed it.
#[async_trait]
pub trait MailJobService: Send + Sync {
    /// The jobs that were asked for, oldest first.
    async fn list_mail_jobs(
        &self,
        context: &AccessContext,
        query: &MailJobListQuery,
    ) -> Result<MailJobList, Failure>;

    /// Lets a job that waits or is dead be tried at once, with all its attempts before it.
    async fn retry_mail_job(&self, context: &AccessContext, job: MailJobId) -> Result<(), MailJobError>;

    /// Gives a job up, and forgets it. A mail that is on its way at this moment still arrives.
    async fn drop_mail_job(&self, context: &AccessContext, job: MailJobId) -> Result<(), MailJobError>;
}

impl AccountService {
    /// Commits a change of this job, together with the record of it.
    async fn change_mail_job(
        &self,
        context: &AccessContext,
        job: MailJobId,
        kind: AuditKind,
        change: impl FnOnce(Work<MailJobError>) -> Work<MailJobError> + Send,
    ) -> Result<(), MailJobError> {
        context.expect_admin("only administrators can change mail jobs").map_err(MailJobError::Failure)?;
        let at = self.ports.clock.now();
        let event = AuditEvent::untargeted(kind, context, at);
        // For whom a job is never changes: what was read before the commit still holds in it.
        let Some(found) = self.find_mail_job(job).await? else {
            self.authorize(context, Needs::Admin).await?;
            return Err(MailJobError::NotFound);
        };
        let target = found.mail.user().map(Into::into);
        let work = change(self.by(context, Needs::Admin)?);
        work.record(AuditEvent { target, ..event }).commit(&self.ports).await.map(|_| ())
    }

    async fn find_mail_job(&self, job: MailJobId) -> Result<Option<QueuedMail>, MailJobError> {
        let query = MailQuery { after: Some(MailJobId(job.0.saturating_sub(1))), ..MailQuery::oldest(1) };
        let mut found = self.ports.store.list_mail_jobs(&query).await?;
        Ok(found.pop().filter(|found| found.id == job))
    }
}

#[async_trait]
impl MailJobService for AccountService {
    async fn list_mail_jobs(
        &self,
        context: &AccessContext,
        query: &MailJobListQuery,
    ) -> Result<MailJobList, Failure> {
        context.expect_admin("only administrators can see mail jobs")?;
        let query = query.validate().map_err(Failure::InvalidQuery)?;
        let one_more = MailQuery { limit: query.limit + 1, ..query };
        let mut jobs = self.ports.store.list_mail_jobs(&one_more).await?;
        let next_cursor = pagination::cut(&mut jobs, query.limit, CURSOR, |job| job.id.0);
        Ok(MailJobList { jobs: jobs.into_iter().map(shown).collect(), next_cursor })
    }

    async fn retry_mail_job(&self, context: &AccessContext, job: MailJobId) -> Result<(), MailJobError> {
        let now = self.ports.clock.now();
        let retry = |work: Work<_>| work.retry_mail(job, now, MailJobError::NotFound);
        self.change_mail_job(context, job, AuditKind::MailRetried, retry).await
    }

    async fn drop_mail_job(&self, context: &AccessContext, job: MailJobId) -> Result<(), MailJobError> {
        let give_up = |work: Work<_>| work.drop_mail(job, MailJobError::NotFound);
        self.change_mail_job(context, job, AuditKind::MailDropped, give_up).await
    }
}

fn shown(job: QueuedMail) -> MailJobResponse {
    let address = match job.mail.recipient() {
        Recipient::Address(address) => Some(masked(&address)),
        Recipient::User(_) => None,
        Recipient::UserAt(_, address) => Some(masked(address.as_str())),
    };
    MailJobResponse {
        id: job.id.0,
        kind: job.mail.kind().as_str(),
        user_id: job.mail.user(),
        address,
        state: if job.dead { MailJobState::Dead } else { MailJobState::Waiting },
        attempts: job.attempts,
        requested_at: job.requested_at,
        due_at: job.due_at,
        reason: job.reason,
        request_id: job.request_id,
    }
}

pub(crate) fn masked(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    format!("{}***@{domain}", local.chars().take(1).collect::<String>())
}
