//! Showing that an address is one's own: with an account that exists, or to get one.

use chrono::Duration;
use denizen_models::{EmailAddress, EmailVerificationRequest, ValidationErrors, VerifyEmailRequest};

use crate::{
    context::AccessContext,
    defaults::{Ports, ServiceSettings},
    limits::{Limiter, Limits, Party, Toll, from_limited},
    mail_worker::{Delivery, DeliveryError},
    mailed_tokens,
    mailer::{Mail, MailMessage},
    sign_up,
    store::{AuditEvent, AuditKind, MailKind, NewMailJob, Precondition, StoreError, UnitOfWork},
    tokens::{TokenHash, TokenPurpose},
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
    DeadToken,
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

/// What is taken for a mail to an address of which somebody has still to show that it is theirs.
pub(crate) fn address_toll<'a>(limits: &Limits, email: &'a EmailAddress) -> Toll<'a> {
    ("verification.address", Party::Address(email), limits.verification_per_address)
}

/// The same, and what is taken for whoever asks for it. The longest wait first: the first empty bucket names the time to
/// come back.
pub(crate) fn tolls<'a>(limits: &Limits, email: &'a EmailAddress, context: &AccessContext) -> [Toll<'a>; 2] {
    let ip = ("verification.ip", Party::Ip(context.ip), limits.verification_per_ip);
    [address_toll(limits, email), ip]
}

pub(crate) async fn request(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &EmailVerificationRequest,
) -> Result<(), RequestEmailVerificationError> {
    let email = request.validate().map_err(RequestEmailVerificationError::Validation)?;
    let limits = &settings.limits;
    let work = limiter.charge(ports, limits, &tolls(limits, &email, context)).await?;
    let (kind, now) = (MailKind::EmailVerification, ports.clock.now());
    let job = NewMailJob::to_address(kind, &email, context, now, settings.mail_capacity);
    match ports.store.commit(work.enqueue_mail(job)).await {
        Ok(_) => Ok(()),
        Err(StoreError::PreconditionFailed(Precondition::QueueRoom)) => {
            Err(RequestEmailVerificationError::Overloaded)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the worker does when the job's turn has come; `None`: there is nobody to send a mail to.
pub(crate) async fn prepare(delivery: Delivery<'_>, address: &str) -> Result<Option<Mail>, DeliveryError> {
    let user = delivery.find_user_at(address).await?;
    let Some(user) = user.filter(|user| user.values.active && !user.values.email_verified) else {
        return Ok(None);
    };
    let valid_for = delivery.settings.verification_ttl;
    let store = |work: UnitOfWork, hash, now| {
        work.expect_user(user.id, user.security_version).put_token(user.id, PURPOSE, hash, now + valid_for)
    };
    let token = delivery.mint(store).await?;
    Ok(Some(delivery.mail_to(user, MailMessage::VerifyEmail { token, valid_for })))
}

pub(crate) async fn verify(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &VerifyEmailRequest,
) -> Result<(), VerifyEmailError> {
    let username = request.validate().map_err(VerifyEmailError::Validation)?;
    limiter.count_token(ports, &settings.limits, context).await?;
    let Ok(found) = mailed_tokens::find(ports, PURPOSE, &request.token).await? else {
        return sign_up::confirm(ports, settings, context, TokenHash::of(&request.token), username).await;
    };
    let (user, now) = (found.user.id, ports.clock.now());
    let event = AuditEvent::new(AuditKind::EmailVerified, user, context, now);
    match ports.store.commit(found.consume(now).verify_email(user, now).record(event)).await {
        Ok(_) => Ok(()),
        Err(StoreError::PreconditionFailed(Precondition::Token)) => Err(VerifyEmailError::DeadToken),
        Err(error) => Err(error.into()),
    }
}
