//! The implementation that the features share.

use crate::{
    common::{rate_limits::Limiter, settings::ServiceSettings},
    ports::Ports,
};

/// The implementation of [`UserService`](crate::UserService). What comes from a feature is implemented in the feature's file.
#[derive(Clone)]
pub struct DefaultUserService {
    pub(crate) ports: Ports,
    pub(crate) settings: ServiceSettings,
    pub(crate) limiter: Limiter,
}

impl DefaultUserService {
    /// Puts the service on its ports.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings) -> Self {
        Self { ports, settings, limiter: Limiter::default() }
    }
}
