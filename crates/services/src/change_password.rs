//! Changing a password with the current one.

use async_trait::async_trait;
use denizen_models::ChangePasswordRequest;

use crate::{
    common::{AccountService, Failure, embeds_failure, passwords, retry},
    login::SignedIn,
    ports::{
        AccessContext,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob},
    },
};

/// Why a password is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// The current password is wrong.
    #[error("the current password is wrong")]
    WrongPassword,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { ChangePasswordError }

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
        use ChangePasswordError::WrongPassword;
        let (current, new) = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let (user, compared) = self.reauthenticate(context, current, WrongPassword).await?;
        let hash = passwords::hash_new(&self.ports, context, new, &user.values, "new_password").await?;
        let now = self.ports.clock.now();
        // All other sessions end, and the current one gets a new token (OWASP, Session Management).
        let (token, session) = self.new_session(context, user.id, now)?;
        let expires_at = session.expires_at;
        let (committed, device) = retry(|| async {
            let version = self.security_version(context, user.id, &compared).await?.ok_or(WrongPassword)?;
            let device = self.limiter.remember_device(None, user.id, version + 1).await?;
            let notice = NewMailJob::new(MailJob::PasswordChanged { user: user.id.into() }, context, now);
            let work = self
                .accept_reauthentication(
                    self.by(context, Needs::Session)?,
                    context,
                    &user,
                    Some(WrongPassword),
                )
                .await?
                .set_password(user.id, hash.clone(), version, now, None)
                .revoke_tokens(user.id)
                .revoke_sessions(user.id, None)
                .insert_session(session.clone())
                .enqueue_mail(notice)
                .record(AuditEvent::new(AuditKind::PasswordChanged, user.id, context, now));
            let committed = work.attempt(&self.ports).await?;
            Ok::<_, ChangePasswordError>(committed.map(|committed| (committed, device)))
        })
        .await?;
        Ok(SignedIn { token, session: committed.session()?, expires_at, user, device })
    }
}
