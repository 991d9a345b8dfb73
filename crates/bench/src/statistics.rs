//! Of many times, what can be said in a number or two.

use std::time::Duration;

/// The time that this share of all (0 to 1) does not exceed; zero if there are none.
pub fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

pub fn median(times: &[Duration]) -> Duration {
    quantile(times, 0.5)
}

/// The z value of the Mann–Whitney U test: how far the ranks of `a` lie above those of `b`, in standard deviations of
/// what chance does. The approximation by the normal distribution is good from about 20 of each on; equal times share
/// their ranks, and are too few for a correction of the variance.
pub fn mann_whitney(a: &[Duration], b: &[Duration]) -> f64 {
    let mut sorted = [a, b].concat();
    sorted.sort_unstable();
    let rank = |time: &Duration| {
        let (below, upto) = (sorted.partition_point(|it| it < time), sorted.partition_point(|it| it <= time));
        (below + upto + 1) as f64 / 2.0
    };
    let (m, n) = (a.len() as f64, b.len() as f64);
    let u = a.iter().map(rank).sum::<f64>() - m * (m + 1.0) / 2.0;
    (u - m * n / 2.0) / (m * n * (m + n + 1.0) / 12.0).sqrt()
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(milliseconds: &[u64]) -> Vec<Duration> {
        milliseconds.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let of = |share| quantile(&times(&hundred), share).as_millis();
        assert_eq!([of(0.0), of(0.5), of(0.99), of(1.0)], [1, 50, 99, 100]);
        assert_eq!(median(&times(&[3, 1, 2])), Duration::from_millis(2));
        assert_eq!(median(&[]), Duration::ZERO);
    }

    /// By hand: the ranks of `a` are 1, 3 and 5.5, so U is 3.5; chance would give 6, with a variance of 8.
    #[test]
    fn the_test_of_mann_and_whitney_counts_ranks() {
        let (a, b) = (times(&[1, 3, 5]), times(&[2, 4, 5, 6]));
        let expected = (3.5 - 6.0) / 8.0_f64.sqrt();
        assert!((mann_whitney(&a, &b) - expected).abs() < 1e-12);
        assert!((mann_whitney(&b, &a) + expected).abs() < 1e-12, "the other way round");
        assert!(mann_whitney(&a, &a).abs() < 1e-12);
    }

    #[test]
    fn who_is_always_slower_is_told_apart() {
        let fast: Vec<u64> = (0..50).collect();
        let slow: Vec<u64> = (50..100).collect();
        assert!(mann_whitney(&times(&slow), &times(&fast)) > 8.0);
    }
}
