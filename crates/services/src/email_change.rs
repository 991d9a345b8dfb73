//! Changing the address of an account: asked for with the password, confirmed at the new address, told to the old one.

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{ChangeEmailRequest, EmailAddress, TokenRequest, UserId, UserValues, ValidationErrors};

use crate::{
    common::{
        context::{AccessContext, Actor},
        delivery::{DeliveryContext, DeliveryError},
        mailed_tokens,
        rate_limits::{self, from_limited},
        service::AccountService,
    },
    login::ReauthenticateError,
    ports::{
        hasher::HashError,
        mailer::{LinkTemplate, Mail, MailMessage},
        randomness::TokenPurpose,
        store::{
            AuditEvent, AuditKind, Change, MailKind, NewMailJob, Precondition, StoreError, UniqueKey,
            UnitOfWork, actor_name,
        },
    },
    users,
};

const PURPOSE: TokenPurpose = TokenPurpose::EmailChange;

/// Why a change of address is not even queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeEmailError {
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The actor is no signed-in user.
    #[error("only signed-in users can change their address")]
    Forbidden,
    /// That is not the password of the account.
    #[error("the password is wrong")]
    WrongPassword,
    /// The password could not be compared.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// Why an address is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmEmailChangeError {
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The token was never given, or is used, replaced, revoked or expired, or its user is switched off.
    #[error("invalid or expired token")]
    InvalidOrExpired,
    /// Another user has the address by now.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

from_limited! { ChangeEmailError ConfirmEmailChangeError }

impl From<ReauthenticateError> for ChangeEmailError {
    fn from(error: ReauthenticateError) -> Self {
        match error {
            ReauthenticateError::Forbidden => Self::Forbidden,
            ReauthenticateError::WrongPassword => Self::WrongPassword,
            ReauthenticateError::Hash(error) => error.into(),
            ReauthenticateError::Store(error) => error.into(),
        }
    }
}

/// Changing the e-mail address of an account.
#[async_trait]
pub trait EmailChanges: Send + Sync {
    /// Queues a mail with a token to the address that the actor wants instead of the present one.
    async fn change_email(
        &self,
        context: &AccessContext,
        request: ChangeEmailRequest,
    ) -> Result<(), ChangeEmailError>;

    /// Gives a user the address to which the token was mailed, and tells the old one. The token works once.
    async fn confirm_email_change(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<(), ConfirmEmailChangeError>;
}

#[async_trait]
impl EmailChanges for AccountService {
    async fn change_email(
        &self,
        context: &AccessContext,
        request: ChangeEmailRequest,
    ) -> Result<(), ChangeEmailError> {
        let (email, password) =
            request.validate(&self.settings.password_policy).map_err(ChangeEmailError::Validation)?;
        let rules = rate_limits::verification_mail(&self.settings.limits, &email, context);
        self.limiter.count(&rules).await?;
        let user = self.reauthenticate(context, password).await?;
        let now = self.ports.clock.now();
        let job = NewMailJob::to_user_at(MailKind::EmailChange, user.id, email, context, now);
        let work = UnitOfWork::new().expect_user(user.id, user.security_version).enqueue_mail(job);
        let work = self.reset_attempts(work, &user).await?;
        match self.ports.store.commit(work).await {
            Ok(_) => Ok(()),
            // The account changed after the password was compared: it may not be the right one any more.
            Err(StoreError::PreconditionFailed(Precondition::User)) => Err(ChangeEmailError::WrongPassword),
            Err(error) => Err(error.into()),
        }
    }

    async fn confirm_email_change(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<(), ConfirmEmailChangeError> {
        request.validate().map_err(ConfirmEmailChangeError::Validation)?;
        self.limiter.count_token(context).await?;
        for _ in 0..users::MAX_RETRIES {
            let found = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await?;
            let found = found.map_err(|_| ConfirmEmailChangeError::InvalidOrExpired)?;
            let user = &found.user;
            let email = found.stored.address.clone().ok_or(ConfirmEmailChangeError::InvalidOrExpired)?;
            let values = UserValues { email: email.clone(), email_verified: true, ..user.values.clone() };
            let (now, old) = (self.ports.clock.now(), user.values.email.clone());
            let work = found
                .consume(now)
                .update_user(user.id, user.revision, values, now)
                .revoke_tokens(user.id)
                .drop_registration(&email)
                .enqueue_mail(NewMailJob::to_user_at(MailKind::EmailChanged, user.id, old, context, now))
                .record(AuditEvent::new(AuditKind::EmailChanged, user.id, context, now));
            match self.ports.store.commit(work).await {
                Ok(_) => return Ok(()),
                Err(StoreError::PreconditionFailed(Precondition::User)) => {}
                Err(StoreError::PreconditionFailed(Precondition::Token)) => {
                    return Err(ConfirmEmailChangeError::InvalidOrExpired);
                }
                Err(StoreError::Conflict(UniqueKey::Email)) => {
                    return Err(ConfirmEmailChangeError::EmailTaken(email.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(users::contention().into())
    }
}

impl DeliveryContext<'_> {
    /// What the worker does when the job's turn has come; `None`: there is nobody to send a mail to.
    pub(crate) async fn email_change(
        self,
        user: UserId,
        email: &EmailAddress,
    ) -> Result<Option<Mail>, DeliveryError> {
        let Some(user) = self.find_active_user(user).await? else { return Ok(None) };
        // Whoever asked knew the password of then. If it was replaced since, that may have been to keep them out.
        if user.updated_at > self.job.requested_at {
            return Ok(None);
        }
        match self.ports.store.find_user_by_email(email).await? {
            Some(owner) if owner.id == user.id => return Ok(None),
            Some(owner) => return Ok(Some(self.mail_of_account(owner))),
            None => {}
        }
        let valid_for = self.settings.verification_ttl;
        let store = |work: UnitOfWork, hash, now| {
            let event = self.event(AuditKind::EmailChangeRequested, Actor::Anonymous, user.id, now);
            work.expect_user(user.id, user.security_version)
                .with(Change::PutToken {
                    user: user.id.into(),
                    purpose: PURPOSE,
                    hash,
                    expires_at: now + valid_for,
                    address: Some(email.clone()),
                })
                .record(AuditEvent { actor: actor_name(user.id), ..event })
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::ConfirmEmailChange;
        let message = MailMessage::Link { template, token, valid_for };
        Ok(Some(self.mail_to_stranger(email.clone(), message)))
    }
}
