//! How often a stranger may do what costs something or could guess something.
//!
//! The buckets are in the store, so that all instances count together. They are counted before the costly work, and for
//! whatever address was typed: an unknown one runs into the same limit after the same number of requests.
//!
//! Nothing that a limit gives back tells of others: a success returns what it took itself, and no more.
//!
//! # What the table of buckets gives away
//!
//! The name of a bucket is an HMAC-SHA-256 of the limit and of the address, under a random key that the store keeps in
//! another table. Who gets hold of the buckets alone (a log of statements, a dump of one table) learns no address and
//! cannot test a guess. Who gets hold of the whole database has the key as well, and can test guesses: all of IPv4, or
//! a list of e-mail addresses, takes minutes. What protects against that is time: a bucket disappears when it is full
//! again, with the default quotas within an hour and the requests of a few others.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, Duration, Utc};
use denizen_models::{EmailAddress, UserId, Username};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::{
    common::{failure::Failure, lock::lock, settings::Limits, work::Work},
    ports::{
        AccessContext, Actor, Ports,
        store::{
            BucketKey, Change, CommitObserver, Committed, NameKey, Outcome, Quota, SecretName, ServiceSecret,
            SessionId, UnitOfWork,
        },
    },
};

/// The networks of IPv6 that are limited together, the narrowest first: the length of the prefix, and how many quotas
/// the network has. A subscriber is given a /64 at least, often a /56, and sometimes a /48.
const NETWORKS: [(u32, u16); 3] = [(64, 1), (56, 4), (48, 16)];

/// Returns the networks whose clients are limited together with this one, the narrowest first, and how many
/// [quotas](Quota::times) each of them has: an IPv4 address has one, an IPv6 address has its /64, /56 and /48.
///
/// ```
/// let keys = |ip: &str| denizen_services::limit_keys(ip.parse().unwrap()).collect::<Vec<_>>();
/// assert_eq!(keys("2001:db8::1"), keys("2001:db8::ffff:1"));
/// let (here, next_door) = (keys("2001:db8::1"), keys("2001:db8:0:1::1"));
/// assert_ne!(here[0], next_door[0]);
/// assert_eq!(here[1..], next_door[1..]);
/// assert_eq!(keys("192.0.2.1"), keys("::ffff:192.0.2.1"));
/// assert_ne!(keys("192.0.2.1"), keys("192.0.2.2"));
/// ```
pub fn limit_keys(ip: IpAddr) -> impl Iterator<Item = (u128, u16)> {
    let (bits, networks) = match ip.to_canonical() {
        IpAddr::V4(ip) => (ip.to_ipv6_mapped().to_bits(), &[(128, 1)][..]),
        IpAddr::V6(ip) => (ip.to_bits(), &NETWORKS[..]),
    };
    // The lowest bits of a network are free to tell it from the wider ones.
    let key = move |prefix: u32| bits & (u128::MAX << (128 - prefix)) | u128::from(128 - prefix);
    networks.iter().map(move |(prefix, quotas)| (key(*prefix), *quotas))
}

/// Whom a limit is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LimitSubject<'a> {
    Address(&'a EmailAddress),
    /// What somebody typed who wants to sign in, folded.
    Login(&'a str),
    /// The nonce of a known device.
    Device(&'a [u8]),
    /// An open session.
    Session(SessionId),
    /// A user, whatever the session.
    User(UserId),
    /// The IP address of the caller. Strangers share the quotas of their wider networks, too.
    Ip(&'a AccessContext),
}

/// One limit that a request has to keep: its name, which MUST differ from all others, and for whom it is how much.
pub(crate) type RateLimitRule<'a> = (&'static str, LimitSubject<'a>, Quota);

/// Takes from the buckets of the rate limits, and knows devices. Clones share the key.
#[derive(Clone)]
pub(crate) struct Limiter {
    pub(super) ports: Ports,
    capacity: u32,
    tokens_per_ip: Quota,
    secret: Arc<OnceCell<ServiceSecret>>,
}

impl Limiter {
    pub fn new(ports: Ports, limits: Limits) -> Self {
        let Limits { capacity, tokens_per_ip, .. } = limits;
        Self { ports, capacity, tokens_per_ip, secret: Arc::default() }
    }

    /// Adds to `work`, whose other changes are limited, that one is taken from the buckets of each rule.
    pub async fn consume<E>(
        &self,
        mut work: Work<E>,
        rules: &[RateLimitRule<'_>],
    ) -> Result<Work<E>, Failure> {
        let (secret, now) = (self.secret().await?, self.ports.clock.now());
        for (bucket, quota) in rules.iter().flat_map(|rule| buckets(secret, rule)) {
            work = work.take_from_bucket(bucket, quota, now, self.capacity);
        }
        Ok(work)
    }

    /// Takes one from the buckets of each rule at once, before the work that is limited.
    pub async fn count(&self, rules: &[RateLimitRule<'_>]) -> Result<(), Failure> {
        self.consume(Work::<Failure>::exempt(), rules).await?.commit(&self.ports).await.map(|_| ())
    }

    /// Commits `work`. If a limit refuses it, the caller's IP address pays all the same, by the rule `ip`: nobody who is
    /// refused tries again for nothing.
    pub async fn commit<E: From<Failure>>(
        &self,
        work: Work<E>,
        ip: RateLimitRule<'_>,
    ) -> Result<Committed, E> {
        let refused = match work.outcome(&self.ports).await {
            Ok(outcome) => return outcome,
            Err(refused) => refused,
        };
        if matches!(refused, Failure::RateLimited(_)) {
            match self.count(&[ip]).await {
                Ok(()) | Err(Failure::RateLimited(_)) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Err(refused.into())
    }

    /// Adds to `work` that what these rules took is returned.
    pub async fn release<E>(
        &self,
        mut work: Work<E>,
        rules: &[RateLimitRule<'_>],
    ) -> Result<Work<E>, Failure> {
        let (secret, now) = (self.secret().await?, self.ports.clock.now());
        for (bucket, quota) in rules.iter().flat_map(|rule| buckets(secret, rule)) {
            work = work.return_to_bucket(bucket, quota, now);
        }
        Ok(work)
    }

    /// Counts that a token from a mail is presented, before the token is looked up.
    pub async fn count_token(&self, context: &AccessContext) -> Result<(), Failure> {
        self.count(&[("token.ip", LimitSubject::Ip(context), self.tokens_per_ip)]).await
    }

    /// Returns a number for what was typed: always the same, and not to be predicted without the key.
    pub async fn draw(&self, purpose: &'static str, typed: &str) -> Result<u64, Failure> {
        let mac = self.mac(purpose, typed.as_bytes()).await?.finalize().into_bytes();
        Ok(mac.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Names a user name that was given up, with the same key as the buckets.
    pub async fn name_key(&self, username: &Username) -> Result<NameKey, Failure> {
        let mac = self.mac("username", username.key().as_bytes()).await?;
        Ok(NameKey::from_bytes(mac.finalize().into_bytes().into()))
    }

    /// Authenticates a subject for a purpose, which MUST differ from the names of all limits.
    pub(super) async fn mac(&self, purpose: &str, subject: &[u8]) -> Result<Hmac<Sha256>, Failure> {
        Ok(mac(self.secret().await?, purpose, subject))
    }

    /// Returns the secret that all processes on the store have in common.
    async fn secret(&self) -> Result<&ServiceSecret, Failure> {
        let agree = async || {
            let mut bytes = Zeroizing::new([0; 64]);
            self.ports.tokens.fill(bytes.as_mut()).map_err(Failure::overloaded)?;
            let candidate = ServiceSecret::from_bytes(*bytes);
            Ok::<_, Failure>(self.ports.store.keep_secret(SecretName::Limits, candidate).await?)
        };
        self.secret.get_or_try_init(agree).await
    }
}

/// The buckets of a rule; none for a caller who is not limited in this way.
fn buckets(secret: &ServiceSecret, (limit, subject, quota): &RateLimitRule<'_>) -> Vec<(BucketKey, Quota)> {
    let one = |subject: &[u8]| vec![(name(secret, limit, subject), *quota)];
    match subject {
        LimitSubject::Address(address) => one(address.key().as_bytes()),
        LimitSubject::Login(login) => one(login.as_bytes()),
        LimitSubject::Device(nonce) => one(nonce),
        LimitSubject::Session(session) => one(&session.0.to_be_bytes()),
        LimitSubject::User(user) => one(format!("user {user}").as_bytes()),
        LimitSubject::Ip(context) => {
            let networks = if context.actor == Actor::Anonymous { NETWORKS.len() } else { 1 };
            let keys = context.ip.into_iter().flat_map(limit_keys).take(networks);
            keys.map(|(key, quotas)| (name(secret, limit, &key.to_be_bytes()), quota.times(quotas))).collect()
        }
    }
}

fn name(secret: &ServiceSecret, limit: &'static str, subject: &[u8]) -> BucketKey {
    BucketKey::new(limit, mac(secret, limit, subject).finalize().into_bytes().into())
}

fn mac(secret: &ServiceSecret, purpose: &str, subject: &[u8]) -> Hmac<Sha256> {
    Hmac::new(secret.expose().into()).chain_update(purpose).chain_update([0]).chain_update(subject)
}

/// Counts the buckets that were forgotten before they were full, because a limit had no room for more; and says so in
/// the log, once a minute for each limit.
#[derive(Debug, Default)]
pub struct CrowdedLimits(Mutex<BTreeMap<&'static str, (u64, DateTime<Utc>)>>);

impl CrowdedLimits {
    /// How many times each limit had no room since the process began.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        lock(&self.0).iter().map(|(limit, (count, _))| (*limit, *count)).collect()
    }

    fn add(&self, limit: &'static str, now: DateTime<Utc>) {
        let mut limits = lock(&self.0);
        let (count, logged) = limits.entry(limit).or_default();
        *count += 1;
        if (now - *logged).abs() >= Duration::minutes(1) {
            *logged = now;
            log::warn!("the limit {limit} has no room for more clients, and forgets some of them");
        }
    }
}

impl CommitObserver for CrowdedLimits {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        for (change, outcome) in work.changes().iter().zip(&committed.0) {
            if let (Change::TakeFromBucket { bucket, now, .. }, Outcome::Crowded) = (change, outcome) {
                self.add(bucket.limit(), *now);
            }
        }
    }
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
