//! What all use cases have in common that begin with a token from a mail.

use chrono::{DateTime, Utc};
use denizen_models::{Secret, User};

use crate::{
    common::work::Work,
    ports::{
        PasswordHash, Ports, TokenHash, TokenPurpose,
        store::{StoreFailure, StoredToken},
    },
};

/// A token that lives, and the active user whose it is.
pub(crate) struct ValidToken {
    pub user: User,
    pub stored: StoredToken,
    pub purpose: TokenPurpose,
    pub hash: TokenHash,
}

/// Why a token is good for nothing.
pub(crate) enum InvalidToken {
    /// It came too late.
    Expired,
    /// It was never given, or is used, replaced or revoked, or its user is switched off.
    Invalid,
}

/// Looks up a token. It may die before what is decided on it is written: the unit of work MUST consume it.
pub(crate) async fn find(
    ports: &Ports,
    purpose: TokenPurpose,
    presented: &Secret,
) -> Result<Result<ValidToken, InvalidToken>, StoreFailure> {
    let hash = TokenHash::of(presented);
    let Some(stored) = ports.store.find_token(purpose, &hash).await? else {
        return Ok(Err(InvalidToken::Invalid));
    };
    if ports.clock.now() >= stored.expires_at {
        return Ok(Err(InvalidToken::Expired));
    }
    let user = ports.store.find_user(stored.user).await?.filter(|user| user.values.active);
    Ok(user.map(|user| ValidToken { user, stored, purpose, hash }).ok_or(InvalidToken::Invalid))
}

impl ValidToken {
    /// Begins the unit of work that the token is good for.
    ///
    /// A change of address or status revokes all tokens in its own unit. So a token that can still be consumed was mailed
    /// to the address that the account has at that moment, and the account was not deactivated since.
    pub fn consume<E>(&self, now: DateTime<Utc>, otherwise: E) -> Work<E> {
        Work::exempt().consume_token(self.user.id, self.purpose, self.hash, now, otherwise)
    }

    /// Sets a password with the token, for which whoever has it need not know another one: everything that was opened
    /// with the old one ends. That the token came by mail shows that the address is the user's.
    ///
    /// It is refused if another request was faster: with the same token, or by changing the account.
    pub fn set_password<E>(
        &self,
        hash: PasswordHash,
        now: DateTime<Utc>,
        otherwise: impl Fn() -> E,
    ) -> Work<E> {
        let User { id, security_version, .. } = self.user;
        self.consume(now, otherwise())
            .set_password(id, hash, security_version, now, otherwise())
            .verify_email(id, now)
            .revoke_tokens(id)
            .revoke_sessions(id, None)
    }
}
