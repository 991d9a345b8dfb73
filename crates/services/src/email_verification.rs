//! Showing that an address is one's own: with an account that exists, or to get one.

use async_trait::async_trait;
use denizen_models::{EmailVerificationRequest, UserValues, Username, VerifyEmailRequest};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Failure, LimitSubject, Work, embeds_failure,
        mailed_tokens, unsent,
    },
    ports::{
        AccessContext, LinkTemplate, Mail, MailMessage, TokenHash, TokenPurpose,
        store::{AuditEvent, AuditKind, MailJob, NewMailJob, Registration, UniqueKey, UnsentReason, UserRef},
    },
    sign_up,
};

const PURPOSE: TokenPurpose = TokenPurpose::EmailVerification;

/// Why an address is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyEmailError {
    /// The token is unknown, used, replaced, revoked or expired, or its user is inactive.
    #[error("invalid or expired verification token")]
    InvalidOrExpired,
    /// Another user took the name since the sign-up. The token still works, with another name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { VerifyEmailError }

/// Verifying that an e-mail address belongs to its user.
#[async_trait]
pub trait EmailVerifications: Send + Sync {
    /// Queues a mail with a token for whoever has this address and has not yet shown that it is theirs. The same work for
    /// every address.
    async fn request_email_verification(
        &self,
        context: &AccessContext,
        request: EmailVerificationRequest,
    ) -> Result<(), Failure>;

    /// Confirms with a mailed token that an address is the user's own; or makes a user of whoever signed up with it. The
    /// token works once.
    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError>;
}

#[async_trait]
impl EmailVerifications for AccountService {
    async fn request_email_verification(
        &self,
        context: &AccessContext,
        request: EmailVerificationRequest,
    ) -> Result<(), Failure> {
        let email = request.validate().map_err(Failure::Invalid)?;
        let limits = &self.settings.limits;
        let ip = ("verification.ip", LimitSubject::Ip(context), limits.mail_per_ip);
        // The longest wait first: the first empty bucket names the time to come back.
        let rules = [
            ("verification.address", LimitSubject::Address(&email), limits.mail_per_address),
            ip,
            ("verification.pace", LimitSubject::Address(&email), limits.mail_pace),
        ];
        let mail = MailJob::EmailVerification { address: email.key().to_owned() };
        let job = NewMailJob::new(mail, context, self.ports.clock.now());
        let work = self.limiter.consume(Work::<Failure>::for_stranger(), &rules).await?;
        let work = work.enqueue_mail_within(self.settings.mail_capacity, job);
        self.limiter.commit(work, ip).await.map(|_| ())
    }

    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError> {
        let username = request.validate().map_err(Failure::Invalid)?;
        self.limiter.count_token(context).await?;
        let Ok(found) = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await? else {
            return self.confirm_sign_up(context, TokenHash::of(&request.token), username).await;
        };
        let (user, now) = (found.user.id, self.ports.clock.now());
        let event = AuditEvent::new(AuditKind::EmailVerified, user, context, now);
        let work = found.consume(now, VerifyEmailError::InvalidOrExpired).verify_email(user, now);
        work.record(event).commit(&self.ports).await.map(|_| ())
    }
}

impl AccountService {
    /// Creates the user of the sign-up with this token, with another name if one is given.
    async fn confirm_sign_up(
        &self,
        context: &AccessContext,
        token: TokenHash,
        username: Option<Username>,
    ) -> Result<(), VerifyEmailError> {
        let registration = self.ports.store.find_registration_by_token(&token).await?;
        let now = self.ports.clock.now();
        let registration = registration.filter(|kept| sign_up::is_valid(kept, &self.settings, now));
        let Registration { values, password, .. } = registration.ok_or(VerifyEmailError::InvalidOrExpired)?;
        let username = username.unwrap_or_else(|| values.username.clone());
        let reserved = VerifyEmailError::UsernameTaken(username.to_string());
        if self.is_reserved(context, &username) {
            return Err(reserved);
        }
        let values = UserValues { username: username.clone(), email_verified: true, ..values };
        // Another request was faster: with the same token, or by giving the address to another user.
        let taken = |key| match key {
            UniqueKey::Username => VerifyEmailError::UsernameTaken(username.to_string()),
            UniqueKey::Email => VerifyEmailError::InvalidOrExpired,
        };
        let work = Work::for_stranger().consume_registration(token, now, VerifyEmailError::InvalidOrExpired);
        self.claim_username(work, &username, None, reserved)
            .await?
            .insert_user(values, Some(password), now, taken)
            .record(AuditEvent::new(AuditKind::SignedUp, UserRef::Created, context, now))
            .commit(&self.ports)
            .await
            .map(|_| ())
    }
}

impl DeliveryContext<'_> {
    /// Composes the mail of a job.
    pub(crate) async fn email_verification(self, address: &str) -> Result<Mail, DeliveryError> {
        let user = self.active_user_at(address).await?;
        if user.values.email_verified {
            return Err(unsent(UnsentReason::Verified, Some(user.id)));
        }
        let valid_for = self.settings.verification_ttl;
        let store = |work: Work<_>, hash, now| {
            work.expect_user(user.id, user.security_version, DeliveryError::Changed).put_token(
                user.id,
                PURPOSE,
                hash,
                now + valid_for,
            )
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::VerifyEmail;
        Ok(self.mail_to(user, MailMessage::Link { template, token, valid_for }))
    }
}
