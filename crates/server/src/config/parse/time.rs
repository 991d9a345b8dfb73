//! Durations, and quotas, which are about time.

use std::time::Duration;

use chrono::TimeDelta;
use denizen_services::store::Quota;

/// The bounds are texts as well, so that messages can quote them.
pub(crate) fn duration(min: &'static str, max: &'static str) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| {
        seconds(text)
            .filter(|length| seconds(min) <= Some(*length) && Some(*length) <= seconds(max))
            .map(Duration::from_secs)
            .ok_or_else(|| {
                format!(
                    "expected a duration from {min} to {max}: a whole number and s, m, h or d, such as 30m"
                )
            })
    }
}

/// How long to keep something; `None` is for ever.
pub(in crate::config) fn retention(text: &str) -> Result<Option<Duration>, String> {
    if text == "forever" {
        return Ok(None);
    }
    duration("1d", "36500d")(text).map(Some).map_err(|reason| format!("{reason}; or `forever`"))
}

/// `BURST/PERIOD`, or practically no limit.
pub(in crate::config) fn quota(text: &str) -> Result<Quota, String> {
    const GENEROUS: Quota = Quota::new(100_000, TimeDelta::microseconds(10));
    let parse = || {
        let (burst, period) = text.split_once('/')?;
        let burst = super::number(1..=100_000)(burst).ok()?;
        let period = duration("1s", "24h")(period).ok()?;
        Some(Quota::new(burst, TimeDelta::from_std(period).ok()?))
    };
    if text == "generous" { Some(GENEROUS) } else { parse() }.ok_or_else(|| {
        "expected `BURST/PERIOD`, such as 20/3m for 20 at once and then one more every 3 minutes, from 1 to 100000 and \
         from 1s to 24h; or `generous` for practically no limit"
            .to_owned()
    })
}

fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::super::tests::reason;
    use super::*;

    #[test]
    fn durations_have_a_unit_and_stay_in_their_range() {
        let life = duration("1m", "24h");
        for (text, seconds) in
            [("60s", 60), ("1m", 60), ("30m", 1800), ("1440m", 86_400), ("24h", 86_400), ("1d", 86_400)]
        {
            assert_eq!(life(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "30", "59s", "0m", "25h", "86401s", "1.5h", "-5m", "30 m", "2d", "1w", "5µ"] {
            let expected = "expected a duration from 1m to 24h: a whole number and s, m, h or d, such as 30m";
            assert_eq!(reason(life(text)), expected, "{text}");
        }
        assert!(duration("0s", "1h")("18446744073709551615h").is_err());
    }

    #[test]
    fn what_is_kept_is_kept_for_days_or_for_ever() {
        let days = |days: u64| Ok(Some(Duration::from_secs(days * 24 * 3600)));
        for (text, expected) in
            [("1d", days(1)), ("24h", days(1)), ("36500d", days(36_500)), ("forever", Ok(None))]
        {
            assert_eq!(retention(text), expected, "{text}");
        }
        for text in ["", "23h", "36501d", "Forever", "1y", "0"] {
            let expected = "expected a duration from 1d to 36500d: a whole number and s, m, h or d, such as 30m; \
                            or `forever`";
            assert_eq!(reason(retention(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_quota_is_a_burst_and_a_period() {
        for (text, burst, period) in [
            ("1/1s", 1, TimeDelta::seconds(1)),
            ("20/3m", 20, TimeDelta::minutes(3)),
            ("100000/24h", 100_000, TimeDelta::days(1)),
            ("generous", 100_000, TimeDelta::microseconds(10)),
        ] {
            assert_eq!(quota(text), Ok(Quota::new(burst, period)), "{text}");
        }
        for text in
            ["", "20", "/3m", "20/", "0/3m", "100001/3m", "20/0s", "20/25h", "20/3m/2", "20 / 3m", "off"]
        {
            let expected = "expected `BURST/PERIOD`, such as 20/3m for 20 at once and then one more every 3 minutes, \
                            from 1 to 100000 and from 1s to 24h; or `generous` for practically no limit";
            assert_eq!(reason(quota(text)), expected, "{text}");
        }
    }
}
