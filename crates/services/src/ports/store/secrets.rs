//! What a service has to keep to itself, and in common with its other processes.

use denizen_models::{named_enum, redacted};
use zeroize::Zeroizing;

named_enum! {
    /// Which secret.
    pub enum SecretName {
        /// The key of the HMACs that name the buckets of limits, and by which devices are known again.
        Limits = "limits",
    }
}

/// 64 random bytes, which is a whole key of HMAC-SHA-256. They never leave the service, and are wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceSecret(Zeroizing<[u8; 64]>);

impl ServiceSecret {
    /// Wraps random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }
}

redacted! { ServiceSecret }
