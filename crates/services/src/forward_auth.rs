//! Forward auth: a proxy asks for each request who sends it, before it passes the request on.
//!
//! Browsers send the session cookie to this host only. For other hosts of the same domain they keep a second token, which
//! is derived from the session and opens nothing but forward auth: a guarded application that sees it cannot act as the
//! user here.

use async_trait::async_trait;
use denizen_models::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{
    common::{AccountService, Failure},
    login::SignedIn,
    ports::{TokenHash, store::SessionId},
    sessions::Authentication,
};

/// What the HMAC is about, so that it serves for nothing else.
const PURPOSE: &[u8] = b"forward auth";

/// Forward auth.
#[async_trait]
pub trait ForwardAuth: Send + Sync {
    /// Returns the user and session of this forward token ([`SignedIn::forward_token`]); `None` if its session has ended
    /// or never existed. Counts as a use of the session.
    async fn authenticate_forward(&self, token: &Secret) -> Result<Option<Authentication>, Failure>;
}

#[async_trait]
impl ForwardAuth for AccountService {
    async fn authenticate_forward(&self, token: &Secret) -> Result<Option<Authentication>, Failure> {
        let Some((id, presented)) = parts(token) else { return Ok(None) };
        let session = self.ports.store.find_session_by_id(id).await?;
        let is_own = |hash: &TokenHash| mac(id, hash).verify_slice(&presented).is_ok();
        self.authentication(session.filter(|session| is_own(&session.opened.token))).await
    }
}

impl SignedIn {
    /// Returns the forward token of the session: its number, and an HMAC-SHA-256 of it under the hash of the session token.
    /// The session token cannot be computed from it.
    #[must_use]
    pub fn forward_token(&self) -> Secret {
        let mac = mac(self.session, &self.token.hash()).finalize().into_bytes();
        Secret::from(format!("{}.{}", self.session.0, hex::encode(mac)))
    }
}

fn mac(session: SessionId, token: &TokenHash) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(token.as_bytes());
    // An HMAC takes keys of all lengths; the empty key of the other arm opens nothing, because no session has its hash.
    let mac = mac.unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    mac.chain_update(PURPOSE).chain_update(session.0.to_be_bytes())
}

fn parts(token: &Secret) -> Option<(SessionId, [u8; 32])> {
    let (id, presented) = token.expose().split_once('.')?;
    let mut mac = [0; 32];
    hex::decode_to_slice(presented, &mut mac).ok()?;
    Some((SessionId(id.parse().ok()?), mac))
}
