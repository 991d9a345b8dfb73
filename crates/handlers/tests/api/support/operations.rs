//! An audit trail and a mail queue as the test says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use denizen_models::{AuditResponse, MailJobResponse, MailJobState, UserId};
use denizen_services::{
    AccessContext, AuditList, AuditListQuery, AuditService, Failure, MailJobError, MailJobList,
    MailJobListQuery, MailJobService, store::MailJobId,
};
use denizen_testkit::FixedClock;

/// What a service was asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    ListAudit(AuditListQuery),
    ListJobs(MailJobListQuery),
    Retry(MailJobId),
    Drop(MailJobId),
}

/// Both services. By default all goes well.
pub struct FakeOperations {
    pub audit: Result<AuditList, Failure>,
    pub jobs: Result<MailJobList, Failure>,
    pub change: Result<(), MailJobError>,
    pub calls: Mutex<Vec<(AccessContext, Asked)>>,
}

impl Default for FakeOperations {
    fn default() -> Self {
        let event = AuditResponse {
            id: 9,
            kind: "user.disabled",
            at: FixedClock::start(),
            actor: "user:1".to_owned(),
            target: Some(UserId::new(7)),
            key: None,
            ip: "192.0.2.7".parse().ok(),
            request_id: "req_1".to_owned(),
        };
        let job = MailJobResponse {
            id: 8,
            kind: "password_reset",
            user_id: None,
            address: Some("a***@example.com".to_owned()),
            state: MailJobState::Waiting,
            attempts: 2,
            requested_at: FixedClock::start(),
            due_at: FixedClock::start(),
            reason: Some("no connection".to_owned()),
            request_id: "req_2".to_owned(),
        };
        Self {
            audit: Ok(AuditList { events: vec![event], next_cursor: Some("cafe".to_owned()) }),
            jobs: Ok(MailJobList { jobs: vec![job], next_cursor: None }),
            change: Ok(()),
            calls: Mutex::default(),
        }
    }
}

impl FakeOperations {
    /// What was asked last, and on whose behalf.
    pub fn last_call(&self) -> (AccessContext, Asked) {
        self.lock().last().cloned().expect("a call of a service")
    }

    /// Whether nobody has asked anything yet.
    pub fn is_untouched(&self) -> bool {
        self.lock().is_empty()
    }

    fn record(&self, context: &AccessContext, asked: Asked) {
        self.lock().push((context.clone(), asked));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(AccessContext, Asked)>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AuditService for FakeOperations {
    async fn list_audit(
        &self,
        context: &AccessContext,
        query: &AuditListQuery,
    ) -> Result<AuditList, Failure> {
        self.record(context, Asked::ListAudit(query.clone()));
        self.audit.clone()
    }
}

#[async_trait]
impl MailJobService for FakeOperations {
    async fn list_mail_jobs(
        &self,
        context: &AccessContext,
        query: &MailJobListQuery,
    ) -> Result<MailJobList, Failure> {
        self.record(context, Asked::ListJobs(query.clone()));
        self.jobs.clone()
    }

    async fn retry_mail_job(&self, context: &AccessContext, job: MailJobId) -> Result<(), MailJobError> {
        self.record(context, Asked::Retry(job));
        self.change.clone()
    }

    async fn drop_mail_job(&self, context: &AccessContext, job: MailJobId) -> Result<(), MailJobError> {
        self.record(context, Asked::Drop(job));
        self.change.clone()
    }
}
