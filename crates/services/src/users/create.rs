//! Creating users.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{CreateUserRequest, NewUser, Password, Secret, User, UserId, UserValues};

use crate::{
    common::{AccountService, Failure, RegistrationMode, SAMPLE_PASSWORD, Work, passwords},
    ports::{
        AccessContext, Network, PasswordHash,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob, UniqueKey, UserRef},
    },
};

/// Why a user is not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has this name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Another user had this name, and may have it again for some time
    /// ([`username_reservation`](crate::ServiceSettings::username_reservation)).
    #[error("username '{0}' is reserved for the user who had it")]
    UsernameReserved(String),
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
        let invite = |work: Work<_>, at| {
            let mail = MailJob::Invitation { user: UserRef::Created };
            if invited { work.enqueue_mail(NewMailJob::new(mail, context, at)) } else { work }
        };
        self.insert(context, values, hash, invite).await
    }
}

impl AccountService {
    /// Creates one of the sample users of a development database, with [`SAMPLE_PASSWORD`], which is marked.
    ///
    /// # Errors
    /// See [`CreateUserError`].
    pub async fn create_sample_user(&self, request: CreateUserRequest) -> Result<User, CreateUserError> {
        let NewUser { values, .. } =
            request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let hash = self.ports.hasher.hash(Network::SERVICE, sample_password()).await?;
        let mark = |work: Work<_>, _| work.mark_sample_password(UserRef::Created);
        self.insert(&AccessContext::system(), values, Some(hash), mark).await
    }

    /// Returns a user whose password is still [`SAMPLE_PASSWORD`]. In a database that is older than the marks, the users who
    /// can be sample users are marked: so the hashes are compared.
    ///
    /// # Errors
    /// Returns an error if the store or the hasher fails.
    pub async fn find_sample_password(&self) -> Result<Option<User>, Failure> {
        for user in self.ports.store.list_sample_passwords().await? {
            let credentials = self.ports.store.find_credentials(user.id).await?;
            let Some(hash) = credentials.and_then(|credentials| credentials.hash) else { continue };
            if self.ports.hasher.verify(Network::SERVICE, sample_password(), hash).await?.is_match() {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// Inserts a user; `more` adds what else the unit does.
    async fn insert(
        &self,
        context: &AccessContext,
        values: UserValues,
        hash: Option<PasswordHash>,
        more: impl FnOnce(Work<CreateUserError>, DateTime<Utc>) -> Work<CreateUserError> + Send,
    ) -> Result<User, CreateUserError> {
        let at = self.ports.clock.now();
        let event = AuditEvent::new(AuditKind::UserCreated, UserRef::Created, context, at);
        let taken = |key| match key {
            UniqueKey::Username => CreateUserError::UsernameTaken(values.username.to_string()),
            UniqueKey::Email => CreateUserError::EmailTaken(values.email.to_string()),
        };
        let reserved = CreateUserError::UsernameReserved(values.username.to_string());
        let work = self.by(context, Needs::Admin)?;
        let work = self.claim_username(work, context, &values.username, None, reserved).await?;
        let work = more(work.insert_user(values.clone(), hash, at, taken).record(event), at);
        let committed = work.commit(&self.ports).await?;
        Ok(inserted(committed.user()?, values, at))
    }
}

fn sample_password() -> Password {
    Password::presented(&Secret::from(SAMPLE_PASSWORD))
}

/// A user as it is when it has just been inserted.
pub(crate) fn inserted(id: UserId, values: UserValues, at: DateTime<Utc>) -> User {
    User { id, values, created_at: at, updated_at: at, revision: 1, security_version: 1 }
}
