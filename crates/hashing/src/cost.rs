//! The cost of a hash.

use argon2::Params;

/// How much a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory per hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes, computed one after the other.
    pub lanes: u32,
}

impl Argon2Cost {
    /// 19 MiB, 2 passes, 1 lane: the least that OWASP's Password Storage cheat sheet accepts, about 30 ms of a core.
    pub const RECOMMENDED: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };
    /// As little as the algorithm allows. For tests, which hash often and protect nothing.
    pub const CHEAPEST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
    /// What a hash may cost at most, so that nobody can plant one whose comparison stops the service: 256 MiB,
    /// 16 passes, 16 lanes.
    pub const MOST: Self = Self { memory_kib: 256 * 1024, passes: 16, lanes: 16 };

    /// How much is written for a hash, in KiB: memory times passes. The time of a hash is about proportional to it, and
    /// lanes, which are computed one after the other, share it.
    #[must_use]
    pub const fn work(self) -> u64 {
        self.memory_kib as u64 * self.passes as u64
    }

    /// Whether a hash of this cost is at least as dear as one of `floor` in memory, in passes and in lanes.
    #[must_use]
    pub const fn is_at_least(self, floor: Self) -> bool {
        self.memory_kib >= floor.memory_kib && self.passes >= floor.passes && self.lanes >= floor.lanes
    }
}

impl From<&Params> for Argon2Cost {
    fn from(params: &Params) -> Self {
        Self { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
    }
}
