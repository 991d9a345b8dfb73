//! How many failed sign-ins are recorded one by one. Strangers cause them, and each is a row that is kept for a year.

use std::sync::Mutex;

use chrono::{DateTime, Utc};

use crate::{common::lock::lock, ports::store::AuditKind};

/// Counts the failures of this process in this hour.
#[derive(Default)]
pub(crate) struct FailureRecords(Mutex<(i64, u32)>);

impl FailureRecords {
    /// Returns the kind of record that a failure at `now` is due. `most` in an hour have their own; the next one says that
    /// further ones of this hour are left out.
    pub fn due(&self, kind: AuditKind, most: u32, now: DateTime<Utc>) -> Option<AuditKind> {
        let (hour, count) = &mut *lock(&self.0);
        let this_hour = now.timestamp().div_euclid(3600);
        if *hour != this_hour {
            if *count > most {
                log::warn!("{} failed sign-ins of an hour are not in the audit trail", *count - most);
            }
            (*hour, *count) = (this_hour, 0);
        }
        *count = count.saturating_add(1);
        if *count <= most {
            return Some(kind);
        }
        let is_first = *count - most == 1;
        if is_first {
            log::warn!("{most} sign-ins have failed within an hour: the audit trail omits those to come");
        }
        is_first.then_some(AuditKind::LoginFailuresOmitted)
    }
}

#[cfg(test)]
mod tests {
    use AuditKind::{LoginFailed, LoginFailuresOmitted, LoginIgnored};

    use super::*;

    #[test]
    fn beyond_its_number_an_hour_has_one_record_more_and_the_next_hour_begins_anew() {
        let records = FailureRecords::default();
        // The clock goes on by an hour, and back by many.
        for hour in [10, 11, 2] {
            let now = DateTime::from_timestamp(hour * 3600 + 1_800, 0).unwrap();
            let due =
                [LoginFailed, LoginIgnored, LoginFailed, LoginFailed].map(|kind| records.due(kind, 2, now));
            let expected = [Some(LoginFailed), Some(LoginIgnored), Some(LoginFailuresOmitted), None];
            assert_eq!(due, expected, "{hour}");
        }
    }
}
