//! The type that implements the features.

use std::{future::Future, sync::Arc};

use chrono::DateTime;
use denizen_models::UserId;

use crate::{
    common::{
        failure::Failure,
        failure_records::FailureRecords,
        last_seen::LastSeenBuffer,
        password_schemes::PasswordSchemes,
        rate_limits::Limiter,
        settings::ServiceSettings,
        turns::Turns,
        work::{self, Work},
    },
    ports::{
        AccessContext, Actor, Ports,
        store::{KeyId, Needs, SessionId, SessionValidity},
    },
};

/// Implements [`UserService`](crate::UserService), [`AuthService`](crate::AuthService),
/// [`AuditService`](crate::AuditService) and [`MailJobService`](crate::MailJobService): each feature implements its trait
/// for this type, in a file of its own. [`Accounts`](crate::Accounts) makes one.
#[derive(Clone)]
pub struct AccountService {
    pub(crate) ports: Ports,
    pub(crate) settings: ServiceSettings,
    pub(crate) limiter: Limiter,
    pub(crate) last_seen: Arc<LastSeenBuffer<SessionId>>,
    pub(crate) last_used: Arc<LastSeenBuffer<KeyId>>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) schemes: Arc<PasswordSchemes>,
    pub(crate) failures: Arc<FailureRecords>,
    pub(crate) sends_mail: bool,
}

impl AccountService {
    /// Creates the service on its ports, in a process or beside one that sends the mails.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings) -> Self {
        let limiter = Limiter::new(ports.clone(), settings.limits);
        let (last_seen, last_used, schemes, failures, turns) = Default::default();
        Self { ports, settings, limiter, last_seen, last_used, schemes, failures, turns, sends_mail: true }
    }

    /// Reads which schemes the password hashes of users have. For the housekeeper: it is not on the path of a request.
    pub(crate) async fn refresh_schemes(&self) -> Result<(), Failure> {
        self.schemes.replace(self.ports.store.list_password_schemes().await?);
        Ok(())
    }

    /// Begins a unit of work of `context`'s actor: the only way to write in the name of a user. What it `needs` of the
    /// actor is checked in the transaction that writes, before all else, so that a request which was held up (by its
    /// body, or by the queue for hashing) acts with the authority of now.
    ///
    /// # Errors
    /// Returns [`Failure::Unauthenticated`] or [`Failure::Forbidden`] if the context itself does not show it.
    pub(crate) fn by<E>(&self, context: &AccessContext, needs: Needs) -> Result<Work<E>, Failure> {
        Work::by(context, needs, self.validity(context))
    }

    /// Decides a change of this user anew for as long as `attempt` returns `None`; see [`work::retry`]. In this process one
    /// such change of a user at a time.
    pub(crate) async fn retry<T, E: From<Failure>, F: Future<Output = Result<Option<T>, E>>>(
        &self,
        user: UserId,
        attempt: impl Fn() -> F,
    ) -> Result<T, E> {
        self.turns.take(user, work::retry(attempt)).await?
    }

    /// Checks what the actor is now, without a change: before an error tells of something that only the actor may know.
    pub(crate) async fn authorize(&self, context: &AccessContext, needs: Needs) -> Result<(), Failure> {
        self.by::<Failure>(context, needs)?.commit(&self.ports).await.map(|_| ())
    }

    /// Uses of a session reach the store about once a minute. One that this process has noted counts as well: a session
    /// that was used by this very request is not idle.
    fn validity(&self, context: &AccessContext) -> SessionValidity {
        let now = self.ports.clock.now();
        let unseen_since = now - self.settings.session_idle_timeout;
        let noted = match &context.actor {
            Actor::User { session, .. } => self.last_seen.noted(*session),
            _ => None,
        };
        let used = noted.is_some_and(|seen| seen > unseen_since);
        SessionValidity { now, unseen_since: if used { DateTime::UNIX_EPOCH } else { unseen_since } }
    }
}
