//! Changing a password with the current one.

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{ChangePasswordRequest, ValidationErrors};

use crate::{
    common::{
        context::AccessContext,
        passwords::{self, from_new_password},
        rate_limits::from_limited,
        service::AccountService,
    },
    login::{ReauthenticateError, SignedIn},
    ports::{
        hasher::HashError,
        randomness::RandomnessError,
        store::{AuditEvent, AuditKind, MailKind, NewMailJob, Precondition, StoreError, UnitOfWork},
    },
};

/// Why a password is not replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// A member is missing, or the new password breaks the policy.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The actor is no signed-in user.
    #[error("only signed-in users can change their password")]
    Forbidden,
    /// That is not the current password.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Too often; allowed again after this time.
    #[error("too many attempts")]
    RateLimited(Duration),
    /// A password could not be hashed or compared.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There is no token to be had.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

from_limited! { ChangePasswordError }
from_new_password! { ChangePasswordError: "new_password", "new password" }

impl From<ReauthenticateError> for ChangePasswordError {
    fn from(error: ReauthenticateError) -> Self {
        match error {
            ReauthenticateError::Forbidden => Self::Forbidden,
            ReauthenticateError::WrongPassword => Self::WrongPassword,
            ReauthenticateError::Hash(error) => error.into(),
            ReauthenticateError::Store(error) => error.into(),
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
        let (current, new) =
            request.validate(&self.settings.password_policy).map_err(ChangePasswordError::Validation)?;
        let user = self.reauthenticate(context, current).await?;
        let hash = passwords::hash_new(&self.ports, new, &user.values).await?;
        let now = self.ports.clock.now();
        // All other sessions end, and the current one gets a new token (OWASP, Session Management).
        let opened = self.open_session(context, user.id, now)?;
        let work = UnitOfWork::new()
            .set_password(user.id, hash, user.security_version, now)
            .revoke_tokens(user.id)
            .revoke_sessions(user.id, None)
            .insert_session(opened.session)
            .enqueue_mail(NewMailJob::to_user(MailKind::PasswordChanged, user.id, context, now))
            .record(AuditEvent::new(AuditKind::PasswordChanged, user.id, context, now));
        let work = self.reset_attempts(work, &user).await?;
        match self.ports.store.commit(work).await {
            Ok(committed) => Ok(SignedIn {
                token: opened.token,
                session: committed.session()?,
                expires_at: opened.expires_at,
                user,
            }),
            // The account changed after the password was compared: it may not be the right one any more.
            Err(StoreError::PreconditionFailed(Precondition::User)) => {
                Err(ChangePasswordError::WrongPassword)
            }
            Err(error) => Err(error.into()),
        }
    }
}
