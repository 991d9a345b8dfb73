//! Users: get, list, create, replace, patch, delete.

mod create;
mod delete;
mod list;
mod update;

use denizen_models::{ADMIN_ROLE, User, UserId, UserValues, Username};

pub use self::{
    create::CreateUserError,
    delete::DeleteUserError,
    list::{ListUsersError, UserList, UserQuery},
    update::UpdateUserError,
};
pub(crate) use self::{
    create::{create, inserted},
    delete::delete,
    list::list,
    update::update,
};
use crate::{
    common::context::AccessContext,
    ports::{Ports, store::StoreError},
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn get(ports: &Ports, context: &AccessContext, id: UserId) -> Result<User, GetUserError> {
    // The same answer, and the same absence of a look-up, for what is not there and what is not theirs.
    if !context.may_access(id) {
        return Err(GetUserError::IdNotFound(id));
    }
    ports.store.find_user(id).await?.ok_or(GetUserError::IdNotFound(id))
}

pub(crate) async fn get_by_username(
    ports: &Ports,
    context: &AccessContext,
    username: &str,
) -> Result<User, GetUserError> {
    let not_found = || GetUserError::UsernameNotFound(username.to_owned());
    let username = Username::parse(username).map_err(|_| not_found())?;
    let user = ports.store.find_user_by_username(&username).await?.ok_or_else(not_found)?;
    if context.may_access(user.id) { Ok(user) } else { Err(not_found()) }
}

/// How often a change is decided anew because somebody else changed the user in between.
pub(crate) const MAX_RETRIES: usize = 32;

pub(crate) fn contention() -> StoreError {
    StoreError::Busy("the user is being changed by others".to_owned())
}

/// Whether a user with these values can act as administrator. When one no longer can, there MUST be another.
fn is_administrator(values: &UserValues) -> bool {
    values.active && values.roles.iter().any(|role| role == ADMIN_ROLE)
}
