//! Counting mail jobs.

use chrono::{DateTime, Utc};

use crate::state::State;
use denizen_services::store::{MailCounts, MailPhase};

impl State {
    pub fn count_mail_jobs(&self, now: DateTime<Utc>, limit: usize) -> MailCounts {
        let mut counts = MailCounts::default();
        for dead in [false, true] {
            let jobs = self.jobs.values().map(|job| (job, job.phase_at(now)));
            for (job, phase) in jobs.filter(|(_, phase)| (*phase == MailPhase::Dead) == dead).take(limit) {
                counts.add(job.queued.mail.kind(), phase, job.queued.requested_at);
            }
        }
        counts
    }
}
