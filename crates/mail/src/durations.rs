//! How long a link works, in words.

use chrono::Duration;
use denizen_models::text;

/// Returns `duration` in the largest unit that is exact: "30 minutes", "24 hours", "3 days". Days start at two.
///
/// Seconds are dropped, so that a link never works for a shorter time than its mail says. The least is one minute.
pub(crate) fn in_words(duration: Duration) -> String {
    let minutes = duration.num_minutes().max(1);
    match minutes {
        _ if minutes % (24 * 60) == 0 && minutes >= 2 * 24 * 60 => text::counted(minutes / (24 * 60), "day"),
        _ if minutes % 60 == 0 => text::counted(minutes / 60, "hour"),
        _ => text::counted(minutes, "minute"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_exact_unit_is_named() {
        let minutes = [0, 1, 30, 60, 90, 24 * 60, 48 * 60, 49 * 60, 7 * 24 * 60];
        let words = minutes.map(|minutes| in_words(Duration::minutes(minutes)));
        assert_eq!(
            words,
            [
                "1 minute",
                "1 minute",
                "30 minutes",
                "1 hour",
                "90 minutes",
                "24 hours",
                "2 days",
                "49 hours",
                "7 days"
            ]
        );
        assert_eq!(in_words(Duration::seconds(119)), "1 minute");
    }
}
