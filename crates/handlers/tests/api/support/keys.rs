//! Service keys whose text says what they are good for.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use denizen_models::{CreateKeyRequest, KeyResponse, KeyScope, Secret};
use denizen_services::{
    AccessContext, Authentication, CreateKeyError, CreatedKey, Failure, ForwardAuth, Introspections,
    KeyService, Keys, RevokeKeyError, TokenHash,
    store::{KeyId, NewKey, ServiceKey},
};
use denizen_testkit::FixedClock;

use super::auth::{owner_of, session};

/// What the service was asked, beside whose key somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedKeys {
    Create(String),
    List,
    Revoke(KeyId),
    Introspect(String),
    Forward(String),
}

/// Service keys and forward auth. By default all goes well.
pub struct FakeKeys {
    pub create: Result<(), CreateKeyError>,
    pub revoke: Result<(), RevokeKeyError>,
    pub authenticate: Result<(), Failure>,
    pub calls: Mutex<Vec<(Option<AccessContext>, AskedKeys)>>,
}

impl Default for FakeKeys {
    fn default() -> Self {
        Self { create: Ok(()), revoke: Ok(()), authenticate: Ok(()), calls: Mutex::default() }
    }
}

/// The key number 3 that is good for this.
pub fn key_for(scope: KeyScope) -> String {
    format!("dk_3_{}", scope.as_str())
}

fn response() -> KeyResponse {
    KeyResponse {
        id: 3,
        name: "billing".to_owned(),
        scopes: vec![KeyScope::UsersRead],
        created_at: FixedClock::start(),
        expires_at: None,
        last_used_at: None,
    }
}

impl FakeKeys {
    /// What was asked, in order.
    pub fn asked(&self) -> Vec<AskedKeys> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.iter().map(|(_, asked)| asked.clone()).collect()
    }

    /// On whose behalf something was asked last.
    pub fn last_context(&self) -> AccessContext {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.last().and_then(|(context, _)| context.clone()).expect("a call of the service")
    }

    fn record(&self, context: Option<&AccessContext>, asked: AskedKeys) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push((context.cloned(), asked));
    }
}

#[async_trait]
impl Keys for FakeKeys {
    async fn authenticate_key(&self, presented: &Secret) -> Result<Option<ServiceKey>, Failure> {
        self.authenticate.clone()?;
        let scope = presented.expose().strip_prefix("dk_3_").and_then(KeyScope::from_name);
        Ok(scope.map(|scope| ServiceKey {
            id: KeyId(3),
            created: NewKey {
                name: "billing".to_owned(),
                hash: TokenHash::of(presented),
                scopes: vec![scope],
                created_at: FixedClock::start(),
                expires_at: None,
            },
            last_used_at: None,
        }))
    }

    async fn create_key(
        &self,
        context: &AccessContext,
        request: CreateKeyRequest,
    ) -> Result<CreatedKey, CreateKeyError> {
        self.record(Some(context), AskedKeys::Create(request.name));
        self.create.clone()?;
        Ok(CreatedKey { shown: response(), key: Secret::from("dk_3_cafe") })
    }

    async fn list_keys(&self, context: &AccessContext) -> Result<Vec<KeyResponse>, Failure> {
        self.record(Some(context), AskedKeys::List);
        Ok(vec![response()])
    }

    async fn revoke_key(&self, context: &AccessContext, key: KeyId) -> Result<(), RevokeKeyError> {
        self.record(Some(context), AskedKeys::Revoke(key));
        self.revoke.clone()
    }
}

#[async_trait]
impl Introspections for FakeKeys {
    async fn introspect(
        &self,
        context: &AccessContext,
        token: &Secret,
    ) -> Result<Option<Authentication>, Failure> {
        self.record(Some(context), AskedKeys::Introspect(token.expose().to_owned()));
        let known = owner_of(token.expose());
        Ok(known.map(|user| Authentication { session: session(user.id.get(), user.id), user }))
    }
}

impl KeyService for FakeKeys {}

#[async_trait]
impl ForwardAuth for FakeKeys {
    async fn authenticate_forward(&self, token: &Secret) -> Result<Option<Authentication>, Failure> {
        self.record(None, AskedKeys::Forward(token.expose().to_owned()));
        let known = token.expose().strip_prefix("forward-").and_then(owner_of);
        Ok(known.map(|user| Authentication { session: session(user.id.get(), user.id), user }))
    }
}
