//! Changing a password with the current one.

use async_trait::async_trait;
use denizen_models::ChangePasswordRequest;

use crate::{
    common::{
        context::AccessContext,
        failure::{Failure, embeds_failure},
        passwords,
        service::AccountService,
        work::Work,
    },
    login::{Opening, ReauthenticateError, SignedIn},
    ports::store::{AuditEvent, AuditKind, MailJob, NewMailJob},
};

/// Why a password is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// The actor is not a signed-in user.
    #[error("only signed-in users can change their password")]
    Forbidden,
    /// The current password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { ChangePasswordError }

impl From<ReauthenticateError> for ChangePasswordError {
    fn from(error: ReauthenticateError) -> Self {
        match error {
            ReauthenticateError::Forbidden => Self::Forbidden,
            ReauthenticateError::WrongPassword => Self::WrongPassword,
            ReauthenticateError::Failure(failure) => failure.into(),
        }
    }
}

/// Changing a password.
#[async_trait]
pub trait PasswordChanges: Send + Sync {
    /// Replaces the actor's password. Every session of the actor ends, and a new one replaces the current one.
    async fn change_password(
        &self,
        context: &AccessContext,
        request: ChangePasswordRequest,
    ) -> Result<SignedIn, ChangePasswordError>;
}

#[async_trait]
impl PasswordChanges for AccountService {
    async fn change_password(
        &self,
        context: &AccessContext,
        request: ChangePasswordRequest,
    ) -> Result<SignedIn, ChangePasswordError> {
        let (current, new) = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let user = self.reauthenticate(context, current).await?;
        let hash = passwords::hash_new(&self.ports, new, &user.values, "new_password").await?;
        let now = self.ports.clock.now();
        // All other sessions end, and the current one gets a new token (OWASP, Session Management).
        let opened = self.open_session(context, user.id, now)?;
        let notice = NewMailJob::new(MailJob::PasswordChanged { user: user.id.into() }, context, now);
        // If the account changed after the password was compared, it may not be the right one any more.
        let work = Work::new()
            .set_password(user.id, hash, user.security_version, now, ChangePasswordError::WrongPassword)
            .revoke_tokens(user.id)
            .revoke_sessions(user.id, None)
            .insert_session(opened.session)
            .enqueue_mail(notice)
            .record(AuditEvent::new(AuditKind::PasswordChanged, user.id, context, now));
        let committed = self.reset_attempts(work, &user).await?.commit(&self.ports).await?;
        let Opening { token, expires_at, .. } = opened;
        Ok(SignedIn { token, session: committed.session()?, expires_at, user })
    }
}
