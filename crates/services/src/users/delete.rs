//! Deleting users.

use async_trait::async_trait;
use denizen_models::{DeleteAccountRequest, User, UserId};

use super::is_administrator;
use crate::{
    common::{AccountService, Failure, IfMatch, PreconditionError, Work, embeds_failure, retry},
    ports::{
        AccessContext,
        store::{AuditEvent, AuditKind, MailJob, Needs, NewMailJob},
    },
};

/// Why a user is not deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeleteUserError {
    /// There is none with this id, or the actor may not see it.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// It is not in a state in which the actor wants to delete it.
    #[error(transparent)]
    PreconditionError(#[from] PreconditionError),
    /// Nobody else is an active administrator with a password.
    #[error("there would be no administrator left")]
    LastAdministrator,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why somebody's own account is not deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeleteAccountError {
    /// The password is wrong, or the user has none.
    #[error("the password is wrong; an account without a password gets one by a password reset first")]
    WrongPassword,
    /// No other user is an active administrator with a password.
    #[error("there would be no administrator left")]
    LastAdministrator,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { DeleteAccountError }

/// Deleting users.
#[async_trait]
pub trait UserDeletion: Send + Sync {
    /// Deletes a user with everything that belongs to it; the audit trail keeps the id. Administrators only, and no user
    /// by itself: see [`Self::delete_account`].
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        condition: IfMatch,
    ) -> Result<(), DeleteUserError>;

    /// Deletes the actor's own account, which takes the password, and tells its e-mail address.
    async fn delete_account(
        &self,
        context: &AccessContext,
        request: DeleteAccountRequest,
    ) -> Result<(), DeleteAccountError>;
}

#[async_trait]
impl UserDeletion for AccountService {
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        condition: IfMatch,
    ) -> Result<(), DeleteUserError> {
        if context.is_self(id) {
            let reason = "to delete your own account, send your password to POST /api/auth/delete-account";
            return Err(Failure::forbidden(reason).into());
        }
        self.retry(id, || async {
            let user = self.find_for_change(context, id).await?.ok_or(DeleteUserError::NotFound(id))?;
            condition.check(&user)?;
            let work = self.by(context, Needs::SelfOrAdmin(id))?;
            let work = self.deletion(work, context, &user, DeleteUserError::LastAdministrator).await?;
            work.attempt(&self.ports).await
        })
        .await
        .map(|_| ())
    }

    async fn delete_account(
        &self,
        context: &AccessContext,
        request: DeleteAccountRequest,
    ) -> Result<(), DeleteAccountError> {
        use DeleteAccountError::{LastAdministrator, WrongPassword};
        let password = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        let (known, compared) = self.reauthenticate(context, password, WrongPassword).await?;
        retry(|| async {
            // Read before the password is looked at again: the deletion expects the user as read here.
            let user = self.ports.store.find_user(known.id).await?;
            self.security_version(context, known.id, &compared).await?.ok_or(WrongPassword)?;
            let user = user.ok_or(Failure::Unauthenticated)?;
            let work = self.by(context, Needs::Session)?;
            let work = self.accept_reauthentication(work, context, &known, Some(WrongPassword)).await?;
            let work = self.deletion(work, context, &user, LastAdministrator).await?;
            let mail = MailJob::AccountDeleted { address: user.values.email.to_string() };
            let notice = NewMailJob::new(mail, context, self.ports.clock.now());
            work.enqueue_mail(notice).attempt(&self.ports).await
        })
        .await
        .map(|_| ())
    }
}

impl AccountService {
    /// Adds to `work` that `user` is deleted, who must still be as it was read.
    async fn deletion<E>(
        &self,
        work: Work<Option<E>>,
        context: &AccessContext,
        user: &User,
        last_administrator: E,
    ) -> Result<Work<Option<E>>, Failure> {
        let event = AuditEvent::new(AuditKind::UserDeleted, user.id, context, self.ports.clock.now());
        let mut work = work.delete_user(user.id, Some(user.revision), None).record(event);
        if is_administrator(&user.values) {
            work = work.expect_other_administrator(user.id, Some(last_administrator));
        }
        self.release_username(work, user).await
    }
}
