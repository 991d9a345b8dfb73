//! Reading: without transactions, and never later than what was acknowledged.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username};

use super::{
    audit::{AuditQuery, AuditRecord},
    authority::SessionValidity,
    cursor::{Cursor, UserSort},
    error::StoreFailure,
    mail_jobs::{MailQuery, QueuedMail},
    metrics::MailCounts,
    records::{Credentials, PasswordScheme, Registration, ServiceKey, Session, SessionId, StoredToken},
};
use crate::ports::randomness::{TokenHash, TokenPurpose};

/// Which users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Folded text ([`denizen_models::fold`]), found anywhere in the user name, first or last name if it has three
    /// characters or more, and at their beginning if it has fewer. Empty: everybody.
    pub search: String,
    /// Whether `search` also looks at the e-mail address.
    pub search_email: bool,
    /// Only users with exactly this role.
    pub role: Option<String>,
    /// Only users of this status.
    pub active: Option<bool>,
}

/// Which part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// In which order. Together with a search only [`UserSort::Id`] is allowed.
    pub sort: UserSort,
    /// Behind which user.
    pub after: Option<Cursor>,
    /// At most this many.
    pub limit: usize,
}

impl PageRequest {
    /// Every store calls this before it lists users, so that all refuse the same nonsense.
    ///
    /// # Errors
    /// [`StoreFailure::Malformed`]: a search in another order than by id.
    pub fn check(&self, filter: &UserFilter) -> Result<(), StoreFailure> {
        if filter.search.is_empty() || self.sort == UserSort::Id {
            return Ok(());
        }
        Err(StoreFailure::Malformed("a search is listed by id".into()))
    }
}

/// A part of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserPage {
    /// In the order asked for, without metadata.
    pub users: Vec<User>,
    /// Where the next part begins; none if there is nothing more.
    pub next: Option<Cursor>,
}

/// The read port.
///
/// "Not found" is `Ok(None)`: whether that is an error is for the service to say. A read that begins after a commit
/// was acknowledged MUST see it. No read may look at every user; a list or search that would take too long fails
/// with [`StoreFailure::Busy`]. What else a read can report is [`StoreFailure::Unavailable`] and [`StoreFailure::Corrupt`].
#[async_trait]
pub trait ReadStore: Send + Sync {
    /// The user with this id.
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreFailure>;

    /// The user with this name, whatever its case.
    async fn find_user_by_username(&self, username: &Username) -> Result<Option<User>, StoreFailure>;

    /// The user with this address, whatever its case.
    async fn find_user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreFailure>;

    /// What is needed to check this user's password; `None` if there is no such user.
    async fn find_credentials(&self, user: UserId) -> Result<Option<Credentials>, StoreFailure>;

    /// The schemes of all password hashes of users, in the order of their text. MUST NOT look at the users: a store keeps
    /// count of them as they change.
    async fn list_password_schemes(&self) -> Result<Vec<PasswordScheme>, StoreFailure>;

    /// The users with [`Change::MarkSamplePassword`](super::Change::MarkSamplePassword), by id; at most 100.
    async fn list_sample_passwords(&self) -> Result<Vec<User>, StoreFailure>;

    /// A part of the list of users, without their metadata, which can be as long as all else. The limit is exact: `next` is `Some` only if there is at least one user more. MUST
    /// refuse what [`PageRequest::check`] refuses.
    async fn list_users(&self, filter: &UserFilter, page: &PageRequest) -> Result<UserPage, StoreFailure>;

    /// How many users there are. Costs time in proportion to the answer.
    async fn count_users(&self, filter: &UserFilter) -> Result<u64, StoreFailure>;

    /// The token with this hash, expired or not.
    async fn find_token(
        &self,
        purpose: TokenPurpose,
        hash: &TokenHash,
    ) -> Result<Option<StoredToken>, StoreFailure>;

    /// The tokens of this user, expired or not, in the order of [`TokenPurpose::ALL`].
    async fn list_tokens(&self, user: UserId) -> Result<Vec<(TokenPurpose, StoredToken)>, StoreFailure>;

    /// The session with this hash, expired or not.
    async fn find_session(&self, token: &TokenHash) -> Result<Option<Session>, StoreFailure>;

    /// The session with this number, expired or not.
    async fn find_session_by_id(&self, id: SessionId) -> Result<Option<Session>, StoreFailure>;

    /// The sessions of this user, expired or not, in the order in which they were opened.
    async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreFailure>;

    /// Those of `sessions` that are not live, in any order: they are gone, never were, or have expired.
    async fn list_ended_sessions(
        &self,
        sessions: &[SessionId],
        validity: SessionValidity,
    ) -> Result<Vec<SessionId>, StoreFailure>;

    /// The service key with this hash, expired or not.
    async fn find_key(&self, hash: &TokenHash) -> Result<Option<ServiceKey>, StoreFailure>;

    /// All service keys, expired or not, in the order in which they were created; at most 1,000.
    async fn list_keys(&self) -> Result<Vec<ServiceKey>, StoreFailure>;

    /// The pending registration whose token has this hash, expired or not.
    async fn find_registration(&self, token: &TokenHash) -> Result<Option<Registration>, StoreFailure>;

    /// Audit records that match, newest first: by their numbers, whatever the clocks said.
    async fn list_audit_records(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreFailure>;

    /// When the audit record with the earliest time was written, of those that are left.
    async fn find_earliest_audit_time(&self) -> Result<Option<DateTime<Utc>>, StoreFailure>;

    /// Mail jobs that match, oldest first.
    async fn list_mail_jobs(&self, query: &MailQuery) -> Result<Vec<QueuedMail>, StoreFailure>;

    /// The mail jobs for this user and those for this folded e-mail address ([`EmailAddress::key`]), oldest first.
    async fn list_mail_jobs_for(&self, user: UserId, address: &str) -> Result<Vec<QueuedMail>, StoreFailure>;

    /// How many mail jobs of which kind are in which phase at `now`. Looks at `limit` jobs that are alive and at `limit` dead
    /// ones, those with the lowest numbers, and counts no others: who asks every few seconds must not pay for the length of
    /// a queue.
    async fn count_mail_jobs(&self, now: DateTime<Utc>, limit: usize) -> Result<MailCounts, StoreFailure>;

    /// Whether the store can read and write at this moment, tried for real: a store on a disk writes and reads some of it,
    /// knows what failed a moment ago, and notices that its files are gone.
    ///
    /// # Errors
    /// See [`StoreFailure`]. Every failure means that the store is not ready.
    async fn ping(&self) -> Result<(), StoreFailure>;
}
