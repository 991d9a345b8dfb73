//! Randomness that can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};

use denizen_models::Secret;
use denizen_services::{RandomnessError, TokenHash, TokenSource};

/// Gives the same bytes in every run: other bytes with every call, and with every seed.
#[derive(Debug)]
pub struct SeededTokens {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededTokens {
    /// The source that belongs to `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }
}

impl TokenSource for SeededTokens {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        for chunk in bytes.chunks_mut(32) {
            let number = self.blocks.fetch_add(1, Ordering::Relaxed);
            // SHA-256 of seed and number: all the randomness that a test needs, without a generator.
            let block = TokenHash::of(&Secret::from(format!("{} {number}", self.seed)));
            chunk.copy_from_slice(&block.as_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(source: &SeededTokens) -> [u8; 48] {
        let mut bytes = [0; 48];
        source.fill(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_all_others_differ() {
        let (one, same, other) = (SeededTokens::new(1), SeededTokens::new(1), SeededTokens::new(2));
        let (first, second) = (draw(&one), draw(&one));
        assert_eq!((first, second), (draw(&same), draw(&same)));
        assert_ne!(first, second);
        assert_ne!(first, draw(&other));
        assert_ne!(first[..16], first[32..]);
    }
}
