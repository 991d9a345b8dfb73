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

use denizen_models::EmailAddress;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::{
    common::{failure::Failure, settings::Limits, work::Work},
    ports::{
        AccessContext, Ports,
        store::{BucketKey, Quota, SecretName, ServiceSecret},
    },
};

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
pub(crate) enum LimitSubject<'a> {
    Address(&'a EmailAddress),
    /// What somebody typed who wants to sign in, folded.
    Login(&'a str),
    Ip(Option<IpAddr>),
}

/// One limit that a request has to keep: its name, which MUST differ from all others, and for whom it is how much.
pub(crate) type RateLimitRule<'a> = (&'static str, LimitSubject<'a>, Quota);

/// The rules for a mail that verifies an e-mail address: sign-ups, verifications and changes of address share them. The
/// longest wait first: the first empty bucket names the time to come back.
pub(crate) fn verification_mail<'a>(
    limits: &Limits,
    email: &'a EmailAddress,
    context: &AccessContext,
) -> [RateLimitRule<'a>; 3] {
    let ip = ("verification.ip", LimitSubject::Ip(context.ip), limits.mail_per_ip);
    let pace = ("verification.pace", LimitSubject::Address(email), limits.mail_pace);
    [verification_address(limits, email), ip, pace]
}

/// The part of [`verification_mail`] that counts per e-mail address.
pub(crate) fn verification_address<'a>(limits: &Limits, email: &'a EmailAddress) -> RateLimitRule<'a> {
    ("verification.address", LimitSubject::Address(email), limits.mail_per_address)
}

/// Takes from the buckets of the rate limits. Clones share the key of the buckets' names.
#[derive(Clone)]
pub(crate) struct Limiter {
    ports: Ports,
    capacity: u32,
    tokens_per_ip: Quota,
    secret: Arc<OnceCell<ServiceSecret>>,
}

impl Limiter {
    pub fn new(ports: Ports, limits: Limits) -> Self {
        let Limits { capacity, tokens_per_ip, .. } = limits;
        Self { ports, capacity, tokens_per_ip, secret: Arc::default() }
    }

    /// Adds to `work`, whose other changes are limited, that one is taken from the bucket of each rule.
    pub async fn consume<E>(
        &self,
        mut work: Work<E>,
        rules: &[RateLimitRule<'_>],
    ) -> Result<Work<E>, Failure> {
        let (secret, now) = (self.secret().await?, self.ports.clock.now());
        for (limit, subject, quota) in rules {
            if let Some(bucket) = bucket(secret, limit, subject) {
                work = work.take_from_bucket(bucket, *quota, now, self.capacity);
            }
        }
        Ok(work)
    }

    /// Takes one from the bucket of each rule at once, before the work that is limited.
    pub async fn count(&self, rules: &[RateLimitRule<'_>]) -> Result<(), Failure> {
        self.consume(Work::<Failure>::charge(), rules).await?.commit(&self.ports).await.map(|_| ())
    }

    /// Adds to `work` that the buckets of these rules are full again.
    pub async fn reset<E>(&self, mut work: Work<E>, rules: &[RateLimitRule<'_>]) -> Result<Work<E>, Failure> {
        let secret = self.secret().await?;
        for (limit, subject, _) in rules {
            if let Some(bucket) = bucket(secret, limit, subject) {
                work = work.reset_bucket(bucket);
            }
        }
        Ok(work)
    }

    /// Counts that a token from a mail is presented, before the token is looked up.
    pub async fn count_token(&self, context: &AccessContext) -> Result<(), Failure> {
        self.count(&[("token.ip", LimitSubject::Ip(context.ip), self.tokens_per_ip)]).await
    }

    async fn secret(&self) -> Result<&ServiceSecret, Failure> {
        self.secret.get_or_try_init(|| agree_on_secret(&self.ports)).await
    }
}

/// `None` for a caller who is not limited in this way.
fn bucket(secret: &ServiceSecret, limit: &str, subject: &LimitSubject<'_>) -> Option<BucketKey> {
    match subject {
        LimitSubject::Address(address) => Some(name(secret, limit, address.key().as_bytes())),
        LimitSubject::Login(login) => Some(name(secret, limit, login.as_bytes())),
        LimitSubject::Ip(ip) => ip.map(|ip| name(secret, limit, &limit_key(ip).to_be_bytes())),
    }
}

async fn agree_on_secret(ports: &Ports) -> Result<ServiceSecret, Failure> {
    let mut bytes = Zeroizing::new([0; 64]);
    ports.tokens.fill(bytes.as_mut()).map_err(Failure::overloaded)?;
    Ok(ports.store.keep_secret(SecretName::Limits, ServiceSecret::from_bytes(*bytes)).await?)
}

fn name(secret: &ServiceSecret, limit: &str, subject: &[u8]) -> BucketKey {
    let hmac = Hmac::<Sha256>::new(secret.expose().into())
        .chain_update(limit)
        .chain_update([0])
        .chain_update(subject);
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
