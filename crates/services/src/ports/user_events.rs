//! Events of users, as a port.

use std::sync::Arc;

use denizen_models::UserId;

use crate::ports::store::{Change, CommitObserver, Committed, Outcome, UnitOfWork};

/// A committed change of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserEvent {
    /// The user was created, by an administrator or by a sign-up.
    Created(UserId),
    /// Values of the user changed: name, e-mail address, roles, status, profile.
    Updated(UserId),
    /// The user proved that the e-mail address is theirs, without any other change.
    EmailVerified(UserId),
    /// The user has another password.
    PasswordChanged(UserId),
    /// The user was deleted.
    Deleted(UserId),
}

impl UserEvent {
    /// Returns the event of a change with its outcome, if there is one.
    #[must_use]
    pub fn of(change: &Change, outcome: &Outcome) -> Option<Self> {
        match (change, outcome) {
            (Change::InsertUser { .. }, Outcome::User(user)) => Some(Self::Created(*user)),
            (Change::UpdateUser { user, .. }, _) => Some(Self::Updated(*user)),
            (Change::VerifyEmail { user, .. }, _) => Some(Self::EmailVerified(*user)),
            (Change::SetPassword { user, .. }, _) => Some(Self::PasswordChanged(*user)),
            (Change::DeleteUser { user, .. }, _) => Some(Self::Deleted(*user)),
            _ => None,
        }
    }

    /// Returns the name on the wire, as subscribers of user events receive it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created(_) => "user.created",
            Self::Updated(_) | Self::EmailVerified(_) => "user.updated",
            Self::PasswordChanged(_) => "user.password_changed",
            Self::Deleted(_) => "user.deleted",
        }
    }

    /// Returns the user.
    #[must_use]
    pub const fn user(self) -> UserId {
        match self {
            Self::Created(user)
            | Self::Updated(user)
            | Self::EmailVerified(user)
            | Self::PasswordChanged(user)
            | Self::Deleted(user) => user,
        }
    }
}

/// Receives the events of users, for an application that keeps rows of its own beside them.
pub trait UserObserver: Send + Sync {
    /// Called after the commit and before its caller is answered, in the order of commits, on a thread of the store: it
    /// MUST NOT block (send the event into a channel). Best effort: a crash between commit and call loses the event, and
    /// commits of other processes are not reported.
    fn observe(&self, event: UserEvent);
}

/// Passes the events of commits on.
pub(crate) struct EventRelay(pub Arc<dyn UserObserver>);

impl CommitObserver for EventRelay {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        let outcomes = work.changes().iter().zip(&committed.0);
        outcomes
            .filter_map(|(change, outcome)| UserEvent::of(change, outcome))
            .for_each(|event| self.0.observe(event));
    }
}
