//! Deleting users.

use async_trait::async_trait;
use denizen_models::UserId;

use super::is_administrator;
use crate::{
    common::{AccountService, Failure, IfMatch, PreconditionError},
    ports::{
        AccessContext,
        store::{AuditEvent, AuditKind, Needs},
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

/// Deleting users.
#[async_trait]
pub trait UserDeletion: Send + Sync {
    /// Deletes a user with everything that belongs to it; the audit trail keeps the id.
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        condition: IfMatch,
    ) -> Result<(), DeleteUserError>;
}

#[async_trait]
impl UserDeletion for AccountService {
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        condition: IfMatch,
    ) -> Result<(), DeleteUserError> {
        self.retry(id, || async {
            let user = self.find_for_change(context, id).await?.ok_or(DeleteUserError::NotFound(id))?;
            condition.check(&user)?;
            let event = AuditEvent::new(AuditKind::UserDeleted, id, context, self.ports.clock.now());
            let work = self.by(context, Needs::SelfOrAdmin(id))?;
            let mut work = work.delete_user(id, Some(user.revision), None).record(event);
            if is_administrator(&user.values) {
                work = work.expect_other_administrator(id, Some(DeleteUserError::LastAdministrator));
            }
            work.attempt(&self.ports).await
        })
        .await
        .map(|_| ())
    }
}
