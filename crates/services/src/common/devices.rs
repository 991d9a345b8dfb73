//! Devices that a user has signed in with, and that are known again: strangers who guess passwords cannot use up their
//! attempts.
//!
//! Nothing is stored of a device. It keeps a nonce, and half of an HMAC-SHA-256 (RFC 2104, section 5) of the nonce, the
//! user and the version of the user's password. So a device is known for one user, whatever the user is called by now, and every device is forgotten
//! with the password that it signed in with.

use std::sync::Arc;

use denizen_models::{Secret, UserId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::OnceCell;

use crate::{
    common::{failure::Failure, rate_limits::agree_on_secret},
    ports::{
        Ports,
        store::{SecretName, ServiceSecret},
    },
};

/// The nonce of a device: 128 random bits, which tell it from all others.
pub(crate) type Device = [u8; 16];

/// Knows devices. Clones share the key.
#[derive(Clone)]
pub(crate) struct Devices {
    ports: Ports,
    key: Arc<OnceCell<ServiceSecret>>,
}

impl Devices {
    pub fn new(ports: Ports) -> Self {
        Self { ports, key: Arc::default() }
    }

    /// Returns the device that presents this, if the user signed in with it and this version of the password.
    pub async fn find(
        &self,
        presented: &Secret,
        user: UserId,
        password_version: i64,
    ) -> Result<Option<Device>, Failure> {
        let (mut device, mut mac) = ([0; 16], [0; 16]);
        let Some((nonce, proof)) = presented.expose().split_once('.') else { return Ok(None) };
        if hex::decode_to_slice(nonce, &mut device).is_err() || hex::decode_to_slice(proof, &mut mac).is_err()
        {
            return Ok(None);
        }
        let expected = self.mac(&device, user, password_version).await?;
        Ok(expected.verify_truncated_left(&mac).is_ok().then_some(device))
    }

    /// Returns what `device`, or a new one, has to present from now on.
    pub async fn remember(
        &self,
        device: Option<Device>,
        user: UserId,
        password_version: i64,
    ) -> Result<Secret, Failure> {
        let mut nonce = device.unwrap_or_default();
        if device.is_none() {
            self.ports.tokens.fill(&mut nonce)?;
        }
        let mac = self.mac(&nonce, user, password_version).await?.finalize().into_bytes();
        let (proof, _) = mac.split_at(nonce.len());
        Ok(Secret::from(format!("{}.{}", hex::encode(nonce), hex::encode(proof))))
    }

    async fn mac(
        &self,
        device: &Device,
        user: UserId,
        password_version: i64,
    ) -> Result<Hmac<Sha256>, Failure> {
        let key = self.key.get_or_try_init(|| agree_on_secret(&self.ports, SecretName::Devices)).await?;
        Ok(Hmac::<Sha256>::new(key.expose().into())
            .chain_update(device)
            .chain_update(user.get().to_be_bytes())
            .chain_update(password_version.to_be_bytes()))
    }
}
