//! Introspection: a program asks whether a session token is valid, and of which user (RFC 7662).

use async_trait::async_trait;
use denizen_models::{KeyScope, Secret};

use crate::{
    common::{AccountService, Failure},
    ports::AccessContext,
    sessions::{Authentication, Sessions as _},
};

/// Introspection of session tokens.
#[async_trait]
pub trait Introspections: Send + Sync {
    /// Returns the user and session of this token; `None` if it does not open a session (any more). Counts as a use of the
    /// session. For service keys with [`KeyScope::SessionsIntrospect`].
    async fn introspect(
        &self,
        context: &AccessContext,
        token: &Secret,
    ) -> Result<Option<Authentication>, Failure>;
}

#[async_trait]
impl Introspections for AccountService {
    async fn introspect(
        &self,
        context: &AccessContext,
        token: &Secret,
    ) -> Result<Option<Authentication>, Failure> {
        if !context.has_scope(KeyScope::SessionsIntrospect) {
            return Err(Failure::forbidden("this is for service keys with the scope sessions:introspect"));
        }
        self.authenticate(token).await
    }
}
