//! Pending registrations.

use chrono::{DateTime, Utc};
use denizen_services::{
    TokenHash,
    store::{CommitError, Precondition, Registration},
};

use crate::{
    rows::RegistrationRow,
    state::{State, require},
};

impl State {
    pub fn put_registration(&mut self, registration: Registration, capacity: u32) -> Result<(), CommitError> {
        let address = registration.values.email.key().to_owned();
        let known = self.remove_registration(&address).is_some();
        let full = u32::try_from(self.registrations.len()).is_ok_and(|kept| kept >= capacity);
        require((known || !full).then_some(()), Precondition::QueueRoom)?;
        self.registrations.insert(address, RegistrationRow { registration, token: None });
        Ok(())
    }

    pub fn put_registration_token(
        &mut self,
        address: String,
        hash: TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let replaced = self.registrations.change(address.clone(), |row| {
            row.registration.expires_at = expires_at;
            row.token.replace(hash)
        });
        if let Some(old) = require(replaced, Precondition::Registration)? {
            self.registration_by_token.remove(&old);
        }
        self.registration_by_token.insert(hash, address);
        Ok(())
    }

    pub fn consume_registration(&mut self, hash: TokenHash, now: DateTime<Utc>) -> Result<(), CommitError> {
        let address = self.registration_by_token.get(&hash).cloned();
        let removed = address.and_then(|address| self.remove_registration(&address));
        let valid = removed.filter(|row| now < row.registration.expires_at);
        require(valid, Precondition::Token).map(drop)
    }

    pub fn remove_registration(&mut self, address: &String) -> Option<RegistrationRow> {
        let row = self.registrations.remove(address)?;
        if let Some(token) = row.token {
            self.registration_by_token.remove(&token);
        }
        Some(row)
    }
}
