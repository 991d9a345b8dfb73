//! Showing that an address is one's own: with an account that exists, or to get one.

use async_trait::async_trait;
use denizen_models::{EmailAddress, EmailVerificationRequest, TokenRequest, VerifyEmailRequest};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Failure, LimitSubject, Work, embeds_failure,
        mailed_tokens, unsent,
    },
    ports::{
        AccessContext, LinkTemplate, Mail, MailMessage, TokenHash, TokenPurpose,
        store::{AuditEvent, AuditKind, MailJob, NewMailJob, UnsentReason},
    },
};

const PURPOSE: TokenPurpose = TokenPurpose::EmailVerification;

/// Why an address is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyEmailError {
    /// The token is unknown, used, replaced, revoked or expired, or its user is inactive.
    #[error("invalid or expired verification token")]
    InvalidOrExpired,
    /// Another user has the name. The token still works, with another name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Another user has the name, and it was the last one that could be tried with this token.
    #[error("username '{0}' already exists, and the token is used up; sign up again to get a new one")]
    LastUsernameTaken(String),
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

    /// Confirms an e-mail address with a mailed token, which works once: the address of an account; or the one of a
    /// sign-up, which creates the user that `request` describes. Five taken user names use the token of a sign-up up.
    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError>;

    /// Returns the e-mail address that a mailed token confirms, if it is the token of a sign-up and works: then
    /// [`Self::verify_email`] needs the members of a user, too. Does not use the token.
    async fn address_to_sign_up(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<Option<EmailAddress>, Failure>;
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
        let work = self.limiter.consume(Work::<Failure>::exempt(), &rules).await?;
        let work = work.enqueue_mail_within(self.settings.mail_capacity, job);
        self.limiter.commit(work, ip).await.map(|_| ())
    }

    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError> {
        request.validate().map_err(Failure::Invalid)?;
        self.limiter.count_token(context).await?;
        let Ok(found) = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await? else {
            return self.confirm_sign_up(context, request).await;
        };
        request.validate_bare().map_err(Failure::Invalid)?;
        let (user, now) = (found.user.id, self.ports.clock.now());
        let event = AuditEvent::new(AuditKind::EmailVerified, user, context, now);
        let work = found.consume(now, VerifyEmailError::InvalidOrExpired).verify_email(user, now);
        work.record(event).commit(&self.ports).await.map(|_| ())
    }

    async fn address_to_sign_up(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<Option<EmailAddress>, Failure> {
        request.validate().map_err(Failure::Invalid)?;
        self.limiter.count_token(context).await?;
        self.find_sign_up(&TokenHash::of(&request.token)).await
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
