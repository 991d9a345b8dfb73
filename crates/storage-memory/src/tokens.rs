//! One-time tokens.

use chrono::{DateTime, Utc};
use denizen_models::UserId;

use crate::state::State;
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{CommitError, Precondition, StoredToken},
};

impl State {
    pub fn put_token(&mut self, purpose: TokenPurpose, hash: TokenHash, token: StoredToken) {
        if let Some(old) = self.token_of_user.get(&(token.user, purpose)).copied() {
            self.tokens.remove(&(purpose, old));
        }
        self.token_of_user.insert((token.user, purpose), hash);
        self.tokens.insert((purpose, hash), token);
    }

    pub fn consume_token(
        &mut self,
        user: UserId,
        purpose: TokenPurpose,
        hash: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let key = (purpose, hash);
        let alive = self.tokens.get(&key).is_some_and(|token| token.user == user && now < token.expires_at);
        if !alive {
            return Err(CommitError::PreconditionFailed(Precondition::Token));
        }
        self.tokens.remove(&key);
        self.token_of_user.remove(&(user, purpose));
        Ok(())
    }

    pub fn revoke_tokens(&mut self, user: UserId) -> u64 {
        let mut revoked = 0;
        for purpose in TokenPurpose::ALL {
            if let Some(hash) = self.token_of_user.remove(&(user, purpose)) {
                self.tokens.remove(&(purpose, hash));
                revoked += 1;
            }
        }
        revoked
    }
}
