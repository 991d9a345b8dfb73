//! The type that implements the features.

use std::sync::Arc;

use crate::{
    common::{
        failure::Failure, last_seen::LastSeenBuffer, password_schemes::PasswordSchemes, rate_limits::Limiter,
        settings::ServiceSettings,
    },
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
    pub(crate) last_seen: Arc<LastSeenBuffer>,
    pub(crate) schemes: Arc<PasswordSchemes>,
    pub(crate) sends_mail: bool,
}

impl AccountService {
    /// Creates the service on its ports, in a process or beside one that sends the mails.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings) -> Self {
        let limiter = Limiter::new(ports.clone(), settings.limits);
        Self {
            ports,
            settings,
            limiter,
            last_seen: Arc::default(),
            schemes: Arc::default(),
            sends_mail: true,
        }
    }

    /// Reads which schemes the password hashes of users have. For the housekeeper: it is not on the path of a request.
    pub(crate) async fn refresh_schemes(&self) -> Result<(), Failure> {
        self.schemes.replace(self.ports.store.list_password_schemes().await?);
        Ok(())
    }
}
