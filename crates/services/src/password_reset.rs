//! Resetting a forgotten password.
//!
//! A request queues one mail job, and the same one for every e-mail address. The worker does the rest: it looks up the
//! user, mints the token and mails it, where no client can observe or time it.

use async_trait::async_trait;
use denizen_models::{
    EmailAddress, Password, PasswordResetConfirmation, PasswordResetRequest, ResetTokenStatus, Secret,
    TokenRequest, UserId,
};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Disclosure, Failure, LimitSubject, Work,
        embeds_failure,
        mailed_tokens::{self, InvalidToken},
        passwords,
    },
    ports::{
        AccessContext, Actor, LinkTemplate, Mail, MailMessage, PasswordHash, Ports, Token, TokenPurpose,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob},
    },
};

const PURPOSE: TokenPurpose = TokenPurpose::PasswordReset;

/// Why a reset is not queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestPasswordResetError {
    /// The e-mail address is unknown. Returned with [`Disclosure::Detailed`] only.
    #[error("user with email '{0}' not found")]
    UnknownAddress(EmailAddress),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why a password is not reset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResetPasswordError {
    /// The token is unknown, used, replaced or revoked, or its user is inactive.
    #[error("invalid reset token")]
    InvalidToken,
    /// The token has expired. Returned with [`Disclosure::Detailed`] only.
    #[error("reset token has expired")]
    ExpiredToken,
    /// Either of the two, with [`Disclosure::Uniform`].
    #[error("invalid or expired reset token")]
    InvalidOrExpired,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why a user is not sent a link to choose a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendPasswordResetError {
    /// The user does not exist, or the actor may not see it.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// The user is inactive and would not be sent a mail.
    #[error("the user is not active")]
    Inactive,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { RequestPasswordResetError ResetPasswordError SendPasswordResetError }

/// Replaces forgotten passwords.
#[async_trait]
pub trait PasswordResets: Send + Sync {
    /// Queues a mail with a reset token for the user with this e-mail address. The same work for every address.
    async fn request_password_reset(
        &self,
        context: &AccessContext,
        request: PasswordResetRequest,
    ) -> Result<(), RequestPasswordResetError>;

    /// Sets a new password with a mailed token, and ends every session of the user. The token works once. Returns what
    /// the device presents at the next sign-in, to be known; with [`Disclosure::Detailed`], nothing.
    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<Option<Secret>, ResetPasswordError>;

    /// Returns whether a token would work now. Does not consume it, and does not say whose it is.
    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<ResetTokenStatus, Failure>;

    /// Queues a mail with which a user can choose a password: an invitation for a user without a password, else a reset.
    /// With `discard_password`, the old password stops working and every session ends, for a compromised account. For
    /// administrators only, who neither learn nor choose the password.
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
        let email = request.validate().map_err(Failure::Invalid)?;
        let limits = &self.settings.limits;
        let ip = ("reset.ip", LimitSubject::Ip(context), limits.mail_per_ip);
        // The longest wait first: the first empty bucket names the time to come back.
        let rules = [
            ("reset.address", LimitSubject::Address(&email), limits.mail_per_address),
            ip,
            ("reset.pace", LimitSubject::Address(&email), limits.mail_pace),
        ];
        let mut work = self.limiter.consume(Work::<RequestPasswordResetError>::exempt(), &rules).await?;
        if self.settings.disclosure == Disclosure::Detailed {
            // Counted before the look-up, so that here, too, an unknown address is limited like a known one.
            work.commit(&self.ports).await?;
            if self.ports.store.find_user_by_email(&email).await?.is_none() {
                return Err(RequestPasswordResetError::UnknownAddress(email));
            }
            work = Work::exempt();
        }
        let mail = MailJob::PasswordReset { address: email.key().to_owned() };
        let job = NewMailJob::new(mail, context, self.ports.clock.now());
        let work = work.enqueue_mail_within(self.settings.mail_capacity, job);
        self.limiter.commit(work, ip).await.map(|_| ())
    }

    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<Option<Secret>, ResetPasswordError> {
        let password = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let refused = |detailed| match self.settings.disclosure {
            Disclosure::Detailed => detailed,
            Disclosure::Uniform => ResetPasswordError::InvalidOrExpired,
        };
        self.limiter.count_token(context).await?;
        // Looked up before the password is checked and hashed: a guessed token costs one indexed read, not 30 ms of a core
        // for each of the two. The check also needs the user, whose name the password must not be.
        let found = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await?;
        let found = found.map_err(|cause| match cause {
            InvalidToken::Expired => refused(ResetPasswordError::ExpiredToken),
            InvalidToken::Invalid => refused(ResetPasswordError::InvalidToken),
        })?;
        let user = &found.user;
        let hash = passwords::hash_new(&self.ports, context, password, &user.values, "new_password").await?;
        let now = self.ports.clock.now();
        let notice = MailJob::PasswordChanged { user: user.id.into() };
        let work = found
            .set_password(hash, now, || refused(ResetPasswordError::InvalidToken))
            .enqueue_mail(NewMailJob::new(notice, context, now))
            .record(AuditEvent::new(AuditKind::PasswordReset, user.id, context, now));
        // The guide's answer has no device, and in development no user is kept out.
        let device = match self.settings.disclosure {
            Disclosure::Detailed => None,
            Disclosure::Uniform => {
                Some(self.limiter.remember_device(None, user.id, user.security_version + 1).await?)
            }
        };
        work.commit(&self.ports).await.map(|_| device)
    }

    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<ResetTokenStatus, Failure> {
        request.validate().map_err(Failure::Invalid)?;
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
            let forbidden = || Failure::forbidden("only administrators can send this mail").into();
            let hidden = || SendPasswordResetError::NotFound(id);
            return Err(if context.is_self(id) { forbidden() } else { hidden() });
        }
        let discarded =
            if discard_password { Some(unusable_password(&self.ports, context).await?) } else { None };
        self.retry(id, || async {
            // Who is no longer an administrator is told that, and not which users exist.
            self.authorize(context, Needs::Admin).await?;
            let user = self.ports.store.find_user(id).await?.ok_or(SendPasswordResetError::NotFound(id))?;
            if !user.values.active {
                return Err(SendPasswordResetError::Inactive);
            }
            let credentials = self.ports.store.find_credentials(id).await?;
            let has_password = credentials.is_some_and(|credentials| credentials.hash.is_some());
            // Without a capacity: a queue that strangers have filled does not stop administrators.
            let (mail, kind) = if has_password {
                let address = user.values.email.key().to_owned();
                (MailJob::PasswordReset { address }, AuditKind::PasswordResetRequested)
            } else {
                (MailJob::Invitation { user: id.into() }, AuditKind::UserInvited)
            };
            let now = self.ports.clock.now();
            let mut work = self.by(context, Needs::Admin)?.expect_user(id, user.security_version, None);
            if let Some(hash) = &discarded {
                if has_password {
                    work = work.set_password(id, hash.clone(), user.security_version, now, None);
                }
                let event = AuditEvent::new(AuditKind::PasswordDiscarded, id, context, now);
                work = work.revoke_tokens(id).revoke_sessions(id, None).record(event);
            }
            let work = work.enqueue_mail(NewMailJob::new(mail, context, now));
            let work = work.record(AuditEvent::new(kind, id, context, now));
            work.attempt(&self.ports).await
        })
        .await
        .map(|_| ())
    }
}

impl DeliveryContext<'_> {
    /// Composes the mail of a job.
    pub(crate) async fn password_reset(self, address: &str) -> Result<Mail, DeliveryError> {
        let user = self.active_user_at(address).await?;
        let valid_for = self.settings.reset_token_ttl;
        let store = |work: Work<_>, hash, now| {
            work.expect_user(user.id, user.security_version, DeliveryError::Changed)
                .put_token(user.id, PURPOSE, hash, now + valid_for)
                .record(self.event(AuditKind::PasswordResetRequested, Actor::Anonymous, user.id, now))
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::PasswordReset;
        Ok(self.mail_to(user, MailMessage::Link { template, token, valid_for }))
    }
}

/// Returns the hash of a random password that is not kept.
async fn unusable_password(ports: &Ports, context: &AccessContext) -> Result<PasswordHash, Failure> {
    let token = Token::mint(ports.tokens.as_ref())?;
    let password = Password::presented(&Secret::from(token.expose()));
    Ok(ports.hasher.hash(context.network(), password).await?)
}
