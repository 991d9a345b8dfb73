//! Units of work in which each precondition has an error of the use case.

use std::{borrow::Cow, future::Future};

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, UserValues};

use crate::{
    common::failure::Failure,
    ports::{
        AccessContext, Actor, PasswordHash, Ports, TokenHash, TokenPurpose,
        store::{
            AuditEvent, BucketKey, ClientKind, CommitError, Committed, KeyId, Lease, MailJobId, NameKey,
            Needs, NewKey, NewMailJob, NewSession, Precondition, Purge, Quota, Registration, SessionId,
            SessionValidity, StoreFailure, UniqueKey, UnitOfWork, UserRef, verbs,
        },
    },
};

/// How often a change is decided anew because another request changed the user in between.
const MAX_RETRIES: usize = 32;

/// The actor does not have the role that a unit needs, or has it no longer.
const NOT_ADMIN: Failure = Failure::Forbidden(Cow::Borrowed("this is for administrators"));

/// The service key does not have a scope that a unit needs.
const NO_SCOPE: Failure = Failure::Forbidden(Cow::Borrowed("the service key does not have the scope"));

/// A [`UnitOfWork`] under construction. A change that can be refused is added together with the error that its refusal
/// means, so that no use case can overlook a precondition that its unit carries.
///
/// A unit of an actor begins with `AccountService::by`, every other one with [`Self::exempt`].
///
/// Changes that need a user (tokens, sessions, mails) can be refused if it is gone: they belong behind a change that
/// expects the user.
#[must_use = "a unit of work does nothing until it is committed"]
pub(crate) struct Work<E> {
    unit: UnitOfWork,
    refusals: Vec<(CommitError, E)>,
    /// The refusal to an actor that is not what the unit needs.
    forbidden: Failure,
}

macro_rules! verbs_of_work {
    ($($verb:ident($($name:ident: $type:ty),*) => $change:ident $fields:tt $(or $precondition:ident)?;)*) => {
        impl<E> Work<E> {$(
            verbs_of_work! { @verb $verb($($name: $type),*) $($precondition)? }
        )*}
    };
    // These have several errors, or none that a use case words: they are written out below.
    (@verb $verb:ident($($name:ident: $type:ty),*) Conflict) => {};
    (@verb $verb:ident($($name:ident: $type:ty),*) QueueRoom) => {};
    // A change that is never refused.
    (@verb $verb:ident($($name:ident: $type:ty),*)) => {
        pub fn $verb(mut self, $($name: $type),*) -> Self {
            self.unit = self.unit.$verb($($name),*);
            self
        }
    };
    (@verb $verb:ident($($name:ident: $type:ty),*) $precondition:ident) => {
        pub fn $verb(mut self, $($name: $type,)* otherwise: E) -> Self {
            self.unit = self.unit.$verb($($name),*);
            self.refused(CommitError::PreconditionFailed(Precondition::$precondition), otherwise)
        }
    };
}
verbs! { verbs_of_work }

impl<E> Work<E> {
    /// Begins a unit of an actor, who must be what it needs when it is committed. See `AccountService::by`.
    pub fn by(context: &AccessContext, needs: Needs, validity: SessionValidity) -> Result<Self, Failure> {
        let forbidden = match context.actor {
            Actor::Service { .. } => NO_SCOPE,
            _ => NOT_ADMIN,
        };
        match UnitOfWork::by(context, needs, validity) {
            Ok(unit) => Ok(Self { unit, refusals: Vec::new(), forbidden }),
            Err(Precondition::Actor) => Err(Failure::Unauthenticated),
            Err(_) => Err(forbidden),
        }
    }

    /// Begins a unit for which no actor has to be signed in: one of the service itself; of a client that may do this without a
    /// session, or shows a password or a token for it; or one that charges limits or records a refusal, whoever acts.
    pub const fn exempt() -> Self {
        Self { unit: UnitOfWork::new(), refusals: Vec::new(), forbidden: NOT_ADMIN }
    }

    /// Queues a mail, however many wait.
    pub fn enqueue_mail(mut self, job: NewMailJob) -> Self {
        self.unit = self.unit.enqueue_mail(NewMailJob { capacity: None, ..job });
        self
    }

    pub fn insert_user(
        mut self,
        values: UserValues,
        password: Option<PasswordHash>,
        at: DateTime<Utc>,
        taken: impl Fn(UniqueKey) -> E,
    ) -> Self {
        self.unit = self.unit.insert_user(values, password, at);
        self.refused_if_taken(taken)
    }

    /// Replaces the values of `user`, which must still be as it was read.
    pub fn update_user(
        mut self,
        user: &User,
        values: UserValues,
        at: DateTime<Utc>,
        changed: E,
        taken: impl Fn(UniqueKey) -> E,
    ) -> Self {
        self.unit = self.unit.update_user(user.id, user.revision, values, at);
        self.refused(CommitError::PreconditionFailed(Precondition::User), changed).refused_if_taken(taken)
    }

    fn refused(mut self, refusal: CommitError, otherwise: E) -> Self {
        self.refusals.push((refusal, otherwise));
        self
    }

    fn refused_if_taken(self, taken: impl Fn(UniqueKey) -> E) -> Self {
        [UniqueKey::Username, UniqueKey::Email]
            .into_iter()
            .fold(self, |work, key| work.refused(CommitError::Conflict(key), taken(key)))
    }

    /// Commits the unit. The inner error is the use case's.
    pub async fn outcome(self, ports: &Ports) -> Result<Result<Committed, E>, Failure> {
        let error = match ports.store.commit(self.unit).await {
            Ok(committed) => return Ok(Ok(committed)),
            Err(error) => error,
        };
        match (self.refusals.into_iter().find(|(refusal, _)| *refusal == error), error) {
            (Some((_, otherwise)), _) => Ok(Err(otherwise)),
            (None, CommitError::Failed(failure)) => Err(failure.into()),
            (None, CommitError::PreconditionFailed(Precondition::Actor)) => Err(Failure::Unauthenticated),
            (None, CommitError::PreconditionFailed(Precondition::Role)) => Err(self.forbidden),
            (None, CommitError::RateLimited { retry_after }) => Err(Failure::RateLimited(retry_after)),
            // Only a faulty store refuses a unit for what is not in it.
            (None, error @ (CommitError::Conflict(_) | CommitError::PreconditionFailed(_))) => {
                Err(StoreFailure::Corrupt(error.into()).into())
            }
        }
    }
}

impl<E: From<Failure>> Work<E> {
    /// Queues a mail for a stranger, unless `capacity` of its kind wait.
    pub fn enqueue_mail_within(mut self, capacity: u32, job: NewMailJob) -> Self {
        self.unit = self.unit.enqueue_mail(job.within(capacity));
        self.refused_if_full("too many requests are waiting")
    }

    /// Keeps a pending registration, unless `capacity` of others are kept.
    pub fn put_registration(mut self, registration: Registration, capacity: u32) -> Self {
        self.unit = self.unit.put_registration(registration, capacity);
        self.refused_if_full("too many sign-ups are waiting")
    }

    fn refused_if_full(self, reason: &'static str) -> Self {
        let refusal = CommitError::PreconditionFailed(Precondition::QueueRoom);
        self.refused(refusal, Failure::overloaded(reason).into())
    }

    /// Commits the unit.
    pub async fn commit(self, ports: &Ports) -> Result<Committed, E> {
        self.outcome(ports).await?
    }
}

impl<E: From<Failure>> Work<Option<E>> {
    /// Commits the unit; `None` if it is refused for what has no error, because it is to be decided anew.
    pub async fn attempt(self, ports: &Ports) -> Result<Option<Committed>, E> {
        match self.outcome(ports).await? {
            Ok(committed) => Ok(Some(committed)),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }
}

/// Reads and decides anew for as long as `attempt` returns `None`: another request changed the user in between.
pub(crate) async fn retry<T, E: From<Failure>, F: Future<Output = Result<Option<T>, E>>>(
    attempt: impl Fn() -> F,
) -> Result<T, E> {
    for _ in 0..MAX_RETRIES {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
    }
    Err(Failure::overloaded("the user is being changed by others").into())
}
