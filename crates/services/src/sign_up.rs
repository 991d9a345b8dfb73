//! Signing up: how a stranger becomes a user.
//!
//! A sign-up proves an e-mail address and nothing else. Whoever asks for it need not own the address, so nothing but the
//! address is read: user name, names and password are chosen with the mailed token, by the owner of the mailbox.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{CreateUserRequest, DEFAULT_ROLE, EmailAddress, User, UserValues, VerifyEmailRequest};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Disclosure, Failure, LimitSubject, RateLimitRule,
        RegistrationMode, Work, embeds_failure, passwords, unsent,
    },
    email_verification::VerifyEmailError,
    ports::{
        AccessContext, LinkTemplate, Mail, MailMessage, TokenHash,
        store::{AuditEvent, AuditKind, MailJob, NewMailJob, Registration, UniqueKey, UnsentReason, UserRef},
    },
    users,
};

/// The number of confirmations that can be tried with one token. Each tells whether a user name is taken.
const MAX_ATTEMPTS: u32 = 5;

/// What became of a sign-up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum SignedUp {
    /// A user.
    User(User),
    /// A mail to the e-mail address, with a token or a notice.
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
    /// Signs a stranger up, if registration is open. With [`crate::Disclosure::Uniform`] the request holds an e-mail
    /// address alone, and its owner is mailed a token for
    /// [`EmailVerifications::verify_email`](crate::EmailVerifications::verify_email): the same work and response for every
    /// address. With [`crate::Disclosure::Detailed`] it holds all members, and the user is created at once.
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
        match self.settings.disclosure {
            Disclosure::Detailed => self.sign_up_at_once(context, request).await.map(SignedUp::User),
            Disclosure::Uniform => {
                let email = request.validate_sign_up_address().map_err(Failure::Invalid)?;
                let rules @ [_, ip] = self.sign_up_rules(context, &email);
                let work = self.limiter.consume(Work::exempt(), &rules).await?;
                // Nothing is looked up: it makes no difference whether the address is taken.
                let mail = MailJob::SignUp { address: email.key().to_owned() };
                let job = NewMailJob::new(mail, context, self.ports.clock.now());
                let work = work.enqueue_mail_within(self.settings.mail_capacity, job);
                self.limiter.commit(work, ip).await.map(|_| SignedUp::Pending)
            }
        }
    }
}

impl AccountService {
    fn sign_up_rules<'a>(
        &self,
        context: &'a AccessContext,
        email: &'a EmailAddress,
    ) -> [RateLimitRule<'a>; 2] {
        let limits = &self.settings.limits;
        // The longest wait first: the first empty bucket names the time to come back.
        [
            ("sign_up.address", LimitSubject::Address(email), limits.mail_per_address),
            ("sign_up.ip", LimitSubject::Ip(context), limits.sign_up_per_ip),
        ]
    }

    async fn sign_up_at_once(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<User, SignUpError> {
        let (values, password) =
            request.validate_sign_up(&self.settings.password_policy).map_err(Failure::Invalid)?;
        check_members(&values)?;
        self.limiter.count(&self.sign_up_rules(context, &values.email)).await?;
        let hash = passwords::hash_new(&self.ports, context, password, &values, "password").await?;
        let now = self.ports.clock.now();
        let mail = MailJob::EmailVerification { address: values.email.key().to_owned() };
        let taken = |key| match key {
            UniqueKey::Username => SignUpError::UsernameTaken(values.username.to_string()),
            UniqueKey::Email => SignUpError::EmailTaken(values.email.to_string()),
        };
        let user = self
            .claim_username(Work::exempt(), context, &values.username, None, taken(UniqueKey::Username))
            .await?
            .insert_user(values.clone(), Some(hash), now, taken)
            .enqueue_mail_within(self.settings.mail_capacity, NewMailJob::new(mail, context, now))
            .record(AuditEvent::new(AuditKind::SignedUp, UserRef::Created, context, now))
            .commit(&self.ports)
            .await?
            .user()?;
        Ok(users::inserted(user, values, now))
    }

    /// The e-mail address of the pending registration with this token, if the token works at this moment.
    pub(crate) async fn find_sign_up(&self, token: &TokenHash) -> Result<Option<EmailAddress>, Failure> {
        let registration = self.ports.store.find_registration(token).await?;
        let now = self.ports.clock.now();
        let works = |kept: &Registration| now < kept.expires_at && kept.attempts < MAX_ATTEMPTS;
        // Those that wait when registration is closed are not confirmed any more.
        let open = self.settings.registration == RegistrationMode::Open;
        let registration = registration.filter(|kept| open && works(kept));
        Ok(registration.and_then(|kept| EmailAddress::parse(&kept.address).ok()))
    }

    /// Creates the user whom the owner of the mailbox describes.
    pub(crate) async fn confirm_sign_up(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError> {
        use VerifyEmailError::{InvalidOrExpired, LastUsernameTaken, UsernameTaken};
        let token = TokenHash::of(&request.token);
        let email = self.find_sign_up(&token).await?.ok_or(InvalidOrExpired)?;
        let (values, password) =
            request.validate_sign_up(&email, &self.settings.password_policy).map_err(Failure::Invalid)?;
        let hash = passwords::hash_new(&self.ports, context, password, &values, "password").await?;
        let now = self.ports.clock.now();
        // In a unit of its own, so that an attempt counts whatever becomes of it: of any number of concurrent requests,
        // no more than `MAX_ATTEMPTS` are told about a name.
        let attempt = Work::exempt().try_registration(token, now, MAX_ATTEMPTS, InvalidOrExpired);
        let remaining = attempt.commit(&self.ports).await?.count()?;
        let name = values.username.to_string();
        // An address is taken if its owner became a user in another way, or another request was faster.
        let taken = |key| match key {
            UniqueKey::Username if remaining == 0 => LastUsernameTaken(name.clone()),
            UniqueKey::Username => UsernameTaken(name.clone()),
            UniqueKey::Email => InvalidOrExpired,
        };
        let work = Work::exempt().consume_registration(token, now, InvalidOrExpired);
        self.claim_username(work, context, &values.username, None, taken(UniqueKey::Username))
            .await?
            .insert_user(values, Some(hash), now, taken)
            .record(AuditEvent::new(AuditKind::SignedUp, UserRef::Created, context, now))
            .commit(&self.ports)
            .await
            .map(|_| ())
    }
}

/// Of what only administrators decide, a stranger may only name the defaults.
fn check_members(values: &UserValues) -> Result<(), Failure> {
    let chosen = [
        ("roles", values.roles != [DEFAULT_ROLE]),
        ("active", !values.active),
        ("email_verified", values.email_verified),
        ("app_metadata", !values.app_metadata.is_empty()),
    ];
    match chosen.into_iter().find(|(_, chosen)| *chosen) {
        Some((member, _)) => Err(Failure::forbidden(format!("only administrators can choose {member}"))),
        None => Ok(()),
    }
}

impl DeliveryContext<'_> {
    /// Composes the mail of a job.
    pub(crate) async fn sign_up(self, address: &str) -> Result<Mail, DeliveryError> {
        // Those that wait when registration is closed are not mailed any more.
        let open = self.settings.registration == RegistrationMode::Open;
        let void = || unsent(UnsentReason::NoSignUp, None);
        let email = EmailAddress::parse(address).ok().filter(|_| open).ok_or_else(void)?;
        if let Some(user) = self.ports.store.find_user_by_email(&email).await? {
            return Ok(self.mail_of_account(user));
        }
        let (valid_for, capacity) = (self.settings.verification_ttl, self.settings.registration_capacity);
        let store = |work: Work<_>, token, now: DateTime<Utc>| {
            let (address, expires_at) = (email.key().to_owned(), now + valid_for);
            work.put_registration(Registration { address, token, attempts: 0, expires_at }, capacity)
        };
        let token = self.mint(store).await?;
        let message = MailMessage::Link { template: LinkTemplate::ConfirmSignUp, token, valid_for };
        Ok(self.mail_to_stranger(email, message))
    }
}
