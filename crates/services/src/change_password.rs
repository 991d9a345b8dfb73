//! Replacing a password that is known.

use chrono::Duration;
use denizen_models::{ChangePasswordRequest, ValidationErrors};

use crate::{
    common::{
        context::AccessContext,
        passwords::{self, from_new_password},
        rate_limits::{Limiter, from_limited},
        settings::ServiceSettings,
    },
    login::{self, ReauthenticateError, SignedIn},
    ports::{
        Ports,
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

pub(crate) async fn change(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &ChangePasswordRequest,
) -> Result<SignedIn, ChangePasswordError> {
    let (current, new) =
        request.validate(&settings.password_policy).map_err(ChangePasswordError::Validation)?;
    let user = login::reauthenticate(ports, settings, limiter, context, current).await?;
    let hash = passwords::hash_new(ports, new, &user.values).await?;
    let now = ports.clock.now();
    // Whoever else has a session loses it, and the current one becomes a new one (OWASP, Session Management).
    let opened = login::open(ports, settings, context, user.id, now)?;
    let work = UnitOfWork::new()
        .set_password(user.id, hash, user.security_version, now)
        .revoke_tokens(user.id)
        .revoke_sessions(user.id, None)
        .insert_session(opened.session)
        .enqueue_mail(NewMailJob::to_user(MailKind::PasswordChanged, user.id, context, now))
        .record(AuditEvent::new(AuditKind::PasswordChanged, user.id, context, now));
    let work = login::forgive(ports, &settings.limits, limiter, work, &user).await?;
    match ports.store.commit(work).await {
        Ok(committed) => Ok(SignedIn {
            token: opened.token,
            session: committed.session()?,
            expires_at: opened.expires_at,
            user,
        }),
        // Somebody changed the account since the password was compared: it may be the right one no longer.
        Err(StoreError::PreconditionFailed(Precondition::User)) => Err(ChangePasswordError::WrongPassword),
        Err(error) => Err(error.into()),
    }
}
