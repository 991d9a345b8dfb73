//! What several features share.

pub(crate) mod delivery;
pub(crate) mod devices;
pub(crate) mod failure;
pub(crate) mod failure_records;
pub(crate) mod last_seen;
pub(crate) mod lock;
pub(crate) mod mailed_tokens;
pub(crate) mod pagination;
pub(crate) mod password_schemes;
pub(crate) mod password_strength;
pub(crate) mod passwords;
pub(crate) mod preconditions;
pub(crate) mod rate_limits;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod supervise;
pub(crate) mod turns;
pub(crate) mod usernames;
pub(crate) mod work;

pub(crate) use self::{
    delivery::{DeliveryContext, DeliveryError, unsent},
    devices::Device,
    failure::embeds_failure,
    pagination::MAX_LIMIT,
    rate_limits::{LimitSubject, RateLimitRule},
    supervise::supervise,
    work::{Work, retry},
};
pub use self::{
    failure::Failure,
    lock::lock,
    password_strength::SAMPLE_PASSWORD,
    preconditions::{EntityTags, IfMatch, PreconditionError},
    rate_limits::{CrowdedLimits, limit_keys},
    service::AccountService,
    settings::{Directory, Disclosure, Limits, RegistrationMode, ServiceSettings},
};
