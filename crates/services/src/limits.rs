//! How often a stranger may do what costs something or could guess something.
//!
//! The buckets are in the store, so that all instances count together. They are counted before anything is looked up,
//! and for whatever address was typed: an unknown one runs into the same limit after the same number of requests.
//!
//! # What the table of buckets gives away
//!
//! The name of a bucket is an HMAC-SHA-256 of the limit and of the address, under a random key that the store keeps in
//! another table. Who gets hold of the buckets alone (a log of statements, a dump of one table) learns no address and
//! cannot test a guess. Who gets hold of the whole database has the key as well, and can test guesses: all of IPv4, or
//! a list of e-mail addresses, takes minutes. What protects against that is time: a bucket disappears when it is full
//! again, with the default quotas within an hour and the requests of a few others.

use std::{net::IpAddr, sync::Arc};

use chrono::Duration;
use denizen_models::EmailAddress;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::{
    context::AccessContext,
    defaults::Ports,
    store::{BucketKey, Quota, SecretName, ServiceSecret, StoreError, UnitOfWork},
};

/// How often the sensitive routes may be used. An IPv6 address counts as its /64 network; a caller without an address,
/// such as a program that embeds the services, is not limited by it.
///
/// The defaults are for real accounts, where a person needs a mail now and then and a house shares an IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Mails with a link that anybody may ask for, to one address, one after the other: 1, and the next after a minute.
    pub mail_pace: Quota,
    /// Mails with a link that anybody may ask for, to one address: 3, and one more every 20 minutes. Nobody can keep the
    /// owner out by using them up, because each of them is a mail to the owner.
    pub mail_per_address: Quota,
    /// Requests from one IP address for such mails: 20, and one more every 3 minutes. For each kind of mail these three
    /// are counted apart.
    pub mail_per_ip: Quota,
    /// Tokens from mails presented from one IP address, to be used or to be asked about: 30, and one more every 2 seconds.
    /// A token cannot be guessed anyway (256 bits); this bounds the work.
    pub tokens_per_ip: Quota,
    /// Attempts to sign in from one IP address: 20, and one more every 3 seconds.
    pub login_per_ip: Quota,
    /// Attempts to sign in to one account: 10, and one more every minute. A success, and a password that is set with a
    /// token from a mail, give all back.
    pub login_per_account: Quota,
    /// Attempts to sign in to one account without any of the two in between: 50, and one more every 30 days. NIST SP
    /// 800-63B-4, section 3.2.2, wants no more than 100; by user name and by address are counted apart.
    pub login_failures: Quota,
    /// Sign-ups from one IP address: 10, and one more every 6 minutes.
    pub sign_up_per_ip: Quota,
    /// How many buckets the store keeps, some 100 bytes each: 1,000,000.
    pub capacity: u32,
}

impl Limits {
    /// For a developer's own machine, and for load tests: everything is counted, and practically nothing refused.
    pub const GENEROUS: Self = {
        let quota = Quota::new(100_000, Duration::microseconds(10));
        Self {
            mail_pace: quota,
            mail_per_address: quota,
            mail_per_ip: quota,
            tokens_per_ip: quota,
            login_per_ip: quota,
            login_per_account: quota,
            login_failures: quota,
            sign_up_per_ip: quota,
            capacity: 1_000_000,
        }
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail_pace: Quota::new(1, Duration::minutes(1)),
            mail_per_address: Quota::new(3, Duration::minutes(20)),
            mail_per_ip: Quota::new(20, Duration::minutes(3)),
            tokens_per_ip: Quota::new(30, Duration::seconds(2)),
            login_per_ip: Quota::new(20, Duration::seconds(3)),
            login_per_account: Quota::new(10, Duration::minutes(1)),
            login_failures: Quota::new(50, Duration::days(30)),
            sign_up_per_ip: Quota::new(10, Duration::minutes(6)),
            capacity: 1_000_000,
        }
    }
}

/// What of an IP address is limited together: an IPv4 address, or the /64 that a single subscriber of IPv6 is given.
///
/// ```
/// let key = |ip: &str| denizen_services::limit_key(ip.parse().unwrap());
/// assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
/// assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
/// assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
/// assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
/// ```
#[must_use]
pub fn limit_key(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits() & !u128::from(u64::MAX),
    }
}

/// Whom a limit is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Party<'a> {
    Address(&'a EmailAddress),
    /// What somebody typed who wants to sign in, folded.
    Login(&'a str),
    Ip(Option<IpAddr>),
}

/// One limit that a request has to keep: its name, which MUST differ from all others, and for whom it is how much.
pub(crate) type Toll<'a> = (&'static str, Party<'a>, Quota);

/// Makes a limit that is reached an error of its own among those of the store.
macro_rules! from_limited {
    ($($error:ident)*) => {$(
        impl From<crate::store::StoreError> for $error {
            fn from(error: crate::store::StoreError) -> Self {
                match error {
                    crate::store::StoreError::RateLimited { retry_after } => Self::RateLimited(retry_after),
                    error => Self::Store(error),
                }
            }
        }
    )*};
}
pub(crate) use from_limited;

/// Knows the names of buckets. Clones share what they know.
#[derive(Clone, Default)]
pub(crate) struct Limiter(Arc<OnceCell<ServiceSecret>>);

impl Limiter {
    /// A unit of work that takes one from the bucket of each toll, to be committed before the work that is limited, or
    /// together with it.
    pub async fn charge(
        &self,
        ports: &Ports,
        limits: &Limits,
        tolls: &[Toll<'_>],
    ) -> Result<UnitOfWork, StoreError> {
        let secret = self.secret(ports).await?;
        let now = ports.clock.now();
        let mut work = UnitOfWork::new();
        for (limit, party, quota) in tolls {
            if let Some(bucket) = bucket(secret, limit, party) {
                work = work.take_from_bucket(bucket, *quota, now, limits.capacity);
            }
        }
        Ok(work)
    }

    /// Adds to `work` that the buckets of these tolls are full again.
    pub async fn refund(
        &self,
        ports: &Ports,
        mut work: UnitOfWork,
        tolls: &[Toll<'_>],
    ) -> Result<UnitOfWork, StoreError> {
        let secret = self.secret(ports).await?;
        for (limit, party, _) in tolls {
            if let Some(bucket) = bucket(secret, limit, party) {
                work = work.forget_bucket(bucket);
            }
        }
        Ok(work)
    }

    /// Counts that a token from a mail is presented, before anybody looks whether there is such a token.
    pub async fn count_token(
        &self,
        ports: &Ports,
        limits: &Limits,
        context: &AccessContext,
    ) -> Result<(), StoreError> {
        let tolls = [("token.ip", Party::Ip(context.ip), limits.tokens_per_ip)];
        ports.store.commit(self.charge(ports, limits, &tolls).await?).await.map(|_| ())
    }

    async fn secret(&self, ports: &Ports) -> Result<&ServiceSecret, StoreError> {
        self.0.get_or_try_init(|| agree_on_secret(ports)).await
    }
}

/// `None` for a caller who is not limited in this way.
fn bucket(secret: &ServiceSecret, limit: &str, party: &Party<'_>) -> Option<BucketKey> {
    match party {
        Party::Address(address) => Some(name(secret, limit, address.key().as_bytes())),
        Party::Login(login) => Some(name(secret, limit, login.as_bytes())),
        Party::Ip(ip) => ip.map(|ip| name(secret, limit, &limit_key(ip).to_be_bytes())),
    }
}

async fn agree_on_secret(ports: &Ports) -> Result<ServiceSecret, StoreError> {
    let mut bytes = Zeroizing::new([0; 64]);
    ports.tokens.fill(bytes.as_mut()).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    ports.store.keep_secret(SecretName::Limits, ServiceSecret::from_bytes(*bytes)).await
}

fn name(secret: &ServiceSecret, limit: &str, party: &[u8]) -> BucketKey {
    let hmac =
        Hmac::<Sha256>::new(secret.expose().into()).chain_update(limit).chain_update([0]).chain_update(party);
    BucketKey::from_bytes(hmac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_named_by_hmac_sha_256() {
        // printf 'verification.address\0alice@example.com' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…07
        let bucket = name(&ServiceSecret::from_bytes([7; 64]), "verification.address", b"alice@example.com");
        let expected = "9fba8941ba5f3aa194695d6db4e6b7d5ce3351c36efbf9935b26e086ec0ac71f";
        assert_eq!(hex::encode(bucket.as_bytes()), expected);
    }
}
