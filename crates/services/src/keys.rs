//! Service keys: what programs present instead of a session.

use async_trait::async_trait;
use denizen_models::{CreateKeyRequest, KeyResponse, Secret, UserId, ValidKey};

use crate::{
    common::{AccountService, Failure, embeds_failure, retry},
    ports::{
        AccessContext, Actor, Token, TokenHash,
        store::{AuditEvent, AuditKind, KeyId, Needs, NewKey, ServiceKey},
    },
};

/// What every service key begins with, so that people and scanners of leaked secrets know one when they see it.
const PREFIX: &str = "dk_";

/// How many service keys are kept.
const MAX_KEYS: u32 = 1_000;

/// Why a service key is not created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateKeyError {
    /// The password of the administrator is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// There are 1,000 keys.
    #[error("there are {MAX_KEYS} service keys: revoke those that are not in use")]
    TooMany,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why a service key is not revoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokeKeyError {
    /// The key never existed, or is revoked.
    #[error("service key not found")]
    NotFound,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { CreateKeyError RevokeKeyError }

/// A new service key.
#[derive(Debug, Clone)]
pub struct CreatedKey {
    /// What lists show of it.
    pub shown: KeyResponse,
    /// The key: presented with each request, and stored only as a hash of its secret part.
    pub key: Secret,
}

impl ServiceKey {
    /// Returns the value for [`AccessContext::actor`].
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Service { key: self.id, scopes: self.created.scopes.clone() }
    }
}

/// Service keys. They belong to the service and not to the administrator who created them: they end when they expire or
/// are revoked.
///
/// A key is `dk_`, its number, `_`, and 32 random bytes as hexadecimal digits, of which only the SHA-256 is stored. It is
/// looked up with every request, so that a revoked key is dead at the next one.
#[async_trait]
pub trait Keys: Send + Sync {
    /// Returns the service key that a client presents; `None` if there is none like it, or it has expired.
    async fn authenticate_key(&self, presented: &Secret) -> Result<Option<ServiceKey>, Failure>;

    /// Creates a key and returns it, this one time. For administrators, who give their password, and for operators.
    async fn create_key(
        &self,
        context: &AccessContext,
        request: CreateKeyRequest,
    ) -> Result<CreatedKey, CreateKeyError>;

    /// Lists all keys in the order in which they were created. Administrators only.
    async fn list_keys(&self, context: &AccessContext) -> Result<Vec<KeyResponse>, Failure>;

    /// Revokes a key. Administrators only.
    async fn revoke_key(&self, context: &AccessContext, key: KeyId) -> Result<(), RevokeKeyError>;
}

#[async_trait]
impl Keys for AccountService {
    async fn authenticate_key(&self, presented: &Secret) -> Result<Option<ServiceKey>, Failure> {
        let Some((id, secret)) = parts(presented) else { return Ok(None) };
        let now = self.ports.clock.now();
        let key = self.ports.store.find_key(&TokenHash::of(&secret)).await?;
        let is_live = |key: &ServiceKey| key.id == id && key.created.expires_at.is_none_or(|at| now < at);
        let key = key.filter(is_live);
        if let Some(key) = &key {
            self.last_used.note(key.id, key.last_used_at, now);
        }
        Ok(key)
    }

    async fn create_key(
        &self,
        context: &AccessContext,
        request: CreateKeyRequest,
    ) -> Result<CreatedKey, CreateKeyError> {
        use CreateKeyError::{TooMany, WrongPassword};
        context.expect_admin("only administrators can create service keys")?;
        let now = self.ports.clock.now();
        let (key, proof) = match context.actor.user() {
            None => (request.validate_key(now).map_err(Failure::Invalid)?, None),
            Some(_) => {
                let policy = &self.settings.password_policy;
                let (key, password) = request.validate(now, policy).map_err(Failure::Invalid)?;
                (key, Some(self.reauthenticate(context, password, WrongPassword).await?))
            }
        };
        let token = Token::mint(self.ports.tokens.as_ref())?;
        let ValidKey { name, scopes, expires_at } = key;
        let created = NewKey { name, hash: token.hash(), scopes, created_at: now, expires_at };
        let event = AuditEvent::untargeted(AuditKind::KeyCreated, context, now);
        let committed = retry(|| async {
            let work = match &proof {
                None => self.by(context, Needs::Operator)?,
                Some((user, compared)) => {
                    let version = self.security_version(context, user.id, compared).await?;
                    let version = version.ok_or(WrongPassword)?;
                    let work = self.by(context, Needs::Admin)?.expect_user(user.id, version, None);
                    self.accept_reauthentication(work, context, user, Some(WrongPassword)).await?
                }
            };
            let work = work.insert_key(created.clone(), MAX_KEYS, event.clone(), Some(TooMany));
            work.attempt(&self.ports).await
        })
        .await?;
        let id = committed.key()?;
        let key = Secret::from(format!("{PREFIX}{}_{}", id.0, token.expose()));
        Ok(CreatedKey { shown: shown(ServiceKey { id, created, last_used_at: None }), key })
    }

    async fn list_keys(&self, context: &AccessContext) -> Result<Vec<KeyResponse>, Failure> {
        context.expect_admin("only administrators can see service keys")?;
        Ok(self.ports.store.list_keys().await?.into_iter().map(shown).collect())
    }

    async fn revoke_key(&self, context: &AccessContext, key: KeyId) -> Result<(), RevokeKeyError> {
        let event = AuditEvent::untargeted(AuditKind::KeyRevoked, context, self.ports.clock.now());
        let work = self.by(context, Needs::Admin)?.revoke_key(key, RevokeKeyError::NotFound);
        work.record(AuditEvent { key: Some(key), ..event }).commit(&self.ports).await.map(|_| ())
    }
}

/// Returns the number and the secret part of a service key.
fn parts(presented: &Secret) -> Option<(KeyId, Secret)> {
    let (id, secret) = presented.expose().strip_prefix(PREFIX)?.split_once('_')?;
    Some((KeyId(UserId::parse(id)?.get()), Secret::from(secret)))
}

fn shown(ServiceKey { id, created, last_used_at }: ServiceKey) -> KeyResponse {
    let NewKey { name, hash: _, scopes, created_at, expires_at } = created;
    KeyResponse { id: id.0, name, scopes, created_at, expires_at, last_used_at }
}
