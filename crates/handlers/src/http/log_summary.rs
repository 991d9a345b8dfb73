//! Lines that a client could fill the log with: some are written, the rest are counted.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::rt;
use tokio::time::sleep;

use super::client_ip::network_of;

/// So many lines of one network are written in an interval.
const LINES: u64 = 10;
const INTERVAL: Duration = Duration::from_secs(10);
/// So many networks are told apart; the others share their lines.
const MAX_NETWORKS: usize = 1_000;
const OTHERS: u128 = u128::MAX;

/// Writes the first lines of every network in an interval, and at its end one that says how many more there were. Clones
/// share their counts.
#[derive(Clone, Default)]
pub(crate) struct LogSummary(Arc<Mutex<HashMap<u128, u64>>>);

impl LogSummary {
    /// Returns whether a line that this client causes is to be written; if not, it is counted.
    pub(crate) fn admits(&self, ip: Option<IpAddr>) -> bool {
        let mut key = ip.map_or(0, network_of);
        let mut lines = self.lines();
        if lines.len() >= MAX_NETWORKS && !lines.contains_key(&key) {
            key = OTHERS;
        }
        let count = lines.entry(key).or_default();
        *count += 1;
        if *count == 1 {
            let whose = match ip {
                Some(ip) if key != OTHERS => ip.to_string(),
                _ => "other clients".to_owned(),
            };
            rt::spawn(self.clone().summarize(key, whose));
        }
        *count <= LINES
    }

    async fn summarize(self, key: u128, whose: String) {
        sleep(INTERVAL).await;
        let more = self.lines().remove(&key).unwrap_or(0).saturating_sub(LINES);
        if more > 0 {
            let seconds = INTERVAL.as_secs();
            log::info!(
                target: "denizen::access",
                "{more} more requests of {whose} in {seconds} s: refused by the rate limit, or health checks"
            );
        }
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<u128, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::time::{advance, pause};

    use super::*;

    /// Security checklist: 72.
    #[actix_web::test]
    async fn the_first_lines_of_a_network_are_written_and_after_the_interval_again() {
        pause();
        let summary = LogSummary::default();
        let written = |host: u32| {
            let admits = |_: &u32| summary.admits(Some(IpAddr::V4(Ipv4Addr::from_bits(host))));
            (0..1_000).filter(admits).count()
        };
        for _ in 0..2 {
            assert_eq!((written(1), written(1), written(2)), (10, 0, 10));
            sleep(INTERVAL + Duration::from_secs(1)).await;
            assert!(summary.lines().is_empty());
        }
        advance(INTERVAL).await;
    }

    #[actix_web::test]
    async fn however_many_networks_there_are_their_number_is_bounded() {
        let summary = LogSummary::default();
        let ip = |number: u32| IpAddr::V4(Ipv4Addr::from_bits(number));
        let written = (0..100_000).filter(|number| summary.admits(Some(ip(*number)))).count();
        assert_eq!(written, MAX_NETWORKS + usize::try_from(LINES).unwrap());
        assert_eq!(summary.lines().len(), MAX_NETWORKS + 1);
    }
}
