//! Signing up: how a stranger becomes a user.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{CreateUserRequest, DEFAULT_ROLE, EmailAddress, User, UserValues};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Disclosure, Failure, LimitSubject, RegistrationMode,
        ServiceSettings, Work, embeds_failure, passwords, unsent,
    },
    ports::{
        AccessContext, LinkTemplate, Mail, MailMessage,
        store::{AuditEvent, AuditKind, MailJob, NewMailJob, Registration, UniqueKey, UnsentReason, UserRef},
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

/// Why a stranger is not signed up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignUpError {
    /// Another user has this name. Only where [`crate::Disclosure::Detailed`] allows to say so.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Another user has this address. Only where [`crate::Disclosure::Detailed`] allows to say so.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { SignUpError }

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
            return Err(Failure::forbidden("registration is not open").into());
        }
        let (values, password) =
            request.validate_sign_up(&self.settings.password_policy).map_err(Failure::Invalid)?;
        check_members(&values)?;
        let limits = &self.settings.limits;
        // The longest wait first: the first empty bucket names the time to come back.
        let rules = [
            ("sign_up.address", LimitSubject::Address(&values.email), limits.mail_per_address),
            ("sign_up.ip", LimitSubject::Ip(context), limits.sign_up_per_ip),
        ];
        self.limiter.count(&rules).await?;
        if self.settings.disclosure == Disclosure::Detailed && self.is_reserved(context, &values.username) {
            return Err(SignUpError::UsernameTaken(values.username.to_string()));
        }
        let hash = passwords::hash_new(&self.ports, context, password, &values, "password").await?;
        let now = self.ports.clock.now();
        let (capacity, address) = (self.settings.mail_capacity, values.email.key().to_owned());
        match self.settings.disclosure {
            Disclosure::Detailed => {
                let mail = MailJob::EmailVerification { address };
                let taken = |key| match key {
                    UniqueKey::Username => SignUpError::UsernameTaken(values.username.to_string()),
                    UniqueKey::Email => SignUpError::EmailTaken(values.email.to_string()),
                };
                let reserved = SignUpError::UsernameTaken(values.username.to_string());
                let work =
                    self.claim_username(Work::for_stranger(), &values.username, None, reserved).await?;
                let work = work
                    .insert_user(values.clone(), Some(hash), now, taken)
                    .enqueue_mail_within(capacity, NewMailJob::new(mail, context, now))
                    .record(AuditEvent::new(AuditKind::SignedUp, UserRef::Created, context, now));
                let user = work.commit(&self.ports).await?.user()?;
                Ok(SignedUp::User(users::inserted(user, values, now)))
            }
            // No user is looked up and none is inserted: it makes no difference whether the address or the name is taken.
            Disclosure::Uniform => {
                let expires_at = now + self.settings.verification_ttl;
                let registration = Registration { values, password: hash, expires_at };
                let work = Work::for_stranger()
                    .put_registration(registration, self.settings.registration_capacity)
                    .enqueue_mail_within(
                        capacity,
                        NewMailJob::new(MailJob::SignUp { address }, context, now),
                    );
                work.commit(&self.ports).await.map(|_| SignedUp::Pending)
            }
        }
    }
}

/// Of what only administrators decide, a stranger may only name the defaults.
fn check_members(values: &UserValues) -> Result<(), Failure> {
    let chosen = [
        ("roles", values.roles != [DEFAULT_ROLE]),
        ("active", !values.active),
        ("email_verified", values.email_verified),
    ];
    match chosen.into_iter().find(|(_, chosen)| *chosen) {
        Some((member, _)) => Err(Failure::forbidden(format!("only administrators can choose {member}"))),
        None => Ok(()),
    }
}

impl DeliveryContext<'_> {
    /// Composes the mail of a job.
    pub(crate) async fn sign_up(self, address: &str) -> Result<Mail, DeliveryError> {
        let DeliveryContext { ports, settings, .. } = self;
        let void = || unsent(UnsentReason::NoSignUp, None);
        let address = EmailAddress::parse(address).map_err(|_| void())?;
        if let Some(user) = ports.store.find_user_by_email(&address).await? {
            self.hold().drop_registration(&address).commit(ports).await?;
            return Ok(self.mail_of_account(user));
        }
        let registration = ports.store.find_registration(&address).await?;
        let registration = registration.filter(|kept| is_valid(kept, settings, ports.clock.now()));
        let registration = registration.ok_or_else(void)?;
        let valid_for = settings.verification_ttl;
        let store = |work: Work<_>, hash, now| {
            work.put_registration_token(&address, hash, now + valid_for, DeliveryError::Changed)
        };
        let token = self.mint(store).await?;
        let UserValues { username, email, .. } = registration.values;
        let template = LinkTemplate::ConfirmSignUp(username);
        Ok(self.mail_to_stranger(email, MailMessage::Link { template, token, valid_for }))
    }
}

/// Whether the wish may be granted. Those that wait when registration is closed are not.
pub(crate) fn is_valid(registration: &Registration, settings: &ServiceSettings, now: DateTime<Utc>) -> bool {
    settings.registration == RegistrationMode::Open && now < registration.expires_at
}
