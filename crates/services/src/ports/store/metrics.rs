//! How long the queue of mails is, for whoever watches over the service.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use denizen_models::named_enum;

use super::mail_jobs::MailKind;

named_enum! {
    /// How far a mail job has come at some instant.
    pub enum MailPhase {
        /// It failed, and is tried again later.
        Waiting = "waiting",
        /// It can be leased.
        Due = "due",
        /// A worker has it.
        Leased = "leased",
        /// It is not tried again by itself.
        Dead = "dead",
    }
}

impl MailPhase {
    /// The phase at `now` of a job that is due at `due_at`, and leased until `lease_until` if it was leased.
    #[must_use]
    pub fn at(
        now: DateTime<Utc>,
        dead: bool,
        due_at: DateTime<Utc>,
        lease_until: Option<DateTime<Utc>>,
    ) -> Self {
        match (dead, lease_until.is_some_and(|until| until > now), due_at <= now) {
            (true, _, _) => Self::Dead,
            (false, true, _) => Self::Leased,
            (false, false, true) => Self::Due,
            (false, false, false) => Self::Waiting,
        }
    }
}

/// How many mail jobs of a kind and in a phase there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailCount {
    /// At least one.
    pub jobs: u64,
    /// When the oldest of them was asked for.
    pub oldest: DateTime<Utc>,
}

/// Mail jobs by kind and phase, without those of which there are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailCounts(pub BTreeMap<(MailKind, MailPhase), MailCount>);

impl MailCounts {
    /// Counts one more. For stores.
    pub fn add(&mut self, kind: MailKind, phase: MailPhase, requested_at: DateTime<Utc>) {
        let none_yet = MailCount { jobs: 0, oldest: requested_at };
        let count = self.0.entry((kind, phase)).or_insert(none_yet);
        count.jobs += 1;
        count.oldest = count.oldest.min(requested_at);
    }
}
