//! Users: get, list, create, replace, patch, export, delete.

mod create;
mod delete;
mod export;
mod list;
mod update;

use async_trait::async_trait;
use denizen_models::{ADMIN_ROLE, KeyScope, PasswordPolicy, User, UserId, UserValues, Username};

pub(crate) use self::create::inserted;
pub use self::{
    create::{CreateUserError, UserCreation},
    delete::{DeleteAccountError, DeleteUserError, UserDeletion},
    export::UserExports,
    list::{UserList, UserLists, UserQuery},
    update::{UpdateUserError, UserUpdates},
};
use crate::{
    common::{AccountService, Failure, embeds_failure},
    ports::{AccessContext, store::Needs},
};

/// Why a user is not returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GetUserError {
    /// There is none with this id, or the actor may not see it.
    #[error("user with ID {0} not found")]
    IdNotFound(UserId),
    /// There is none with this name, or the actor may not see it.
    #[error("user with username '{0}' not found")]
    UsernameNotFound(String),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { GetUserError CreateUserError UpdateUserError DeleteUserError }

/// Looking up users.
#[async_trait]
pub trait Users: Send + Sync {
    /// Returns the user with this id.
    async fn get_user(&self, context: &AccessContext, id: UserId) -> Result<User, GetUserError>;

    /// Returns the user with this name, regardless of case.
    async fn get_user_by_username(
        &self,
        context: &AccessContext,
        username: &str,
    ) -> Result<User, GetUserError>;

    /// Returns the policy for new passwords, for forms that state it.
    fn password_policy(&self) -> PasswordPolicy;

    /// Whether mails are sent. If not, features that need mails are not offered.
    fn sends_mail(&self) -> bool;
}

#[async_trait]
impl Users for AccountService {
    async fn get_user(&self, context: &AccessContext, id: UserId) -> Result<User, GetUserError> {
        let may_read = context.may_read_users() || context.is_self(id);
        let user = if may_read { self.ports.store.find_user(id).await? } else { None };
        user.ok_or(GetUserError::IdNotFound(id))
    }

    async fn get_user_by_username(
        &self,
        context: &AccessContext,
        username: &str,
    ) -> Result<User, GetUserError> {
        let not_found = || GetUserError::UsernameNotFound(username.to_owned());
        let username = Username::parse(username).map_err(|_| not_found())?;
        let user = self.ports.store.find_user_by_username(&username).await?.ok_or_else(not_found)?;
        if context.may_read_users() || context.is_self(user.id) { Ok(user) } else { Err(not_found()) }
    }

    fn password_policy(&self) -> PasswordPolicy {
        self.settings.password_policy
    }

    fn sends_mail(&self) -> bool {
        self.sends_mail
    }
}

impl AccountService {
    /// Returns the user if the actor may change it. Of one out of reach not even the look-up tells that it exists; and an
    /// actor who may no longer change users is told that, and not which exist.
    async fn find_for_change(&self, context: &AccessContext, id: UserId) -> Result<Option<User>, Failure> {
        let is_writer =
            context.has_scope(KeyScope::UsersWrite) || context.has_scope(KeyScope::AppMetadataWrite);
        if !is_writer && !context.may_access(id) {
            return Ok(None);
        }
        let user = self.ports.store.find_user(id).await?;
        if user.is_none() {
            let needs = if is_writer { Needs::Scopes(&[]) } else { Needs::SelfOrAdmin(id) };
            self.authorize(context, needs).await?;
        }
        Ok(user)
    }
}

/// Whether a user with these values can act as administrator. When one no longer can, there MUST be another.
fn is_administrator(values: &UserValues) -> bool {
    values.active && values.roles.iter().any(|role| role == ADMIN_ROLE)
}
