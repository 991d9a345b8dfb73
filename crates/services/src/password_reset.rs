//! Resetting a forgotten password.
//!
//! What a stranger can cause is one queued mail job, and the same one for every address. The worker does the rest:
//! it looks for the user, mints the token and mails it, where nobody can watch or time it.

use std::mem;

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{
    EmailAddress, Password, PasswordResetConfirmation, PasswordResetRequest, ResetTokenStatus, Secret,
    TokenRequest, UserId, ValidationErrors,
};

use crate::{
    common::{
        context::{AccessContext, Actor},
        delivery::{DeliveryContext, DeliveryError},
        mailed_tokens::{self, InvalidToken},
        passwords::{self, from_new_password},
        rate_limits::{LimitSubject, from_limited},
        service::AccountService,
        settings::Disclosure,
    },
    ports::{
        Ports,
        hasher::{HashError, PasswordHash},
        mailer::{LinkTemplate, Mail, MailMessage},
        randomness::{Token, TokenPurpose},
        store::{AuditEvent, AuditKind, MailKind, NewMailJob, Precondition, StoreError, UnitOfWork},
    },
    users,
};

const PURPOSE: TokenPurpose = TokenPurpose::PasswordReset;

/// Why a reset is not even queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestPasswordResetError {
    /// The address is missing or malformed.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// Nobody has this address. Only where [`Disclosure::Detailed`] allows to say so.
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
    /// The token came too late. Only where [`Disclosure::Detailed`] allows to tell it apart.
    #[error("reset token has expired")]
    ExpiredToken,
    /// Any of the two, where they are not told apart.
    #[error("invalid or expired reset token")]
    InvalidOrExpired,
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

/// Why an administrator does not send a user a new way in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendPasswordResetError {
    /// There is no user with this id, or the actor may not see it.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// The actor is no administrator.
    #[error("only administrators can send this mail")]
    Forbidden,
    /// The user is switched off, and would not be sent anything.
    #[error("the user is not active")]
    Inactive,
    /// The new password that nobody knows could not be made.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

from_limited! { RequestPasswordResetError ResetPasswordError ValidateResetTokenError }
from_new_password! { ResetPasswordError: "new_password", "new password" }

/// How a forgotten password is replaced.
#[async_trait]
pub trait PasswordResets: Send + Sync {
    /// Queues a mail with a reset token for whoever has this address. The same work for every address.
    async fn request_password_reset(
        &self,
        context: &AccessContext,
        request: PasswordResetRequest,
    ) -> Result<(), RequestPasswordResetError>;

    /// Sets a new password with a mailed token, and ends every session of the user. The token works once.
    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<(), ResetPasswordError>;

    /// Whether a token would work now. Does not consume it, and does not say whose it is.
    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<ResetTokenStatus, ValidateResetTokenError>;

    /// Queues a mail with which a user can choose a password: an invitation for one who never had any, else a reset.
    /// With `discard_password`, nobody can sign in with the old one from now on, and every session ends: for an account
    /// that somebody else got into. Administrators only, who never learn nor choose the password.
    async fn send_password_reset(
        &self,
        context: &AccessContext,
        id: UserId,
        discard_password: bool,
    ) -> Result<(), SendPasswordResetError>;
}

#[async_trait]
impl PasswordResets for AccountService {
    async fn request_password_reset(
        &self,
        context: &AccessContext,
        request: PasswordResetRequest,
    ) -> Result<(), RequestPasswordResetError> {
        let email = request.validate().map_err(RequestPasswordResetError::Validation)?;
        let limits = &self.settings.limits;
        // The longest wait first: the first empty bucket names the time to come back.
        let rules = [
            ("reset.address", LimitSubject::Address(&email), limits.mail_per_address),
            ("reset.ip", LimitSubject::Ip(context.ip), limits.mail_per_ip),
            ("reset.pace", LimitSubject::Address(&email), limits.mail_pace),
        ];
        let mut work = self.limiter.consume(&rules).await?;
        if self.settings.disclosure == Disclosure::Detailed {
            // Counted before the look-up, so that here, too, an unknown address is limited like a known one.
            self.ports.store.commit(mem::take(&mut work)).await?;
            if self.ports.store.find_user_by_email(&email).await?.is_none() {
                return Err(RequestPasswordResetError::UnknownAddress(email));
            }
        }
        let (kind, now) = (MailKind::PasswordReset, self.ports.clock.now());
        let job = NewMailJob::to_address(kind, &email, context, now, self.settings.mail_capacity);
        match self.ports.store.commit(work.enqueue_mail(job)).await {
            Ok(_) => Ok(()),
            Err(StoreError::PreconditionFailed(Precondition::QueueRoom)) => {
                Err(RequestPasswordResetError::Overloaded)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<(), ResetPasswordError> {
        let password =
            request.validate(&self.settings.password_policy).map_err(ResetPasswordError::Validation)?;
        let dead = |told_apart| match self.settings.disclosure {
            Disclosure::Detailed => told_apart,
            Disclosure::Uniform => ResetPasswordError::InvalidOrExpired,
        };
        self.limiter.count_token(context).await?;
        // Looked up before the password is judged and hashed: a guessed token costs one indexed read, not 30 ms of a core
        // for each of the two. Only then is it known, too, whose name and address the password must not be.
        let found = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await?;
        let found = found.map_err(|cause| match cause {
            InvalidToken::Expired => dead(ResetPasswordError::ExpiredToken),
            InvalidToken::Invalid => dead(ResetPasswordError::InvalidToken),
        })?;
        let user = &found.user;
        let hash = passwords::hash_new(&self.ports, password, &user.values).await?;
        let now = self.ports.clock.now();
        let work = found
            .set_password(hash, now)
            .enqueue_mail(NewMailJob::to_user(MailKind::PasswordChanged, user.id, context, now))
            .record(AuditEvent::new(AuditKind::PasswordReset, user.id, context, now));
        let work = self.reset_attempts(work, user).await?;
        match self.ports.store.commit(work).await {
            Ok(_) => Ok(()),
            // Somebody else was faster: with the same token, or by changing the account.
            Err(StoreError::PreconditionFailed(Precondition::Token | Precondition::User)) => {
                Err(dead(ResetPasswordError::InvalidToken))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<ResetTokenStatus, ValidateResetTokenError> {
        request.validate().map_err(ValidateResetTokenError::Validation)?;
        self.limiter.count_token(context).await?;
        match mailed_tokens::find(&self.ports, PURPOSE, &request.token).await? {
            Ok(found) => Ok(ResetTokenStatus { valid: true, expires_at: Some(found.stored.expires_at) }),
            Err(InvalidToken::Expired | InvalidToken::Invalid) => {
                Ok(ResetTokenStatus { valid: false, expires_at: None })
            }
        }
    }

    async fn send_password_reset(
        &self,
        context: &AccessContext,
        id: UserId,
        discard_password: bool,
    ) -> Result<(), SendPasswordResetError> {
        if !context.is_admin() {
            let hidden = SendPasswordResetError::NotFound(id);
            return Err(if context.is_self(id) { SendPasswordResetError::Forbidden } else { hidden });
        }
        let discarded = if discard_password { Some(unusable_password(&self.ports).await?) } else { None };
        for _ in 0..users::MAX_RETRIES {
            let user = self.ports.store.find_user(id).await?.ok_or(SendPasswordResetError::NotFound(id))?;
            if !user.values.active {
                return Err(SendPasswordResetError::Inactive);
            }
            let credentials = self.ports.store.find_credentials(id).await?;
            let has_password = credentials.is_some_and(|credentials| credentials.hash.is_some());
            let now = self.ports.clock.now();
            // Strangers cannot fill the queue for administrators.
            let (job, kind) = if has_password {
                let email = &user.values.email;
                let job = NewMailJob::to_address(MailKind::PasswordReset, email, context, now, u32::MAX);
                (job, AuditKind::PasswordResetRequested)
            } else {
                (NewMailJob::to_user(MailKind::Invitation, id, context, now), AuditKind::UserInvited)
            };
            let mut work = UnitOfWork::new().expect_user(id, user.security_version);
            if let Some(hash) = &discarded {
                if has_password {
                    work = work.set_password(id, hash.clone(), user.security_version, now);
                }
                let event = AuditEvent::new(AuditKind::PasswordDiscarded, id, context, now);
                work = work.revoke_tokens(id).revoke_sessions(id, None).record(event);
            }
            let work = work.enqueue_mail(job).record(AuditEvent::new(kind, id, context, now));
            match self.ports.store.commit(work).await {
                Ok(_) => return Ok(()),
                Err(StoreError::PreconditionFailed(Precondition::User)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(users::contention().into())
    }
}

impl DeliveryContext<'_> {
    /// What the worker does when the job's turn has come; `None`: there is nobody to send a mail to.
    pub(crate) async fn password_reset(self, address: &str) -> Result<Option<Mail>, DeliveryError> {
        let user = self.find_user_at(address).await?;
        let Some(user) = user.filter(|user| user.values.active) else { return Ok(None) };
        let valid_for = self.settings.reset_token_ttl;
        let store = |work: UnitOfWork, hash, now| {
            work.expect_user(user.id, user.security_version)
                .put_token(user.id, PURPOSE, hash, now + valid_for)
                .record(self.event(AuditKind::PasswordResetRequested, Actor::Anonymous, user.id, now))
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::PasswordReset;
        Ok(Some(self.mail_to(user, MailMessage::Link { template, token, valid_for })))
    }
}

/// The hash of a password that nobody knows, nor can find out.
async fn unusable_password(ports: &Ports) -> Result<PasswordHash, HashError> {
    let token = Token::mint(ports.tokens.as_ref()).map_err(|error| HashError::Failed(error.to_string()))?;
    ports.hasher.hash(Password::presented(&Secret::from(token.expose()))).await
}
