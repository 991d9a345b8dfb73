//! Devices that a user has signed in with, and that are known again: strangers who guess passwords cannot use up their
//! attempts.
//!
//! Nothing is stored of a device. It keeps a nonce, and half of an HMAC-SHA-256 (RFC 2104, section 5) of the nonce, the
//! user and the version of the user's password. So a device is known for one user, whatever the user is called by now, and every device is forgotten
//! with the password that it signed in with.

use denizen_models::{Secret, UserId};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::common::{failure::Failure, rate_limits::Limiter};

/// The nonce of a device: 128 random bits, which tell it from all others.
pub(crate) type Device = [u8; 16];

impl Limiter {
    /// Returns the device that presents this, if the user signed in with it and this version of the password.
    pub async fn find_device(
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
        let expected = self.device_mac(device, user, password_version).await?;
        Ok(expected.verify_truncated_left(&mac).is_ok().then_some(device))
    }

    /// Returns what `device`, or a new one, has to present from now on.
    pub async fn remember_device(
        &self,
        device: Option<Device>,
        user: UserId,
        password_version: i64,
    ) -> Result<Secret, Failure> {
        let mut nonce = device.unwrap_or_default();
        if device.is_none() {
            self.ports.tokens.fill(&mut nonce)?;
        }
        let mac = self.device_mac(nonce, user, password_version).await?.finalize().into_bytes();
        let (proof, _) = mac.split_at(nonce.len());
        Ok(Secret::from(format!("{}.{}", hex::encode(nonce), hex::encode(proof))))
    }

    async fn device_mac(&self, device: Device, user: UserId, version: i64) -> Result<Hmac<Sha256>, Failure> {
        let subject = [&device[..], &user.get().to_be_bytes(), &version.to_be_bytes()].concat();
        self.mac("device", &subject).await
    }
}
