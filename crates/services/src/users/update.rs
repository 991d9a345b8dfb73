//! Replacing and patching users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{
    ADMIN_ROLE, KeyScope, PatchUserRequest, UpdateUserRequest, User, UserId, UserValues, ValidationErrors,
};
use tokio::sync::OnceCell;

use super::is_administrator;
use crate::{
    common::{AccountService, Failure, IfMatch, PreconditionError, Work},
    ports::{
        AccessContext, Actor,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob, UniqueKey},
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
    /// Another user has this name, or only administrators may give it.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Another user had this name, and may have it again for some time. Administrators alone are told so.
    #[error("username '{0}' is reserved for the user who had it")]
    UsernameReserved(String),
    /// Somebody else has this address.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// Nobody else is an active administrator with a password.
    #[error("there would be no administrator left")]
    LastAdministrator,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Changing users.
#[async_trait]
pub trait UserUpdates: Send + Sync {
    /// Replaces the editable values of a user and returns it. Members change their name once a day
    /// ([`Limits::renames`](crate::Limits::renames)); the old one stays reserved for them. A change of e-mail address or status revokes the user's
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
        validate: impl Fn(&User) -> Result<UserValues, ValidationErrors> + Send + Sync,
    ) -> Result<User, UpdateUserError> {
        let counted = OnceCell::new();
        self.retry(id, || async {
            let user = self.find_for_change(context, id).await?.ok_or(UpdateUserError::NotFound(id))?;
            condition.check(&user)?;
            let values = validate(&user).map_err(Failure::Invalid)?;
            let work = self.by(context, needs(context, &user, &values)?)?;
            let (name, at) = (values.username.clone(), self.ports.clock.now());
            let is_renamed = name.key() != user.values.username.key();
            let mut work = replacement(work, &user, values, context, at);
            if is_renamed {
                // Also a name that is taken counts: otherwise this would tell every name that there is.
                counted.get_or_try_init(|| self.count_rename(context, id)).await?;
                let reserved = match context.is_admin() {
                    true => UpdateUserError::UsernameReserved(name.to_string()),
                    false => UpdateUserError::UsernameTaken(name.to_string()),
                };
                work = self.claim_username(work, context, &name, Some(id), reserved).await?;
                work = self.release_username(work, &user).await?;
            }
            if work.attempt(&self.ports).await?.is_none() {
                return Ok(None);
            }
            self.ports.store.find_user(id).await?.ok_or(UpdateUserError::NotFound(id)).map(Some)
        })
        .await
    }
}

/// Returns what the change needs of its actor. Roles, status and address decide who somebody is and what they may do:
/// members cannot set their own.
fn needs(context: &AccessContext, user: &User, new: &UserValues) -> Result<Needs, Failure> {
    let old = &user.values;
    let is_key = matches!(context.actor, Actor::Service { .. });
    let changed = [
        ("roles", old.roles != new.roles),
        ("active", old.active != new.active),
        ("email", old.email != new.email),
        ("app_metadata", old.app_metadata != new.app_metadata),
    ];
    let renamed = old.username.key() != new.username.key();
    match changed.into_iter().find(|(_, changed)| *changed) {
        // Reserved names and the limit of renames do not bind administrators.
        None if renamed && context.is_admin() => Ok(Needs::Admin),
        None if is_key => needs_of_key(old, new),
        Some(("app_metadata", _)) if is_key => needs_of_key(old, new),
        None => Ok(Needs::SelfOrAdmin(user.id)),
        Some(_) if context.is_admin() => Ok(Needs::Admin),
        Some((member, _)) => Err(Failure::forbidden(format!("only administrators can change {member}"))),
    }
}

/// Returns what the change needs of a service key, which changes no administrator.
fn needs_of_key(old: &UserValues, new: &UserValues) -> Result<Needs, Failure> {
    if old.roles.iter().any(|role| role == ADMIN_ROLE) {
        return Err(Failure::forbidden("service keys do not change administrators"));
    }
    let changes_metadata = old.app_metadata != new.app_metadata;
    let changes_others = UserValues { app_metadata: new.app_metadata.clone(), ..old.clone() } != *new;
    Ok(Needs::Scopes(match (changes_metadata, changes_others) {
        (false, false) => &[],
        (false, true) => &[KeyScope::UsersWrite],
        (true, false) => &[KeyScope::AppMetadataWrite],
        (true, true) => &[KeyScope::UsersWrite, KeyScope::AppMetadataWrite],
    }))
}

fn replacement(
    work: Work<Option<UpdateUserError>>,
    user: &User,
    values: UserValues,
    context: &AccessContext,
    at: DateTime<Utc>,
) -> Work<Option<UpdateUserError>> {
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
    let (username, email) = (values.username.to_string(), values.email.to_string());
    let taken = |key| match key {
        UniqueKey::Username => Some(UpdateUserError::UsernameTaken(username.clone())),
        UniqueKey::Email => Some(UpdateUserError::EmailTaken(email.clone())),
    };
    let mut work = work.update_user(user, values, at, None, taken);
    if resigns {
        work = work.expect_other_administrator(id, Some(UpdateUserError::LastAdministrator));
    }
    // A token that went to the old address must not open the account any more, nor one that outlived a lock.
    if new_address || new_status {
        work = work.revoke_tokens(id);
    }
    if switched_off {
        work = work.revoke_sessions(id, None);
    }
    if new_address {
        let mail = MailJob::EmailChanged { user: id.into(), address: old.email.clone() };
        work = work.enqueue_mail(NewMailJob::new(mail, context, at));
    }
    let happened = events.into_iter().filter(|(_, happened)| *happened);
    happened.fold(work, |work, (kind, _)| work.record(AuditEvent::new(kind, id, context, at)))
}
