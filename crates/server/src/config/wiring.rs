//! What the configuration means to the services, the handlers and the mailer.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use denizen_handlers::{Demos, HandlerSettings, NetworkShares, RateLimit};
use denizen_hashing::Argon2Cost;
use denizen_mail::MailSettings;
use denizen_models::PasswordPolicy;
use denizen_services::{Disclosure, Limits, ServiceSettings};

use super::{
    table::Config,
    types::{Profile, PublicUrl},
};

impl Config {
    /// Returns the rules for new passwords.
    #[must_use]
    pub fn password_policy(&self) -> PasswordPolicy {
        PasswordPolicy { min_chars: self.password_min_length, ..PasswordPolicy::default() }
    }

    /// Returns the cost of hashing a new password.
    #[must_use]
    pub const fn hash_cost(&self) -> Argon2Cost {
        Argon2Cost { memory_kib: self.hash_memory, passes: self.hash_passes, lanes: 1 }
    }

    /// Returns the settings for `denizen_mail::connect`, once the listener has the address `bound`.
    #[must_use]
    pub fn mail_settings(&self, bound: SocketAddr) -> MailSettings {
        MailSettings {
            service: self.service_name.clone(),
            sender: Some(self.mail_from.clone()),
            reply_to: self.mail_reply_to.clone(),
            templates: self.mail_templates.clone(),
            root_certificate: self.mail_root_certificate.clone(),
            ..MailSettings::new(self.mail.clone(), self.public_url_at(bound).as_str())
        }
    }

    /// Returns what links begin with, once the listener has the address `bound`: the public URL, or
    /// `http://localhost:PORT` if it is not set.
    #[must_use]
    pub fn public_url_at(&self, bound: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::localhost(bound.port()))
    }

    /// Returns the settings of the services.
    pub(crate) fn service_settings(&self) -> ServiceSettings {
        let disclosure = match self.profile {
            Profile::Development => Disclosure::Detailed,
            Profile::Production => Disclosure::Uniform,
        };
        ServiceSettings {
            disclosure,
            registration: self.registration,
            directory: self.directory,
            username_reservation: whole(self.username_reservation),
            reserved_usernames: self.reserved_usernames.clone(),
            password_policy: self.password_policy(),
            session_lifetime: whole(self.session_lifetime),
            session_idle_timeout: whole(self.session_idle_timeout),
            reset_token_ttl: whole(self.reset_token_ttl),
            invitation_ttl: whole(self.invitation_ttl),
            verification_ttl: whole(self.verification_ttl),
            mail_max_age: whole(self.mail_max_age),
            mail_workers: self.mail_workers,
            audit_retention: self.audit_retention.map(whole),
            audit_failures: self.audit_failures,
            mail_capacity: self.mail_capacity,
            registration_capacity: self.registration_capacity,
            limits: Limits {
                mail_pace: self.limit_mail_pace,
                mail_per_ip: self.limit_mail_per_ip,
                mail_per_address: self.limit_mail_per_address,
                tokens_per_ip: self.limit_tokens_per_ip,
                login_per_ip: self.limit_login_per_ip,
                login_per_account: self.limit_login_per_account,
                login_per_device: self.limit_login_per_device,
                login_failures: self.limit_login_failures,
                sign_up_per_ip: self.limit_sign_up_per_ip,
                renames: self.limit_renames_per_user,
                capacity: self.limit_capacity,
            },
        }
    }

    /// Returns the settings of the handlers. Its limits are shared by all threads, so call it once.
    pub(crate) fn handler_settings(&self) -> HandlerSettings {
        HandlerSettings {
            cors_origins: self.cors_origins.clone(),
            return_origins: self.return_origins.clone(),
            local_only: self.profile == Profile::Development,
            rate_limit: per_second(self.rate_limit, self.rate_burst),
            key_rate_limit: per_second(self.key_rate_limit, self.key_rate_limit.saturating_mul(10)),
            public_url: self.public_url.as_ref().map(ToString::to_string),
            cookie_domain: self.cookie_domain.clone(),
            memory: Some(self.memory_shares()),
            trusted_proxies: self.trusted_proxies.clone(),
            slow_request: Some(self.slow_request),
            body_timeout: Some(self.body_timeout),
            demos: match self.profile {
                Profile::Development => Demos::Open,
                Profile::Production => Demos::Members,
            },
            secure_cookies: self.public_url.as_ref().is_some_and(PublicUrl::is_https),
            service_name: Some(self.service_name.clone()),
        }
    }

    /// All networks together have as much as sixteen.
    fn memory_shares(&self) -> NetworkShares {
        let bytes = self.memory_per_ip.saturating_mul(1024 * 1024);
        NetworkShares::new(bytes, bytes.saturating_mul(16))
    }
}

/// Returns the limit; none if a number is 0.
fn per_second(rate: usize, burst: usize) -> Option<RateLimit> {
    let number = |number| u32::try_from(number).ok().and_then(NonZeroU32::new);
    Some(RateLimit::per_address(number(rate)?, number(burst)?))
}

/// Values made by hand may exceed the type's range, which means forever.
fn whole(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}
