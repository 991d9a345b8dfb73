//! Changing the address of an account: asked for with the password, confirmed at the new address, told to the old one.

use async_trait::async_trait;
use denizen_models::{ChangeEmailRequest, EmailAddress, TokenRequest, UserId, UserValues};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Failure, LimitSubject, Work, embeds_failure,
        mailed_tokens, retry, unsent,
    },
    ports::{
        AccessContext, Actor, LinkTemplate, Mail, MailMessage, TokenPurpose,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob, UniqueKey, UnsentReason, actor_name},
    },
};

const PURPOSE: TokenPurpose = TokenPurpose::EmailChange;

/// Why a change of address is not even queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeEmailError {
    /// The password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why an address is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfirmEmailChangeError {
    /// The token is unknown, used, replaced, revoked or expired, or its user is inactive.
    #[error("invalid or expired token")]
    InvalidOrExpired,
    /// Another user has the address by now.
    #[error("email '{0}' already exists")]
    EmailTaken(String),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { ChangeEmailError ConfirmEmailChangeError }

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
        use ChangeEmailError::WrongPassword;
        let (email, password) = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let limits = &self.settings.limits;
        let ip = ("email_change.ip", LimitSubject::Ip(context), limits.mail_per_ip);
        self.limiter.count(&[ip]).await?;
        let user = self.reauthenticate(context, password, WrongPassword).await?;
        let now = self.ports.clock.now();
        // After the password, so that only mails count: nobody can use them up for another. The longest wait first.
        let rules = [
            ("email_change.address", LimitSubject::Address(&email), limits.mail_per_address),
            ("email_change.pace", LimitSubject::Address(&email), limits.mail_pace),
        ];
        let mail = MailJob::EmailChange { user: user.id.into(), address: email.clone() };
        // If the account changed after the password was compared, it may not be the right one any more.
        let work = self.by(context, Needs::Session)?;
        let work = work.expect_user(user.id, user.security_version, WrongPassword);
        let work = self
            .accept_reauthentication(work, context, &user, WrongPassword)
            .await?
            .enqueue_mail(NewMailJob::new(mail, context, now).for_version(user.security_version));
        let work = self.limiter.consume(work, &rules).await?;
        work.commit(&self.ports).await.map(|_| ())
    }

    async fn confirm_email_change(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<(), ConfirmEmailChangeError> {
        use ConfirmEmailChangeError::{EmailTaken, InvalidOrExpired};
        request.validate().map_err(Failure::Invalid)?;
        self.limiter.count_token(context).await?;
        retry(|| async {
            let found = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await?;
            let found = found.map_err(|_| InvalidOrExpired)?;
            let user = &found.user;
            let email = found.stored.address.clone().ok_or(InvalidOrExpired)?;
            let values = UserValues { email: email.clone(), email_verified: true, ..user.values.clone() };
            let (now, address) = (self.ports.clock.now(), user.values.email.clone());
            let notice = MailJob::EmailChanged { user: user.id.into(), address };
            let taken = |key| match key {
                UniqueKey::Email => Some(EmailTaken(email.to_string())),
                // It stays as it is, so that another user can have it only if this one was renamed in between.
                UniqueKey::Username => None,
            };
            let work = found
                .consume(now, Some(InvalidOrExpired))
                .update_user(user, values, now, None, taken)
                .revoke_tokens(user.id)
                .drop_registration(&email)
                .enqueue_mail(NewMailJob::new(notice, context, now))
                .record(AuditEvent::new(AuditKind::EmailChanged, user.id, context, now));
            work.attempt(&self.ports).await
        })
        .await
        .map(|_| ())
    }
}

impl DeliveryContext<'_> {
    /// Composes the mail of a job.
    pub(crate) async fn email_change(
        self,
        user: UserId,
        email: &EmailAddress,
    ) -> Result<Mail, DeliveryError> {
        let user = self.active_user(user).await?;
        // The request came with the password of that time. If it was replaced since, that may have been to keep its
        // author out.
        if self.job.security_version != Some(user.security_version) {
            return Err(unsent(UnsentReason::AccountChanged, Some(user.id)));
        }
        match self.ports.store.find_user_by_email(email).await? {
            Some(owner) if owner.id == user.id => {
                return Err(unsent(UnsentReason::SameAddress, Some(user.id)));
            }
            Some(owner) => return Ok(self.mail_of_account(owner)),
            None => {}
        }
        let valid_for = self.settings.verification_ttl;
        let store = |work: Work<_>, hash, now| {
            let event = self.event(AuditKind::EmailChangeRequested, Actor::Anonymous, user.id, now);
            work.expect_user(user.id, user.security_version, DeliveryError::Changed)
                .put_token_for(email.clone(), user.id, PURPOSE, hash, now + valid_for)
                .record(AuditEvent { actor: actor_name(user.id), ..event })
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::ConfirmEmailChange;
        let message = MailMessage::Link { template, token, valid_for };
        Ok(self.mail_to_stranger(email.clone(), message))
    }
}
