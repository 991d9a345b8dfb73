//! What the configuration means to the services.

use std::time::Duration;

use denizen_services::{Disclosure, Limits, ServiceSettings};

use crate::config::{Config, Profile};

/// The settings of the services.
pub(crate) fn service_settings(config: &Config) -> ServiceSettings {
    let (disclosure, limits) = match config.profile {
        Profile::Development => (Disclosure::Detailed, Limits::GENEROUS),
        Profile::Production => (Disclosure::Uniform, Limits::default()),
    };
    ServiceSettings {
        disclosure,
        registration: config.registration,
        directory: config.directory,
        password_policy: config.password_policy(),
        session_lifetime: whole(config.session_lifetime),
        session_idle_timeout: whole(config.session_idle_timeout),
        reset_token_ttl: whole(config.reset_token_ttl),
        invitation_ttl: whole(config.invitation_ttl),
        verification_ttl: whole(config.verification_ttl),
        mail_max_age: whole(config.mail_max_age),
        mail_workers: config.mail_workers,
        audit_retention: config.audit_retention.map(whole),
        limits: Limits {
            mail_per_ip: config.limit_mail_per_ip,
            mail_per_address: config.limit_mail_per_address,
            tokens_per_ip: config.limit_tokens_per_ip,
            login_per_ip: config.limit_login_per_ip,
            login_per_account: config.limit_login_per_account,
            sign_up_per_ip: config.limit_sign_up_per_ip,
            ..limits
        },
        ..ServiceSettings::default()
    }
}

/// No setting allows more than this type can hold; one made by hand that does means forever.
fn whole(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}
