//! Signing up: how a stranger becomes a user.

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use denizen_models::{
    CreateUserRequest, EmailAddress, InvalidSignUp, User, UserValues, Username, ValidationErrors,
};

use crate::{
    common::{
        context::AccessContext,
        delivery::{DeliveryContext, DeliveryError},
        passwords::{self, from_new_password},
        rate_limits::{self, LimitSubject, from_limited},
        service::AccountService,
        settings::{Disclosure, RegistrationMode, ServiceSettings},
    },
    ports::{
        hasher::HashError,
        mailer::{LinkTemplate, Mail, MailMessage},
        randomness::TokenHash,
        store::{
            AuditEvent, AuditKind, MailKind, NewMailJob, Precondition, Registration, StoreError, UniqueKey,
            UnitOfWork, UserRef,
        },
    },
    users,
};

/// What became of somebody who signed up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum SignedUp {
    /// A user.
    User(User),
    /// A wish, which a mailed token grants.
    Pending,
}

/// Why somebody is not signed up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignUpError {
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// Only administrators create users here.
    #[error("registration is not open")]
    Closed,
    /// A stranger may not choose this member.
    #[error("only administrators can choose {0}")]
    Forbidden(&'static str),
    /// Somebody has this name. Only where [`crate::Disclosure::Detailed`] allows to say so.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Somebody has this address. Only where [`crate::Disclosure::Detailed`] allows to say so.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// Too many sign-ups wait.
    #[error("too many sign-ups are waiting")]
    Overloaded,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

from_limited! { SignUpError }
from_new_password! { SignUpError: "password", "password" }

impl From<InvalidSignUp> for SignUpError {
    fn from(error: InvalidSignUp) -> Self {
        match error {
            InvalidSignUp::Members(errors) => Self::Validation(errors),
            InvalidSignUp::Forbidden(member) => Self::Forbidden(member),
        }
    }
}

/// How a stranger becomes a user.
#[async_trait]
pub trait SignUps: Send + Sync {
    /// Makes a user of a stranger, if registration is open. Where answers must tell strangers nothing, that is a wish
    /// that waits until somebody shows with [`EmailVerifications::verify_email`](crate::EmailVerifications::verify_email) that the address is theirs, and the same
    /// work and answer for every address.
    async fn sign_up(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<SignedUp, SignUpError>;
}

#[async_trait]
impl SignUps for AccountService {
    async fn sign_up(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<SignedUp, SignUpError> {
        if self.settings.registration != RegistrationMode::Open {
            return Err(SignUpError::Closed);
        }
        let (values, password) = request.validate_sign_up(&self.settings.password_policy)?;
        let limits = &self.settings.limits;
        // The longest wait first: the first empty bucket names the time to come back.
        let rules = [
            rate_limits::verification_address(limits, &values.email),
            ("sign_up.ip", LimitSubject::Ip(context.ip), limits.sign_up_per_ip),
        ];
        self.limiter.count(&rules).await?;
        let hash = passwords::hash_new(&self.ports, password, &values).await?;
        let now = self.ports.clock.now();
        let mail =
            |kind| NewMailJob::to_address(kind, &values.email, context, now, self.settings.mail_capacity);
        let work = match self.settings.disclosure {
            Disclosure::Detailed => UnitOfWork::new()
                .insert_user(values.clone(), Some(hash), now)
                .enqueue_mail(mail(MailKind::EmailVerification))
                .record(AuditEvent::new(AuditKind::SignedUp, UserRef::Created, context, now)),
            // Nobody is looked up and nobody is inserted: it makes no difference whether the address or the name is taken.
            Disclosure::Uniform => {
                let expires_at = now + self.settings.verification_ttl;
                let registration = Registration { values: values.clone(), password: hash, expires_at };
                UnitOfWork::new()
                    .put_registration(registration, self.settings.registration_capacity)
                    .enqueue_mail(mail(MailKind::SignUp))
            }
        };
        let committed = self.ports.store.commit(work).await.map_err(|error| match error {
            StoreError::Conflict(UniqueKey::Username) => {
                SignUpError::UsernameTaken(values.username.to_string())
            }
            StoreError::Conflict(UniqueKey::Email) => SignUpError::EmailTaken(values.email.to_string()),
            StoreError::PreconditionFailed(Precondition::QueueRoom) => SignUpError::Overloaded,
            error => error.into(),
        })?;
        match self.settings.disclosure {
            Disclosure::Detailed => Ok(SignedUp::User(users::inserted(committed.user()?, values, now))),
            Disclosure::Uniform => Ok(SignedUp::Pending),
        }
    }
}

impl DeliveryContext<'_> {
    /// What the worker does when the job's turn has come; `None`: there is nobody to send a mail to.
    pub(crate) async fn sign_up(self, address: &str) -> Result<Option<Mail>, DeliveryError> {
        let DeliveryContext { ports, settings, job } = self;
        let Ok(address) = EmailAddress::parse(address) else { return Ok(None) };
        if let Some(user) = ports.store.find_user_by_email(&address).await? {
            let work = UnitOfWork::new().expect_lease(job.lease).drop_registration(&address);
            ports.store.commit(work).await?;
            return Ok(Some(self.mail_of_account(user)));
        }
        let registration = ports.store.find_registration(&address).await?;
        let Some(registration) = registration.filter(|kept| is_valid(kept, settings, ports.clock.now()))
        else {
            return Ok(None);
        };
        let valid_for = settings.verification_ttl;
        let store =
            |work: UnitOfWork, hash, now| work.put_registration_token(&address, hash, now + valid_for);
        let token = self.mint(store).await?;
        let UserValues { username, email, .. } = registration.values;
        let template = LinkTemplate::ConfirmSignUp(username);
        Ok(Some(self.mail_to_stranger(email, MailMessage::Link { template, token, valid_for })))
    }
}

/// Whether the wish may be granted. Those that wait when registration is closed are not.
fn is_valid(registration: &Registration, settings: &ServiceSettings, now: DateTime<Utc>) -> bool {
    settings.registration == RegistrationMode::Open && now < registration.expires_at
}

/// Why a sign-up is not confirmed.
pub(crate) enum ConfirmSignUpError {
    /// The token was never given, or is used, replaced or expired.
    InvalidOrExpired,
    /// Another user has this name. The token still works, with another name.
    UsernameTaken(Username),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for ConfirmSignUpError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl AccountService {
    /// Creates the user of the sign-up with this token, with another name if one is given.
    pub(crate) async fn confirm_sign_up(
        &self,
        context: &AccessContext,
        token: TokenHash,
        username: Option<Username>,
    ) -> Result<(), ConfirmSignUpError> {
        let registration = self.ports.store.find_registration_by_token(&token).await?;
        let now = self.ports.clock.now();
        let registration = registration.filter(|kept| is_valid(kept, &self.settings, now));
        let Registration { values, password, .. } =
            registration.ok_or(ConfirmSignUpError::InvalidOrExpired)?;
        let username = username.unwrap_or_else(|| values.username.clone());
        let values = UserValues { username: username.clone(), email_verified: true, ..values };
        let work = UnitOfWork::new()
            .consume_registration(token, now)
            .insert_user(values, Some(password), now)
            .record(AuditEvent::new(AuditKind::SignedUp, UserRef::Created, context, now));
        match self.ports.store.commit(work).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict(UniqueKey::Username)) => {
                Err(ConfirmSignUpError::UsernameTaken(username))
            }
            // Another request was faster: with the same token, or by giving the address to another user.
            Err(
                StoreError::PreconditionFailed(Precondition::Token) | StoreError::Conflict(UniqueKey::Email),
            ) => Err(ConfirmSignUpError::InvalidOrExpired),
            Err(error) => Err(error.into()),
        }
    }
}
