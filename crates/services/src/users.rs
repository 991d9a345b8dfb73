//! Users: get, list, create, replace, patch, delete.

mod list;

use chrono::{DateTime, Utc};
use denizen_models::{CreateUserRequest, NewUser, User, UserId, UserValues, Username, ValidationErrors};

pub(crate) use self::list::list;
pub use self::list::{ListUsersError, UserList, UserQuery};
use crate::{
    context::AccessContext,
    defaults::{Ports, ServiceSettings},
    expected::{Expected, Unexpected},
    hashing::HashError,
    store::{AuditEvent, AuditKind, Change, Precondition, StoreError, UniqueKey, UnitOfWork, UserRef},
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

/// Why a user is not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateUserError {
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The actor is no administrator.
    #[error("only administrators can create users")]
    Forbidden,
    /// Somebody has this name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Somebody has this address.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user is not replaced or patched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateUserError {
    /// There is none with this id, or the actor may not see it.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// It is not in a state in which the actor wants to change it.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The actor may not change this member.
    #[error("only administrators can change {0}")]
    Forbidden(&'static str),
    /// Somebody else has this name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Somebody else has this address.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a user is not deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeleteUserError {
    /// There is none with this id, or the actor may not see it.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// It is not in a state in which the actor wants to delete it.
    #[error(transparent)]
    Unexpected(#[from] Unexpected),
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

pub(crate) async fn create(
    ports: &Ports,
    settings: &ServiceSettings,
    context: &AccessContext,
    request: CreateUserRequest,
) -> Result<User, CreateUserError> {
    if !context.is_admin() {
        return Err(CreateUserError::Forbidden);
    }
    let NewUser { values, password } =
        request.validate(&settings.password_policy).map_err(CreateUserError::Validation)?;
    let hash = match password {
        Some(password) => Some(ports.hasher.hash(password).await?),
        None => None,
    };
    let at = ports.clock.now();
    let work = UnitOfWork::new().insert_user(values.clone(), hash, at).record(AuditEvent::new(
        AuditKind::UserCreated,
        UserRef::Created,
        context,
        at,
    ));
    let committed = ports.store.commit(work).await.map_err(|error| match error {
        StoreError::Conflict(UniqueKey::Username) => {
            CreateUserError::UsernameTaken(values.username.to_string())
        }
        StoreError::Conflict(UniqueKey::Email) => CreateUserError::EmailTaken(values.email.to_string()),
        error => CreateUserError::Store(error),
    })?;
    Ok(User {
        id: committed.user()?,
        values,
        created_at: at,
        updated_at: at,
        revision: 1,
        security_version: 1,
    })
}

/// How often a change is decided anew because somebody else changed the user in between.
const ATTEMPTS: usize = 32;

fn outrun() -> StoreError {
    StoreError::Busy("the user is being changed by others".to_owned())
}

/// `validate` makes of the user what it shall be.
pub(crate) async fn update(
    ports: &Ports,
    context: &AccessContext,
    id: UserId,
    expected: &Expected,
    validate: impl Fn(&User) -> Result<UserValues, ValidationErrors> + Send,
) -> Result<User, UpdateUserError> {
    if !context.may_access(id) {
        return Err(UpdateUserError::NotFound(id));
    }
    for _ in 0..ATTEMPTS {
        let user = ports.store.find_user(id).await?.ok_or(UpdateUserError::NotFound(id))?;
        expected.check(&user)?;
        let values = validate(&user).map_err(UpdateUserError::Validation)?;
        check_members(context, &user.values, &values)?;
        let work = replacement(&user, values.clone(), context, ports.clock.now());
        match ports.store.commit(work).await {
            Ok(_) => return ports.store.find_user(id).await?.ok_or(UpdateUserError::NotFound(id)),
            Err(StoreError::PreconditionFailed(Precondition::User)) => {}
            Err(StoreError::Conflict(UniqueKey::Username)) => {
                return Err(UpdateUserError::UsernameTaken(values.username.to_string()));
            }
            Err(StoreError::Conflict(UniqueKey::Email)) => {
                return Err(UpdateUserError::EmailTaken(values.email.to_string()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(outrun().into())
}

/// Roles, status and address decide who somebody is and what they may do: members cannot set their own.
fn check_members(context: &AccessContext, old: &UserValues, new: &UserValues) -> Result<(), UpdateUserError> {
    if context.is_admin() {
        return Ok(());
    }
    let changed = [
        ("roles", old.roles != new.roles),
        ("active", old.active != new.active),
        ("email", old.email != new.email),
    ];
    match changed.into_iter().find(|(_, changed)| *changed) {
        Some((member, _)) => Err(UpdateUserError::Forbidden(member)),
        None => Ok(()),
    }
}

fn replacement(user: &User, values: UserValues, context: &AccessContext, at: DateTime<Utc>) -> UnitOfWork {
    let new_address = user.values.email.key() != values.email.key();
    let new_status = user.values.active != values.active;
    let switched_off = new_status && !values.active;
    let mut work = UnitOfWork::new().update_user(user.id, user.revision, values, at);
    // A token that went to the old address must not open the account any more, nor one that outlived a lock.
    if new_address || new_status {
        work = work.revoke_tokens(user.id);
    }
    if switched_off {
        work = work.revoke_sessions(user.id, None);
    }
    work.record(AuditEvent::new(AuditKind::UserUpdated, user.id, context, at))
}

pub(crate) async fn delete(
    ports: &Ports,
    context: &AccessContext,
    id: UserId,
    expected: &Expected,
) -> Result<(), DeleteUserError> {
    if !context.may_access(id) {
        return Err(DeleteUserError::NotFound(id));
    }
    for _ in 0..ATTEMPTS {
        // Whoever expects nothing need not look.
        let revision = if *expected == Expected::anything() {
            None
        } else {
            let user = ports.store.find_user(id).await?.ok_or(DeleteUserError::NotFound(id))?;
            expected.check(&user)?;
            Some(user.revision)
        };
        let event = AuditEvent::new(AuditKind::UserDeleted, id, context, ports.clock.now());
        let work = UnitOfWork::new().with(Change::DeleteUser { user: id, revision }).record(event);
        match ports.store.commit(work).await {
            Ok(_) => return Ok(()),
            Err(StoreError::PreconditionFailed(Precondition::User)) if revision.is_some() => {}
            Err(StoreError::PreconditionFailed(Precondition::User)) => {
                return Err(DeleteUserError::NotFound(id));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(outrun().into())
}
