//! What a unit of work locks before anything else.
//!
//! The order is the same in every unit: first advisory locks by number, then users by id, then the actor's session. So two
//! units that need the same wait for each other, but not in a circle.

use std::collections::{BTreeMap, BTreeSet};

use denizen_services::store::{
    Authority, BucketKey, Change, KeyId, MailKind, NameKey, SessionId, UnitOfWork, UserRef,
};
use futures_util::future::join_all;

use crate::{
    engine::{
        error::Failure,
        migrations::LOCK_CLASS,
        sql::{Session, params, statements},
    },
    keys, sessions, users,
};

statements! {
    /// In the order of `:keys`. The class is that of all advisory locks of ours.
    ADVISORY = "SELECT pg_advisory_xact_lock(:class::integer, key) FROM unnest(:keys::integer[]) AS key";
}

/// Numbers of advisory locks on what has no row, beside 0, which is that of migrations.
const ADMINISTRATORS: i64 = 1;
const REGISTRATIONS: i64 = 2;
const KEYS: i64 = 3;
/// And the kind of mail.
const MAIL: i64 = 16;

/// How a user is locked; the later includes the earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ToUser {
    Stay,
    Change,
    Delete,
}

#[derive(Default)]
pub(crate) struct Locks {
    advisory: BTreeSet<i64>,
    users: BTreeMap<i64, ToUser>,
    /// The actor's, and whether the unit may end it.
    session: Option<(SessionId, bool)>,
    /// The actor, if that is a service key.
    key: Option<KeyId>,
}

impl Locks {
    pub fn of(work: &UnitOfWork) -> Self {
        let mut locks = Self::default();
        work.changes().iter().for_each(|change| locks.add(change));
        match work.authority() {
            Some(Authority::User { user, session, .. }) => {
                locks.user(user.get(), ToUser::Stay);
                locks.session = session.map(|session| (session, work.changes().iter().any(ends_sessions)));
            }
            Some(Authority::Key { key, .. }) => locks.key = Some(*key),
            None => {}
        }
        locks
    }

    fn add(&mut self, change: &Change) {
        match change {
            Change::ExpectUser { user, .. } => self.user(user.get(), ToUser::Stay),
            Change::CountFailedAttempt { user: Some(user), .. }
            | Change::ClearFailedAttempts { user, .. }
            | Change::UpdateUser { user, .. }
            | Change::SetPassword { user, .. }
            | Change::MarkSamplePassword { user: UserRef::Id(user) }
            | Change::Rehash { user, .. }
            | Change::VerifyEmail { user, .. } => self.user(user.get(), ToUser::Change),
            Change::DeleteUser { user, .. } => self.user(user.get(), ToUser::Delete),
            Change::ExpectOtherAdministrator { .. } => self.advisory(ADMINISTRATORS),
            Change::PutRegistration { .. } => self.advisory(REGISTRATIONS),
            Change::InsertKey { .. } => self.advisory(KEYS),
            Change::TakeFromBucket { bucket, .. } | Change::ReturnToBucket { bucket, .. } => {
                self.advisory(of_bucket(*bucket));
            }
            Change::ExpectUsername { name, .. } | Change::ReserveUsername { name, .. } => {
                self.advisory(of_name(*name));
            }
            Change::EnqueueMail(job) if job.capacity.is_some() && job.mail.user().is_none() => {
                self.advisory(of_kind(job.mail.kind()));
            }
            // Their own rows are enough.
            Change::CountFailedAttempt { user: None, .. }
            | Change::MarkSamplePassword { .. }
            | Change::ExpectLease(_)
            | Change::InsertUser { .. }
            | Change::PutToken { .. }
            | Change::ConsumeToken { .. }
            | Change::RevokeTokens { .. }
            | Change::InsertSession(_)
            | Change::RevokeSessions { .. }
            | Change::RevokeSession { .. }
            | Change::TrimSessions { .. }
            | Change::RevokeKey { .. }
            | Change::TryRegistration { .. }
            | Change::ConsumeRegistration { .. }
            | Change::EnqueueMail(_)
            | Change::RetryMail { .. }
            | Change::DropMail { .. }
            | Change::Purge(_)
            | Change::SkipIds { .. }
            | Change::Record(_) => {}
        }
    }

    fn advisory(&mut self, key: i64) {
        self.advisory.insert(key);
    }

    fn user(&mut self, user: i64, to: ToUser) {
        let known = self.users.entry(user).or_insert(to);
        *known = to.max(*known);
    }

    /// Takes the locks, for the rest of the transaction. The statements are sent one behind the other and carried out in that
    /// order; a user or session that does not exist is not locked.
    pub async fn take(&self, session: &Session) -> Result<(), Failure> {
        if !self.advisory.is_empty() {
            let keys: Vec<i64> = self.advisory.iter().copied().collect();
            session.execute(ADVISORY, params!(class: i64::from(LOCK_CLASS), keys)).await?;
        }
        let users = self.users.iter().map(|(user, to)| async move {
            let sql = match to {
                ToUser::Stay => users::LOCK_TO_STAY,
                ToUser::Change => users::LOCK_TO_CHANGE,
                ToUser::Delete => users::LOCK_TO_DELETE,
            };
            session.execute(sql, params!(user)).await
        });
        join_all(users).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some((id, may_end)) = self.session {
            let sql = if may_end { sessions::LOCK_TO_END } else { sessions::LOCK_TO_STAY };
            session.execute(sql, params!(session: id)).await?;
        }
        if let Some(key) = self.key {
            session.execute(keys::LOCK_TO_STAY, params!(key)).await?;
        }
        Ok(())
    }
}

fn ends_sessions(change: &Change) -> bool {
    matches!(
        change,
        Change::RevokeSession { .. }
            | Change::RevokeSessions { .. }
            | Change::TrimSessions { .. }
            | Change::DeleteUser { .. }
    )
}

/// The first half of the HMAC's first eight bytes. Two names with one number wait for each other in vain, and no more.
fn of_bucket(bucket: BucketKey) -> i64 {
    number(bucket.as_bytes())
}

fn of_name(name: NameKey) -> i64 {
    number(name.as_bytes())
}

fn number([a, b, c, d, ..]: &[u8; 32]) -> i64 {
    i32::from_be_bytes([*a, *b, *c, *d]).into()
}

fn of_kind(kind: MailKind) -> i64 {
    let place = MailKind::ALL.iter().position(|known| *known == kind);
    MAIL + place.and_then(|place| i64::try_from(place).ok()).unwrap_or(0)
}
