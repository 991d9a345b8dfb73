//! Whether somebody has an account is nobody's business: requests that differ only in whom they are about get the same
//! answer for the same work, and meet the same limits after the same number of requests.

mod login;
mod sign_up;

use denizen_server::config::Setting;

use crate::support::watched::{Asked, Observed, Watched};

/// Sends one request after the other, and demands that all of them get the same answer for the same work. Gives both.
pub async fn the_same_for_all(watched: &Watched, requests: &[Asked]) -> Observed {
    let first = watched.observe(&requests[0]).await;
    for asked in &requests[1..] {
        assert_eq!(watched.observe(asked).await, first, "{} and {}", asked.about, requests[0].about);
    }
    first
}

/// Repeats each request on a server of its own, so many minutes after the one before, and demands that every time all of
/// them get the same answer for the same work. Gives the statuses, and after how many seconds one may come back.
pub async fn the_same_limits_for_all(
    settings: &[(&'static Setting, &str)],
    requests: &[Asked],
    minutes: &[u32],
) -> Vec<(u16, Option<u64>)> {
    let mut first: Vec<Observed> = Vec::new();
    for asked in requests {
        let watched = Watched::start(settings).await;
        for (number, pause) in minutes.iter().enumerate() {
            watched.server.advance_minutes(*pause);
            let observed = watched.observe(asked).await;
            if number == first.len() {
                first.push(observed.clone());
            }
            assert_eq!(observed, first[number], "request {number} for {}", asked.about);
        }
    }
    first.iter().map(|it| (it.answer.status(), it.answer.retry_after())).collect()
}
