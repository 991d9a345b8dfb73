//! Tokens that a test can know before they are mailed, and even if they never are.

use std::sync::Mutex;

use denizen_services::{RandomnessError, Token, TokenSource};
use denizen_testkit::SeededTokens;

/// Remembers every token that was drawn, as it would be mailed.
pub struct RecordedTokens {
    source: SeededTokens,
    minted: Mutex<Vec<String>>,
}

impl RecordedTokens {
    pub const fn new() -> Self {
        Self { source: SeededTokens::new(1), minted: Mutex::new(Vec::new()) }
    }

    /// Oldest first.
    pub fn minted(&self) -> Vec<String> {
        self.minted.lock().unwrap().clone()
    }
}

impl TokenSource for RecordedTokens {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.source.fill(bytes)?;
        // Shorter draws are the worker's lease numbers, longer ones the secrets of the service.
        if bytes.len() == Token::BYTES {
            self.minted.lock().unwrap().push(hex::encode(bytes));
        }
        Ok(())
    }
}
