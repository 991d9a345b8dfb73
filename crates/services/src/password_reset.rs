//! Resetting a forgotten password.
//!
//! What a stranger can cause is one queued mail job, and the same one for every address. The worker does the rest:
//! it looks for the user, mints the token and mails it, where nobody can watch or time it.

use std::mem;

use chrono::Duration;
use denizen_models::{
    EmailAddress, PasswordResetConfirmation, PasswordResetRequest, ResetTokenStatus,
    ValidateResetTokenRequest, ValidationErrors,
};

use crate::{
    context::{AccessContext, Actor},
    defaults::{Disclosure, Ports, ServiceSettings},
    hashing::HashError,
    limits::{Limiter, Party},
    mail_worker::DeliveryError,
    mailer::{Mail, MailMessage},
    store::{
        AuditEvent, AuditKind, LeasedMail, MailKind, NewMailJob, Precondition, StoreError, StoredToken,
        UnitOfWork,
    },
    tokens::{Token, TokenHash, TokenPurpose},
};

const PURPOSE: TokenPurpose = TokenPurpose::PasswordReset;

/// Why a reset is not even queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestPasswordResetError {
    /// The address is missing or malformed.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// Nobody has this address. Only where [`Disclosure::Tutorial`] allows to say so.
    #[error("user with email '{0}' not found")]
    UnknownAddress(EmailAddress),
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

/// Why a password is not reset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResetPasswordError {
    /// A member is missing, or the password breaks the policy.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The token was never given, or is used, replaced or revoked, or its user is switched off.
    #[error("invalid reset token")]
    InvalidToken,
    /// The token came too late. Only where [`Disclosure::Tutorial`] allows to tell it apart.
    #[error("reset token has expired")]
    ExpiredToken,
    /// Any of the two, where they are not told apart.
    #[error("invalid or expired reset token")]
    DeadToken,
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

/// Why nothing is said about a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValidateResetTokenError {
    /// The token is missing.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

macro_rules! from_store_error {
    ($($error:ident)*) => {$(
        impl From<StoreError> for $error {
            fn from(error: StoreError) -> Self {
                match error {
                    StoreError::RateLimited { retry_after } => Self::RateLimited(retry_after),
                    error => Self::Store(error),
                }
            }
        }
    )*};
}

from_store_error! { RequestPasswordResetError ResetPasswordError ValidateResetTokenError }

pub(crate) async fn request(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &PasswordResetRequest,
) -> Result<(), RequestPasswordResetError> {
    let email = request.validate().map_err(RequestPasswordResetError::Validation)?;
    let limits = &settings.limits;
    // The longest wait first: the first empty bucket names the time to come back.
    let tolls = [
        ("reset.address", Party::Address(&email), limits.reset_per_address),
        ("reset.ip", Party::Ip(context.ip), limits.reset_per_ip),
        ("reset.pace", Party::Address(&email), limits.reset_pace),
    ];
    let mut work = limiter.charge(ports, limits, &tolls).await?;
    if settings.disclosure == Disclosure::Tutorial {
        // Counted before the look-up, so that here, too, an unknown address is limited like a known one.
        ports.store.commit(mem::take(&mut work)).await?;
        if ports.store.find_user_by_email(&email).await?.is_none() {
            return Err(RequestPasswordResetError::UnknownAddress(email));
        }
    }
    let job = NewMailJob::to_address(
        MailKind::PasswordReset,
        &email,
        context,
        ports.clock.now(),
        settings.mail_capacity,
    );
    match ports.store.commit(work.enqueue_mail(job)).await {
        Ok(_) => Ok(()),
        Err(StoreError::PreconditionFailed(Precondition::QueueRoom)) => {
            Err(RequestPasswordResetError::Overloaded)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the worker does when the job's turn has come: mints the token, stores its hash, and returns the mail.
/// `None`: there is nobody to send it to.
pub(crate) async fn prepare(
    ports: &Ports,
    settings: &ServiceSettings,
    job: &LeasedMail,
    address: &str,
) -> Result<Option<Mail>, DeliveryError> {
    let Ok(address) = EmailAddress::parse(address) else { return Ok(None) };
    let Some(user) = ports.store.find_user_by_email(&address).await?.filter(|user| user.values.active) else {
        return Ok(None);
    };
    let token = Token::mint(ports.tokens.as_ref())?;
    let now = ports.clock.now();
    let context = AccessContext {
        actor: Actor::Anonymous,
        ip: job.ip,
        user_agent: None,
        request_id: job.request_id.clone(),
    };
    // Stored before it is sent: a mailed token always works, and one that was not mailed dies with its replacement.
    let work = UnitOfWork::new()
        .expect_lease(job.lease)
        .expect_user(user.id, user.security_version)
        .put_token(user.id, PURPOSE, token.hash(), now + settings.reset_token_ttl)
        .record(AuditEvent::new(AuditKind::PasswordResetRequested, user.id, &context, now));
    ports.store.commit(work).await?;
    let message = MailMessage::PasswordReset { token, valid_for: settings.reset_token_ttl };
    Ok(Some(Mail { to: user.values.email, name: user.values.first_name, message }))
}

pub(crate) async fn confirm(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &PasswordResetConfirmation,
) -> Result<(), ResetPasswordError> {
    let password = request.validate(&settings.password_policy).map_err(ResetPasswordError::Validation)?;
    let dead = |told_apart| match settings.disclosure {
        Disclosure::Tutorial => told_apart,
        Disclosure::Uniform => ResetPasswordError::DeadToken,
    };
    count_token(ports, settings, limiter, context).await?;
    let token = TokenHash::of(&request.token);
    // Looked up before the password is judged and hashed: a guessed token costs one indexed read, not 30 ms of a core
    // for each of the two.
    let stored = ports.store.find_token(PURPOSE, &token).await?;
    let StoredToken { user, expires_at } = stored.ok_or_else(|| dead(ResetPasswordError::InvalidToken))?;
    if ports.clock.now() >= expires_at {
        return Err(dead(ResetPasswordError::ExpiredToken));
    }
    let user = ports.store.find_user(user).await?.filter(|user| user.values.active);
    let user = user.ok_or_else(|| dead(ResetPasswordError::InvalidToken))?;
    // Only now is it known, too, whose name and address the password must not be.
    password.check_strength(&user.values).map_err(|reason| {
        ResetPasswordError::Validation(ValidationErrors::of("new_password", format!("new password {reason}")))
    })?;
    let hash = ports.hasher.hash(password).await?;
    let now = ports.clock.now();
    let work = UnitOfWork::new()
        .consume_token(user.id, PURPOSE, token, now)
        .set_password(user.id, hash, user.security_version, now)
        .verify_email(user.id, now)
        .revoke_tokens(user.id)
        .revoke_sessions(user.id, None)
        .enqueue_mail(NewMailJob::to_user(MailKind::PasswordChanged, user.id, context, now))
        .record(AuditEvent::new(AuditKind::PasswordReset, user.id, context, now));
    match ports.store.commit(work).await {
        Ok(_) => Ok(()),
        // Somebody else was faster: with the same token, or by changing the account.
        Err(StoreError::PreconditionFailed(Precondition::Token | Precondition::User)) => {
            Err(dead(ResetPasswordError::InvalidToken))
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn validate(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &ValidateResetTokenRequest,
) -> Result<ResetTokenStatus, ValidateResetTokenError> {
    const INVALID: ResetTokenStatus = ResetTokenStatus { valid: false, expires_at: None };
    request.validate().map_err(ValidateResetTokenError::Validation)?;
    count_token(ports, settings, limiter, context).await?;
    let stored = ports.store.find_token(PURPOSE, &TokenHash::of(&request.token)).await?;
    let Some(stored) = stored.filter(|stored| ports.clock.now() < stored.expires_at) else {
        return Ok(INVALID);
    };
    match ports.store.find_user(stored.user).await? {
        Some(user) if user.values.active => {
            Ok(ResetTokenStatus { valid: true, expires_at: Some(stored.expires_at) })
        }
        _ => Ok(INVALID),
    }
}

/// Counts that a token is presented, before anybody looks whether there is such a token.
async fn count_token(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
) -> Result<(), StoreError> {
    let limits = &settings.limits;
    let tolls = [("reset.token", Party::Ip(context.ip), limits.tokens_per_ip)];
    ports.store.commit(limiter.charge(ports, limits, &tolls).await?).await.map(|_| ())
}
