//! Creating users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{CreateUserRequest, NewUser, User, UserId, UserValues, ValidationErrors};

use crate::{
    common::{
        context::AccessContext,
        passwords::{self, from_new_password},
        service::AccountService,
        settings::RegistrationMode,
    },
    ports::{
        hasher::HashError,
        store::{AuditEvent, AuditKind, MailKind, NewMailJob, StoreError, UniqueKey, UnitOfWork, UserRef},
    },
};

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

from_new_password! { CreateUserError: "password", "password" }

/// Creating users.
#[async_trait]
pub trait UserCreation: Send + Sync {
    /// Creates a user and returns it; a user without a password is invited by mail to choose one, unless registration
    /// is closed. Administrators only.
    async fn create_user(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<User, CreateUserError>;
}

#[async_trait]
impl UserCreation for AccountService {
    async fn create_user(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<User, CreateUserError> {
        if !context.is_admin() {
            return Err(CreateUserError::Forbidden);
        }
        let NewUser { values, password } =
            request.validate(&self.settings.password_policy).map_err(CreateUserError::Validation)?;
        let hash = match password {
            Some(password) => Some(passwords::hash_new(&self.ports, password, &values).await?),
            None => None,
        };
        let invited = hash.is_none() && self.settings.registration != RegistrationMode::Closed;
        let at = self.ports.clock.now();
        let event = AuditEvent::new(AuditKind::UserCreated, UserRef::Created, context, at);
        let mut work = UnitOfWork::new().insert_user(values.clone(), hash, at).record(event);
        if invited {
            work =
                work.enqueue_mail(NewMailJob::to_user(MailKind::Invitation, UserRef::Created, context, at));
        }
        let committed = self.ports.store.commit(work).await.map_err(|error| match error {
            StoreError::Conflict(UniqueKey::Username) => {
                CreateUserError::UsernameTaken(values.username.to_string())
            }
            StoreError::Conflict(UniqueKey::Email) => CreateUserError::EmailTaken(values.email.to_string()),
            error => CreateUserError::Store(error),
        })?;
        Ok(inserted(committed.user()?, values, at))
    }
}

/// A user as it is when it has just been inserted.
pub(crate) fn inserted(id: UserId, values: UserValues, at: DateTime<Utc>) -> User {
    User { id, values, created_at: at, updated_at: at, revision: 1, security_version: 1 }
}
