//! Deleting users.

use denizen_models::UserId;

use super::{MAX_RETRIES, contention, is_administrator};
use crate::{
    common::{
        context::AccessContext,
        preconditions::{IfMatch, PreconditionError},
    },
    ports::{
        Ports,
        store::{AuditEvent, AuditKind, Precondition, StoreError, UnitOfWork},
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(crate) async fn delete(
    ports: &Ports,
    context: &AccessContext,
    id: UserId,
    expected: &IfMatch,
) -> Result<(), DeleteUserError> {
    if !context.may_access(id) {
        return Err(DeleteUserError::NotFound(id));
    }
    for _ in 0..MAX_RETRIES {
        let user = ports.store.find_user(id).await?.ok_or(DeleteUserError::NotFound(id))?;
        expected.check(&user)?;
        let event = AuditEvent::new(AuditKind::UserDeleted, id, context, ports.clock.now());
        let mut work = UnitOfWork::new().delete_user(id, Some(user.revision)).record(event);
        if is_administrator(&user.values) {
            work = work.expect_other_administrator(id);
        }
        match ports.store.commit(work).await {
            Ok(_) => return Ok(()),
            Err(StoreError::PreconditionFailed(Precondition::User)) => {}
            Err(StoreError::PreconditionFailed(Precondition::Administrator)) => {
                return Err(DeleteUserError::LastAdministrator);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(contention().into())
}
