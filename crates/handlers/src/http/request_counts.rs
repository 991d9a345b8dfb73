//! Counts of responses.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use actix_web::http::StatusCode;

/// Numbers of responses by the first digit of the status. Clones share their counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestCounts(Arc<[AtomicU64; 5]>);

impl RequestCounts {
    pub(crate) fn add(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).checked_sub(1);
        if let Some(count) = class.and_then(|class| self.0.get(class)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The counts of 1xx to 5xx.
    pub(crate) fn by_class(&self) -> [u64; 5] {
        self.0.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_counts_in_its_class_and_what_is_none_nowhere() {
        let counts = RequestCounts::default();
        for status in [101, 200, 204, 499, 503, 999] {
            counts.clone().add(StatusCode::from_u16(status).unwrap());
        }
        assert_eq!(counts.by_class(), [1, 2, 0, 1, 1]);
    }
}
