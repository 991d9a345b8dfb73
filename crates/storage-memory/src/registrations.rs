//! People who want to become users.

use chrono::{DateTime, Utc};

use crate::state::State;
use denizen_services::{
    TokenHash,
    store::{CommitError, Precondition, Registration},
};

#[derive(Clone)]
pub struct RegistrationRow {
    pub registration: Registration,
    pub token: Option<TokenHash>,
}

impl State {
    pub fn put_registration(
        &mut self,
        registration: &Registration,
        capacity: u32,
    ) -> Result<(), CommitError> {
        let address = registration.values.email.key().to_owned();
        let known = self.remove_registration(&address);
        let full = u32::try_from(self.registrations.rows().len()).is_ok_and(|kept| kept >= capacity);
        if full && !known {
            return Err(CommitError::PreconditionFailed(Precondition::QueueRoom));
        }
        let row = RegistrationRow { registration: registration.clone(), token: None };
        self.registrations.insert(address, row);
        Ok(())
    }

    pub fn put_registration_token(
        &mut self,
        address: &str,
        hash: TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let replaced = self.registrations.change(address.to_owned(), |row| {
            row.registration.expires_at = expires_at;
            row.token.replace(hash)
        });
        let replaced = replaced.ok_or(CommitError::PreconditionFailed(Precondition::Registration))?;
        if let Some(old) = replaced {
            self.registration_by_token.remove(&old);
        }
        self.registration_by_token.insert(hash, address.to_owned());
        Ok(())
    }

    pub fn consume_registration(&mut self, hash: TokenHash, now: DateTime<Utc>) -> Result<(), CommitError> {
        let row = self.registration_by_token.get(&hash).and_then(|address| self.registrations.get(address));
        let valid = row.filter(|row| now < row.registration.expires_at);
        let row = valid.ok_or(CommitError::PreconditionFailed(Precondition::Token))?;
        let address = row.registration.values.email.key().to_owned();
        self.remove_registration(&address);
        Ok(())
    }

    /// Whether there was one.
    pub fn remove_registration(&mut self, address: &str) -> bool {
        let Some(row) = self.registrations.remove(&address.to_owned()) else { return false };
        if let Some(token) = row.token {
            self.registration_by_token.remove(&token);
        }
        true
    }
}
