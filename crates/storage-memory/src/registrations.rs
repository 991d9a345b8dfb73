//! Pending registrations.

use chrono::{DateTime, Utc};
use denizen_services::{
    TokenHash,
    store::{CommitError, Precondition, Registration},
};

use crate::state::{State, require};

impl State {
    pub fn put_registration(&mut self, registration: Registration, capacity: u32) -> Result<(), CommitError> {
        let known = self.remove_registration(&registration.address).is_some();
        let full = u32::try_from(self.registrations.len()).is_ok_and(|kept| kept >= capacity);
        require((known || !full).then_some(()), Precondition::QueueRoom)?;
        self.registration_by_token.insert(registration.token, registration.address.clone());
        self.registrations.insert(registration.address.clone(), registration);
        Ok(())
    }

    /// Returns how many attempts remain.
    pub fn try_token(&mut self, token: TokenHash, now: DateTime<Utc>, most: u32) -> Result<u64, CommitError> {
        let tried = self.registration(&token).filter(|kept| now < kept.expires_at && kept.attempts < most);
        let address = require(tried, Precondition::Token)?.address.clone();
        let attempts = self.registrations.change(address, |kept| {
            kept.attempts += 1;
            kept.attempts
        });
        require(attempts, Precondition::Token).map(|attempts| u64::from(most - attempts))
    }

    pub fn consume_registration(&mut self, token: TokenHash, now: DateTime<Utc>) -> Result<(), CommitError> {
        let valid = self.registration(&token).filter(|kept| now < kept.expires_at);
        let address = require(valid, Precondition::Token)?.address.clone();
        self.remove_registration(&address);
        Ok(())
    }

    pub fn registration(&self, token: &TokenHash) -> Option<&Registration> {
        self.registrations.get(self.registration_by_token.get(token)?)
    }

    pub fn remove_registration(&mut self, address: &String) -> Option<Registration> {
        let removed = self.registrations.remove(address)?;
        self.registration_by_token.remove(&removed.token);
        Some(removed)
    }
}
