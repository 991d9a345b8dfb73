//! Creating users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{CreateUserRequest, NewUser, User, UserId, UserValues};

use crate::{
    common::{AccountService, Failure, RegistrationMode, passwords},
    ports::{
        AccessContext,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob, UniqueKey, UserRef},
    },
};

/// Why a user is not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has this name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Another user has this address.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

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
        context.expect_admin("only administrators can create users")?;
        let NewUser { values, password } =
            request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let hash = match password {
            Some(password) => {
                Some(passwords::hash_new(&self.ports, context, password, &values, "password").await?)
            }
            None => None,
        };
        let invited = hash.is_none() && self.settings.registration != RegistrationMode::Closed;
        let at = self.ports.clock.now();
        let event = AuditEvent::new(AuditKind::UserCreated, UserRef::Created, context, at);
        let taken = |key| match key {
            UniqueKey::Username => CreateUserError::UsernameTaken(values.username.to_string()),
            UniqueKey::Email => CreateUserError::EmailTaken(values.email.to_string()),
        };
        let work = self.by(context, Needs::Admin)?;
        let mut work = work.insert_user(values.clone(), hash, at, taken).record(event);
        if invited {
            let mail = MailJob::Invitation { user: UserRef::Created };
            work = work.enqueue_mail(NewMailJob::new(mail, context, at));
        }
        let committed = work.commit(&self.ports).await?;
        Ok(inserted(committed.user()?, values, at))
    }
}

/// A user as it is when it has just been inserted.
pub(crate) fn inserted(id: UserId, values: UserValues, at: DateTime<Utc>) -> User {
    User { id, values, created_at: at, updated_at: at, revision: 1, security_version: 1 }
}
