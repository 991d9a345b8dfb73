//! The type that implements the features.

use std::sync::Arc;

use crate::{
    common::{devices::Devices, last_seen::LastSeenBuffer, rate_limits::Limiter, settings::ServiceSettings},
    ports::Ports,
};

/// Implements [`UserService`](crate::UserService), [`AuthService`](crate::AuthService),
/// [`AuditService`](crate::AuditService) and [`MailJobService`](crate::MailJobService): each feature implements its trait
/// for this type, in a file of its own. [`Accounts`](crate::Accounts) makes one.
#[derive(Clone)]
pub struct AccountService {
    pub(crate) ports: Ports,
    pub(crate) settings: ServiceSettings,
    pub(crate) limiter: Limiter,
    pub(crate) devices: Devices,
    pub(crate) last_seen: Arc<LastSeenBuffer>,
    pub(crate) sends_mail: bool,
}

impl AccountService {
    /// Creates the service on its ports, in a process or beside one that sends the mails.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings) -> Self {
        let limiter = Limiter::new(ports.clone(), settings.limits);
        let devices = Devices::new(ports.clone());
        Self { ports, settings, limiter, devices, last_seen: Arc::default(), sends_mail: true }
    }
}
