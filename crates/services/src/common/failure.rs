//! What can go wrong in every use case.

use std::borrow::Cow;

use chrono::Duration;
use denizen_models::ValidationErrors;

use crate::ports::{AccessContext, Cause, HashError, RandomnessError, store::StoreFailure};

/// Why a use case failed, as far as use cases share the reasons. The error enum of a use case embeds it; a use case
/// without reasons of its own returns it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Members of the request are missing or break a rule.
    #[error(transparent)]
    Invalid(ValidationErrors),
    /// Parts of a query make no sense; the fields are those of the query.
    #[error(transparent)]
    InvalidQuery(ValidationErrors),
    /// The actor has not signed in, or the session has ended: also while the request was on its way.
    #[error("the session has ended or never existed")]
    Unauthenticated,
    /// The actor may not do this. The text says who may.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// A rate limit is reached; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// Too much to do, or something that is needed cannot be reached. A later attempt may succeed.
    #[error("{0}")]
    Overloaded(#[source] Cause),
    /// A fault of the service, not of its user.
    #[error("{0}")]
    Internal(#[source] Cause),
}

impl Failure {
    pub(crate) fn forbidden(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(reason.into())
    }

    pub(crate) fn overloaded(cause: impl Into<Cause>) -> Self {
        Self::Overloaded(cause.into())
    }
}

impl AccessContext {
    /// Returns [`Failure::Forbidden`] with this reason unless everything is allowed.
    pub(crate) fn expect_admin(&self, reason: &'static str) -> Result<(), Failure> {
        if self.is_admin() { Ok(()) } else { Err(Failure::forbidden(reason)) }
    }
}

impl From<StoreFailure> for Failure {
    fn from(failure: StoreFailure) -> Self {
        match failure {
            StoreFailure::Busy(_) | StoreFailure::Unavailable(_) => Self::Overloaded(failure.into()),
            StoreFailure::Corrupt(_) | StoreFailure::Malformed(_) => Self::Internal(failure.into()),
        }
    }
}

impl From<HashError> for Failure {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Overloaded(error.into()),
            HashError::Failed(_) => Self::Internal(error.into()),
        }
    }
}

impl From<RandomnessError> for Failure {
    fn from(error: RandomnessError) -> Self {
        Self::Internal(error.into())
    }
}

/// Lets `?` turn the errors of ports into the error of a use case, which embeds them as a [`Failure`].
macro_rules! embeds_failure {
    ($($error:ident)*) => {$(
        embeds_failure! { @$error store::StoreFailure, hasher::HashError, randomness::RandomnessError }
    )*};
    (@$error:ident $($port:ident::$port_error:ident),*) => {$(
        impl From<$crate::ports::$port::$port_error> for $error {
            fn from(error: $crate::ports::$port::$port_error) -> Self {
                Self::Failure(error.into())
            }
        }
    )*};
}
pub(crate) use embeds_failure;
