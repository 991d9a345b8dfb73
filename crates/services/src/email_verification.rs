//! Showing that an address is one's own: with an account that exists, or to get one.

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{EmailVerificationRequest, ValidationErrors, VerifyEmailRequest};

use crate::{
    common::{
        context::AccessContext,
        delivery::{DeliveryContext, DeliveryError},
        mailed_tokens,
        rate_limits::{self, from_limited},
        service::AccountService,
    },
    ports::{
        mailer::{LinkTemplate, Mail, MailMessage},
        randomness::{TokenHash, TokenPurpose},
        store::{AuditEvent, AuditKind, MailKind, NewMailJob, Precondition, StoreError, UnitOfWork},
    },
    sign_up::ConfirmSignUpError,
};

const PURPOSE: TokenPurpose = TokenPurpose::EmailVerification;

/// Why a verification is not even queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestEmailVerificationError {
    /// The address is missing or malformed.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// Too many requests wait to be mailed.
    #[error("too many requests are waiting")]
    Overloaded,
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// Why an address is not confirmed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyEmailError {
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The token was never given, or is used, replaced, revoked or expired, or its user is switched off.
    #[error("invalid or expired verification token")]
    InvalidOrExpired,
    /// Somebody took the name since the sign-up. The token still works, with another name.
    #[error("username '{0}' already exists")]
    UsernameTaken(String),
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

from_limited! { RequestEmailVerificationError VerifyEmailError }

impl From<ConfirmSignUpError> for VerifyEmailError {
    fn from(error: ConfirmSignUpError) -> Self {
        match error {
            ConfirmSignUpError::InvalidOrExpired => Self::InvalidOrExpired,
            ConfirmSignUpError::UsernameTaken(name) => Self::UsernameTaken(name.to_string()),
            ConfirmSignUpError::Store(error) => error.into(),
        }
    }
}

/// Verifying that an e-mail address belongs to its user.
#[async_trait]
pub trait EmailVerifications: Send + Sync {
    /// Queues a mail with a token for whoever has this address and has not yet shown that it is theirs. The same work for
    /// every address.
    async fn request_email_verification(
        &self,
        context: &AccessContext,
        request: EmailVerificationRequest,
    ) -> Result<(), RequestEmailVerificationError>;

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
    ) -> Result<(), RequestEmailVerificationError> {
        let email = request.validate().map_err(RequestEmailVerificationError::Validation)?;
        let rules = rate_limits::verification_mail(&self.settings.limits, &email, context);
        let work = self.limiter.consume(&rules).await?;
        let (kind, now) = (MailKind::EmailVerification, self.ports.clock.now());
        let job = NewMailJob::to_address(kind, &email, context, now, self.settings.mail_capacity);
        match self.ports.store.commit(work.enqueue_mail(job)).await {
            Ok(_) => Ok(()),
            Err(StoreError::PreconditionFailed(Precondition::QueueRoom)) => {
                Err(RequestEmailVerificationError::Overloaded)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError> {
        let username = request.validate().map_err(VerifyEmailError::Validation)?;
        self.limiter.count_token(context).await?;
        let Ok(found) = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await? else {
            return Ok(self.confirm_sign_up(context, TokenHash::of(&request.token), username).await?);
        };
        let (user, now) = (found.user.id, self.ports.clock.now());
        let event = AuditEvent::new(AuditKind::EmailVerified, user, context, now);
        match self.ports.store.commit(found.consume(now).verify_email(user, now).record(event)).await {
            Ok(_) => Ok(()),
            Err(StoreError::PreconditionFailed(Precondition::Token)) => {
                Err(VerifyEmailError::InvalidOrExpired)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl DeliveryContext<'_> {
    /// What the worker does when the job's turn has come; `None`: there is nobody to send a mail to.
    pub(crate) async fn email_verification(self, address: &str) -> Result<Option<Mail>, DeliveryError> {
        let user = self.find_user_at(address).await?;
        let Some(user) = user.filter(|user| user.values.active && !user.values.email_verified) else {
            return Ok(None);
        };
        let valid_for = self.settings.verification_ttl;
        let store = |work: UnitOfWork, hash, now| {
            work.expect_user(user.id, user.security_version).put_token(
                user.id,
                PURPOSE,
                hash,
                now + valid_for,
            )
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::VerifyEmail;
        Ok(Some(self.mail_to(user, MailMessage::Link { template, token, valid_for })))
    }
}
