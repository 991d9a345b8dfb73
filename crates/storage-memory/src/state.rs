//! What is in the store.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{
        AuditEvent, AuditId, BucketKey, CommitError, KeyId, MailJobId, NameKey, Precondition, Registration,
        ServiceKey, Session, SessionId, StoredToken,
    },
};

use crate::{
    rows::{Job, JobKey, UserRow},
    table::Table,
};

/// Declares the tables once, for the state and for what it does with all of them.
macro_rules! state {
    ($($(#[$doc:meta])* $table:ident: $key:ty => $row:ty,)*) => {
        #[derive(Default)]
        pub struct State {
            /// The last numbers that were given: they never go back, not even with a failed unit.
            last_user: i64,
            /// Of sessions, service keys, jobs and audit records together.
            last_id: i64,
            $($(#[$doc])* pub $table: Table<$key, $row>,)*
        }

        impl State {
            /// Forgets how it was before: the unit is applied.
            pub fn keep(&mut self) {
                $(self.$table.keep();)*
            }

            /// Takes back what the unit has changed.
            pub fn undo(&mut self) {
                $(self.$table.undo();)*
            }
        }
    };
}

state! {
    users: UserId => UserRow,
    /// By [`denizen_models::Username::key`].
    usernames: String => UserId,
    /// By [`denizen_models::EmailAddress::key`].
    emails: String => UserId,
    /// Who gave the name up, and when.
    freed_names: NameKey => (UserId, DateTime<Utc>),
    tokens: (TokenPurpose, TokenHash) => StoredToken,
    token_of_user: (UserId, TokenPurpose) => TokenHash,
    sessions: SessionId => Session,
    session_by_token: TokenHash => SessionId,
    sessions_of_user: (UserId, SessionId) => (),
    keys: KeyId => ServiceKey,
    key_by_hash: TokenHash => KeyId,
    jobs: MailJobId => Job,
    job_for: JobKey => MailJobId,
    /// By [`denizen_models::EmailAddress::key`].
    registrations: String => Registration,
    registration_by_token: TokenHash => String,
    audit: AuditId => AuditEvent<UserId>,
    /// When each will be full again, in microseconds since 1970.
    buckets: BucketKey => i64,
    /// By limit.
    buckets_by_time: (&'static str, i64, BucketKey) => (),
    bucket_counts: &'static str => u32,
}

impl State {
    pub fn next_user(&mut self) -> UserId {
        self.last_user += 1;
        UserId::new(self.last_user)
    }

    pub fn skip_ids(&mut self, count: i64) {
        self.last_user += count;
        self.last_id += count;
    }

    pub fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }
}

/// What was found; otherwise the precondition does not hold.
pub fn require<T>(found: Option<T>, otherwise: Precondition) -> Result<T, CommitError> {
    found.ok_or(CommitError::PreconditionFailed(otherwise))
}
