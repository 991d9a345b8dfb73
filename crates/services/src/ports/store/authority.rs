//! What the actor of a unit of work must be, at the moment of the commit.

use chrono::{DateTime, Utc};
use denizen_models::{ADMIN_ROLE, KeyScope, UserId};

use super::{
    error::Precondition,
    records::{KeyId, SessionId},
};
use crate::ports::context::{AccessContext, Actor};

/// What a unit of work needs of its actor. [`Actor::System`] and [`Actor::Cli`] may do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A signed-in user.
    Session,
    /// An administrator.
    Admin,
    /// This user, or an administrator.
    SelfOrAdmin(UserId),
    /// A service key with all of these scopes.
    Scopes(&'static [KeyScope]),
    /// [`Actor::System`] or [`Actor::Cli`].
    Operator,
}

/// The instants by which a session is live: it expires after `now`, and was used after `unseen_since`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionValidity {
    /// The present.
    pub now: DateTime<Utc>,
    /// A session that was last seen then or earlier has been idle for too long.
    pub unseen_since: DateTime<Utc>,
}

/// What a store checks before the changes of a unit, in the transaction that writes them. Versions are not compared:
/// an administrator whose own e-mail address changes meanwhile is still one.
///
/// Both kinds MUST also hold against units that are applied at the same time: a store that applies several at once locks
/// the actor's rows (on PostgreSQL with `FOR SHARE`, in the order of ids).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// In this order: the user exists and is active, and the session is theirs and live, else [`Precondition::Actor`]; the
    /// user has the role, else [`Precondition::Role`].
    User {
        /// The actor.
        user: UserId,
        /// The actor's session; absent for [`Actor::External`].
        session: Option<SessionId>,
        /// When the session is live.
        validity: SessionValidity,
        /// The role that the unit needs.
        role: Option<&'static str>,
    },
    /// In this order: the service key exists and expires after `now`, if at all, else [`Precondition::Actor`]; it has all
    /// scopes, else [`Precondition::Role`].
    Key {
        /// The actor.
        key: KeyId,
        /// The present.
        now: DateTime<Utc>,
        /// The scopes that the unit needs.
        scopes: &'static [KeyScope],
    },
}

impl Authority {
    /// Returns what is to be checked for this actor at the commit; nothing for operators.
    ///
    /// # Errors
    /// Returns [`Precondition::Actor`] for a client that has not signed in, and [`Precondition::Role`] for one that does
    /// not have the role or the scopes by the context itself.
    pub(super) fn of(
        context: &AccessContext,
        needs: Needs,
        validity: SessionValidity,
    ) -> Result<Option<Self>, Precondition> {
        let (user, session) = match &context.actor {
            Actor::System | Actor::Cli => return Ok(None),
            Actor::Anonymous => return Err(Precondition::Actor),
            Actor::User { id, session, .. } => (*id, Some(*session)),
            Actor::External { id, .. } => (*id, None),
            Actor::Service { key, .. } => {
                return match needs {
                    Needs::Scopes(scopes) if scopes.iter().all(|scope| context.has_scope(*scope)) => {
                        Ok(Some(Self::Key { key: *key, now: validity.now, scopes }))
                    }
                    _ => Err(Precondition::Role),
                };
            }
        };
        let role = match needs {
            Needs::Session => None,
            Needs::SelfOrAdmin(owner) if owner == user => None,
            Needs::Admin | Needs::SelfOrAdmin(_) if context.is_admin() => Some(ADMIN_ROLE),
            Needs::Admin | Needs::SelfOrAdmin(_) | Needs::Scopes(_) | Needs::Operator => {
                return Err(Precondition::Role);
            }
        };
        Ok(Some(Self::User { user, session, validity, role }))
    }
}
