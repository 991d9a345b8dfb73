//! One-time tokens.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{CommitError, Precondition, StoredToken},
};

use crate::state::{State, require};

impl State {
    pub fn put_token(&mut self, purpose: TokenPurpose, hash: TokenHash, token: StoredToken) {
        self.remove_token(token.user, purpose);
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
        let token = self.tokens.get(&(purpose, hash));
        let alive = token.filter(|token| token.user == user && now < token.expires_at);
        require(alive, Precondition::Token)?;
        self.remove_token(user, purpose);
        Ok(())
    }

    pub fn revoke_tokens(&mut self, user: UserId) -> u64 {
        TokenPurpose::ALL.into_iter().filter_map(|purpose| self.remove_token(user, purpose)).map(|_| 1).sum()
    }

    pub fn remove_token(&mut self, user: UserId, purpose: TokenPurpose) -> Option<StoredToken> {
        let hash = self.token_of_user.remove(&(user, purpose))?;
        self.tokens.remove(&(purpose, hash))
    }
}
