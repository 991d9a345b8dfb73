//! Exporting all that is kept about one user.

use std::collections::BTreeMap;

use async_trait::async_trait;
use denizen_models::{
    AuditResponse, ExportedMail, ExportedToken, MailJobState, SessionResponse, UserExport, UserId,
    UserResponse,
};

use super::GetUserError;
use crate::{
    audit,
    common::{AccountService, Failure},
    mail_jobs,
    ports::{
        AccessContext, TokenPurpose,
        store::{AuditQuery, QueuedMail, StoredToken, actor_name},
    },
};

/// The most audit records of each direction in an export.
const MAX_AUDIT: usize = 10_000;

/// Exporting users.
#[async_trait]
pub trait UserExports: Send + Sync {
    /// Returns all that is kept about a user, but for hashes. For the user and for administrators.
    async fn export_user(&self, context: &AccessContext, id: UserId) -> Result<UserExport, GetUserError>;
}

#[async_trait]
impl UserExports for AccountService {
    async fn export_user(&self, context: &AccessContext, id: UserId) -> Result<UserExport, GetUserError> {
        let store = &self.ports.store;
        let user = if context.may_access(id) { store.find_user(id).await? } else { None };
        let user = user.ok_or(GetUserError::IdNotFound(id))?;
        let credentials = store.find_credentials(id).await?.ok_or(GetUserError::IdNotFound(id))?;
        let sessions = store.list_sessions(id).await?.into_iter();
        let sessions: Vec<SessionResponse> = sessions.map(|session| context.view_session(session)).collect();
        let tokens = store.list_tokens(id).await?.into_iter();
        let tokens = tokens.map(|token| shown_token(context.is_self(id), token)).collect();
        let mails = store.list_mail_jobs_for(id, user.values.email.key()).await?;
        Ok(UserExport {
            user: UserResponse::full(user),
            has_password: credentials.hash.is_some(),
            failed_attempts: credentials.failed_attempts.stranger + credentials.failed_attempts.known,
            sessions,
            tokens,
            mails: mails.into_iter().map(shown_mail).collect(),
            audit: self.audit_of(id).await?,
        })
    }
}

impl AccountService {
    /// What was done to the user, and what the user did.
    async fn audit_of(&self, id: UserId) -> Result<Vec<AuditResponse>, Failure> {
        let newest = AuditQuery::newest(MAX_AUDIT);
        let queries = [
            AuditQuery { target: Some(id), ..newest.clone() },
            AuditQuery { actor: Some(actor_name(id)), ..newest },
        ];
        let mut records = BTreeMap::new();
        for query in queries {
            let found = self.ports.store.list_audit_records(&query).await?;
            records.extend(found.into_iter().map(|record| (record.id, audit::shown(record))));
        }
        let own = actor_name(id);
        Ok(records.into_values().rev().map(|record| without_others(record, &own)).collect())
    }
}

/// An administrator's number and IP address are not data about the user.
fn without_others(record: AuditResponse, own: &str) -> AuditResponse {
    if record.actor == own || !record.actor.starts_with("user:") {
        return record;
    }
    AuditResponse { actor: "administrator".to_owned(), ip: None, ..record }
}

fn shown_token(is_self: bool, (purpose, token): (TokenPurpose, StoredToken)) -> ExportedToken {
    let address = token.address.map(|address| address.to_string());
    let address = if is_self { address } else { address.map(|address| mail_jobs::masked(&address)) };
    ExportedToken { purpose: purpose.as_str(), expires_at: token.expires_at, address }
}

fn shown_mail(job: QueuedMail) -> ExportedMail {
    ExportedMail {
        kind: job.mail.kind().as_str(),
        state: if job.dead { MailJobState::Dead } else { MailJobState::Waiting },
        requested_at: job.requested_at,
    }
}
