//! On whose behalf a call is made.

use std::net::IpAddr;

use denizen_models::{ADMIN_ROLE, KeyScope, SessionResponse, User, UserId, UserResponse, Username};

use crate::ports::{
    hasher::Network,
    store::{KeyId, Session, SessionId},
};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who has not signed in.
    Anonymous,
    /// A signed-in user.
    User {
        /// Who it is.
        id: UserId,
        /// The name as it is now.
        username: Username,
        /// The session that proves it.
        session: SessionId,
        /// The roles as they are now, not as they were at sign-in.
        roles: Vec<String>,
    },
    /// A user whom an embedding application has signed in with sessions of its own, for which the application answers.
    /// Unlike [`Actor::User`] there is no session to check. Otherwise the store decides at each commit, too: the user must
    /// exist and be active, and have the role that is needed. So `roles` can narrow what a user may do, and grant nothing.
    External {
        /// The id that the user has here.
        id: UserId,
        /// The user name, as messages are signed with it.
        username: Username,
        /// The roles in which the application lets the user act.
        roles: Vec<String>,
    },
    /// A program with a service key. It is not a user, and may do what its scopes say.
    Service {
        /// The number of the key.
        key: KeyId,
        /// The scopes of the key, which never change.
        scopes: Vec<KeyScope>,
    },
    /// The service itself, or a program that embeds it.
    System,
    /// An operator at the command line.
    Cli,
}

impl Actor {
    /// Returns the id and the name of the user who acts, if one does.
    #[must_use]
    pub const fn user(&self) -> Option<(UserId, &Username)> {
        match self {
            Self::User { id, username, .. } | Self::External { id, username, .. } => Some((*id, username)),
            Self::Anonymous | Self::Service { .. } | Self::System | Self::Cli => None,
        }
    }
}

/// The first argument of every service method that acts for someone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessContext {
    /// Who acts.
    pub actor: Actor,
    /// The client's address, if there is one. Goes into audit records and notices.
    pub ip: Option<IpAddr>,
    /// What the client says it is. Untrusted text.
    pub user_agent: Option<String>,
    /// Ties log lines, audit records and mail jobs to one request.
    pub request_id: String,
}

impl AccessContext {
    /// For programs that embed the service crate: may do everything.
    ///
    /// ```
    /// use denizen_services::AccessContext;
    /// assert!(AccessContext::system().is_admin());
    /// assert!(!AccessContext::anonymous().is_admin());
    /// ```
    #[must_use]
    pub fn system() -> Self {
        Self { actor: Actor::System, ip: None, user_agent: None, request_id: "system".to_owned() }
    }

    /// For somebody who has not signed in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self { actor: Actor::Anonymous, ..Self::system() }
    }

    /// Returns the network whose share of the hashing queue is used.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::of(self.ip)
    }

    /// Whether everything is allowed.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        match &self.actor {
            Actor::System | Actor::Cli => true,
            Actor::User { roles, .. } | Actor::External { roles, .. } => {
                roles.iter().any(|role| role == ADMIN_ROLE)
            }
            Actor::Anonymous | Actor::Service { .. } => false,
        }
    }

    /// Whether the actor is a service key with this scope.
    #[must_use]
    pub fn has_scope(&self, scope: KeyScope) -> bool {
        matches!(&self.actor, Actor::Service { scopes, .. } if scopes.contains(&scope))
    }

    /// Whether `user` is the one who acts.
    #[must_use]
    pub fn is_self(&self, user: UserId) -> bool {
        self.actor.user().is_some_and(|(id, _)| id == user)
    }

    /// Whether the actor may see all users with everything that is kept of them: administrators, and service keys with
    /// [`KeyScope::UsersRead`].
    #[must_use]
    pub fn may_read_users(&self) -> bool {
        self.is_admin() || self.has_scope(KeyScope::UsersRead)
    }

    /// Whether the actor may see and change `user`. To everybody else it does not exist.
    #[must_use]
    pub fn may_access(&self, user: UserId) -> bool {
        self.is_admin() || self.is_self(user)
    }

    /// What the actor may see of `user`: everything if it is themselves or if they may read all users, else its names.
    #[must_use]
    pub fn view(&self, user: User) -> UserResponse {
        if self.may_read_users() || self.is_self(user.id) {
            UserResponse::full(user)
        } else {
            UserResponse::names(user)
        }
    }

    /// What the owner of a session and administrators see of it.
    #[must_use]
    pub fn view_session(&self, session: Session) -> SessionResponse {
        let current = matches!(self.actor, Actor::User { session: own, .. } if own == session.id);
        SessionResponse {
            id: session.id.0,
            current,
            created_at: session.opened.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.opened.expires_at,
            ip: session.opened.ip,
            user_agent: session.opened.user_agent,
        }
    }
}
