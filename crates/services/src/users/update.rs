//! Replacing and patching users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{PatchUserRequest, UpdateUserRequest, User, UserId, UserValues, ValidationErrors};

use super::{MAX_RETRIES, contention, is_administrator};
use crate::{
    common::{
        context::AccessContext,
        preconditions::{IfMatch, PreconditionError},
        service::AccountService,
    },
    ports::store::{
        AuditEvent, AuditKind, MailKind, NewMailJob, Precondition, StoreError, UniqueKey, UnitOfWork,
    },
};

/// Why a user is not replaced or patched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateUserError {
    /// There is none with this id, or the actor may not see it.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// It is not in a state in which the actor wants to change it.
    #[error(transparent)]
    PreconditionError(#[from] PreconditionError),
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
    /// Nobody else is an active administrator with a password.
    #[error("there would be no administrator left")]
    LastAdministrator,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changing users.
#[async_trait]
pub trait UserUpdates: Send + Sync {
    /// Replaces the editable values of a user and returns it. A change of e-mail address or status revokes the user's
    /// one-time tokens; a deactivated user loses every session. Roles and status: administrators only.
    async fn update_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: UpdateUserRequest,
        condition: IfMatch,
    ) -> Result<User, UpdateUserError>;

    /// Changes some values of a user, under the rules of a replacement, and returns it.
    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        condition: IfMatch,
    ) -> Result<User, UpdateUserError>;
}

#[async_trait]
impl UserUpdates for AccountService {
    async fn update_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: UpdateUserRequest,
        condition: IfMatch,
    ) -> Result<User, UpdateUserError> {
        self.replace(context, id, &condition, |user| request.validate(user)).await
    }

    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        condition: IfMatch,
    ) -> Result<User, UpdateUserError> {
        self.replace(context, id, &condition, |user| request.validate(user)).await
    }
}

impl AccountService {
    /// `validate` computes the new values from the current user.
    async fn replace(
        &self,
        context: &AccessContext,
        id: UserId,
        condition: &IfMatch,
        validate: impl Fn(&User) -> Result<UserValues, ValidationErrors> + Send,
    ) -> Result<User, UpdateUserError> {
        if !context.may_access(id) {
            return Err(UpdateUserError::NotFound(id));
        }
        let store = &self.ports.store;
        for _ in 0..MAX_RETRIES {
            let user = store.find_user(id).await?.ok_or(UpdateUserError::NotFound(id))?;
            condition.check(&user)?;
            let values = validate(&user).map_err(UpdateUserError::Validation)?;
            check_members(context, &user.values, &values)?;
            let work = replacement(&user, values.clone(), context, self.ports.clock.now());
            match store.commit(work).await {
                Ok(_) => return store.find_user(id).await?.ok_or(UpdateUserError::NotFound(id)),
                Err(StoreError::PreconditionFailed(Precondition::User)) => {}
                Err(StoreError::PreconditionFailed(Precondition::Administrator)) => {
                    return Err(UpdateUserError::LastAdministrator);
                }
                Err(StoreError::Conflict(UniqueKey::Username)) => {
                    return Err(UpdateUserError::UsernameTaken(values.username.to_string()));
                }
                Err(StoreError::Conflict(UniqueKey::Email)) => {
                    return Err(UpdateUserError::EmailTaken(values.email.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(contention().into())
    }
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
    let (id, old) = (user.id, &user.values);
    let new_address = old.email.key() != values.email.key();
    let new_status = old.active != values.active;
    let events = [
        (AuditKind::UserUpdated, true),
        (AuditKind::RolesChanged, old.roles != values.roles),
        (AuditKind::UserDisabled, new_status && !values.active),
        (AuditKind::UserEnabled, new_status && values.active),
        (AuditKind::EmailChanged, new_address),
    ];
    let resigns = is_administrator(old) && !is_administrator(&values);
    let switched_off = new_status && !values.active;
    let mut work = UnitOfWork::new().update_user(id, user.revision, values, at);
    if resigns {
        work = work.expect_other_administrator(id);
    }
    // A token that went to the old address must not open the account any more, nor one that outlived a lock.
    if new_address || new_status {
        work = work.revoke_tokens(id);
    }
    if switched_off {
        work = work.revoke_sessions(id, None);
    }
    if new_address {
        let (kind, old) = (MailKind::EmailChanged, old.email.clone());
        work = work.enqueue_mail(NewMailJob::to_user_at(kind, id, old, context, at));
    }
    let happened = events.into_iter().filter(|(_, happened)| *happened);
    happened.fold(work, |work, (kind, _)| work.record(AuditEvent::new(kind, id, context, at)))
}
