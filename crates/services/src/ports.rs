//! The ports: what the services need from the outside, as traits with their contracts.

pub(crate) mod cause;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod hasher;
pub(crate) mod live_sessions;
pub(crate) mod mailer;
pub(crate) mod randomness;
pub(crate) mod relay;
pub mod store;
pub(crate) mod user_events;

use std::sync::Arc;

use self::store::Store;
pub(crate) use self::user_events::EventRelay;
pub use self::{
    cause::Cause,
    clock::{Clock, SystemClock},
    context::{AccessContext, Actor},
    hasher::{CostlyWork, HashError, InvalidHash, Network, PasswordHash, PasswordHasher, Verdict},
    live_sessions::LiveSessions,
    mailer::{LinkTemplate, Mail, MailError, MailMessage, Mailer, NoticeTemplate},
    randomness::{OsTokenSource, RandomnessError, Token, TokenHash, TokenPurpose, TokenSource},
    relay::{Relay, RelayReceiver},
    user_events::{UserEvent, UserObserver},
};

/// The ports that the services need.
#[derive(Clone)]
pub struct Ports {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub tokens: Arc<dyn TokenSource>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
}
