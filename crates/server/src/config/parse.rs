//! From text to values. Every error says what is allowed, in words that follow "`key` = value: ".

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Duration,
};

use ipnet::IpNet;
use log::LevelFilter;
use url::Url;

use super::{Database, Mail, PublicUrl};

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

pub(super) fn database(text: &str) -> Result<Database, String> {
    if text == "memory:" {
        return Ok(Database::Memory);
    }
    if ["postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme)) {
        return Err("PostgreSQL is not built into this version yet; use `sqlite://PATH`".to_owned());
    }
    match text.strip_prefix("sqlite://") {
        None => Err("expected `sqlite://PATH` or `memory:`".to_owned()),
        Some("") => Err("the path is missing: expected `sqlite://PATH`".to_owned()),
        Some(":memory:") => Err("write `memory:` for a database in memory".to_owned()),
        // Other tools take `?mode=…` here; a file with such a name would be a surprise.
        Some(path) if path.contains(['?', '#', '\0']) => {
            Err("the path takes no parameters and must not contain `?`, `#` or NUL".to_owned())
        }
        Some(path) => Ok(Database::Sqlite(path.into())),
    }
}

pub(super) fn mail(text: &str) -> Result<Mail, String> {
    match text.split(':').next() {
        Some("log") if text == "log" => Ok(Mail::Log),
        Some("smtp" | "smtps") => {
            Err("mail by SMTP is not built into this version yet; there is only `log`".to_owned())
        }
        Some("file") => {
            Err("mail into files is not built into this version yet; there is only `log`".to_owned())
        }
        _ => Err("expected `log`".to_owned()),
    }
}

pub(super) fn public_url(text: &str) -> Result<PublicUrl, String> {
    const EXPECTED: &str = "expected an http:// or https:// URL without user name, query or fragment, \
                            such as https://accounts.example.org";
    // The URL parser forgives white space, backslashes and missing slashes; a setting says what it means.
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let absolute = text.starts_with("http://") || text.starts_with("https://");
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    let bare = url.username().is_empty() && url.password().is_none();
    if plain && absolute && bare && url.query().is_none() && url.fragment().is_none() {
        Ok(PublicUrl::from(&url))
    } else {
        Err(EXPECTED.to_owned())
    }
}

/// Origins are compared byte by byte with what browsers send, so they must be written exactly like that.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| origin(item.trim())).collect()
}

fn origin(text: &str) -> Result<String, String> {
    let expected = || {
        format!("{text:?} is not an origin; expected `scheme://host[:port]`, such as https://app.example.org")
    };
    let url = Url::parse(text).map_err(|_| expected())?;
    let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('*')).ok_or_else(expected)?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let exact = format!("{}://{host}{port}", url.scheme());
    if exact == text {
        Ok(exact)
    } else {
        Err(format!("{text:?} is not what browsers send; write {exact:?}"))
    }
}

/// A single address is the network that holds it alone.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            item.parse().or_else(|_| item.parse().map(|ip: IpAddr| ip.into())).map_err(|_| {
                format!(
                    "{item:?} is not a network; expected an address or `ADDRESS/BITS`, such as 10.0.0.0/8"
                )
            })
        })
        .collect()
}

/// What `env_logger` understands; it would only warn about the rest and go on without it.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    let (directives, pattern) = text.split_once('/').unwrap_or((text, ""));
    let known = |directive: &str| match directive.split_once('=') {
        Some((_, level)) => level.trim().is_empty() || level.trim().parse::<LevelFilter>().is_ok(),
        None => true,
    };
    if text.is_empty() || pattern.contains('/') || !directives.split(',').all(known) {
        return Err(
            "expected a log filter such as `info` or `warn,denizen_services=debug`, with the levels off, \
                    error, warn, info, debug and trace"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

pub(super) fn number(range: RangeInclusive<usize>) -> impl Fn(&str) -> Result<usize, String> {
    move |text| {
        text.parse()
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "expected `true` or `false`".to_owned())
}

/// The bounds are texts as well, so that messages can quote them.
pub(super) fn duration(min: &'static str, max: &'static str) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| {
        seconds(text)
            .filter(|length| seconds(min) <= Some(*length) && Some(*length) <= seconds(max))
            .map(Duration::from_secs)
            .ok_or_else(|| {
                format!("expected a duration from {min} to {max}: a whole number and s, m or h, such as 30m")
            })
    }
}

fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason<T: std::fmt::Debug>(result: Result<T, String>) -> String {
        result.expect_err("a refusal")
    }

    #[test]
    fn addresses_need_an_ip_address_and_a_port() {
        for text in ["127.0.0.1:0", "[::1]:8080", "0.0.0.0:65535"] {
            assert_eq!(address(text).unwrap().to_string(), text);
        }
        for text in ["", "8080", ":8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536", "::1:8080"] {
            assert!(reason(address(text)).starts_with("expected an IP address and a port"), "{text}");
        }
    }

    #[test]
    fn databases_are_sqlite_files_or_memory() {
        for text in ["memory:", "sqlite://denizen.db", "sqlite:///var/users.db", "sqlite://Ünï côde.db"] {
            assert_eq!(database(text).unwrap().to_string(), text);
        }
        for text in ["", "denizen.db", "sqlite:denizen.db", "SQLITE://x", "mysql://x", "memory"] {
            assert_eq!(reason(database(text)), "expected `sqlite://PATH` or `memory:`", "{text}");
        }
        assert_eq!(reason(database("sqlite://")), "the path is missing: expected `sqlite://PATH`");
        assert_eq!(reason(database("sqlite://:memory:")), "write `memory:` for a database in memory");
        assert_eq!(
            reason(database("sqlite://x.db?mode=rwc")),
            "the path takes no parameters and must not contain `?`, `#` or NUL"
        );
    }

    #[test]
    fn postgresql_and_real_mail_are_known_but_not_built_in() {
        for text in ["postgres://db/users", "postgresql://ann:hunter2@db"] {
            let expected = "PostgreSQL is not built into this version yet; use `sqlite://PATH`";
            assert_eq!(reason(database(text)), expected);
        }
        for text in ["smtp://mail.example.org", "smtps://ann:hunter2@mail.example.org"] {
            assert_eq!(
                reason(mail(text)),
                "mail by SMTP is not built into this version yet; there is only `log`"
            );
        }
        assert_eq!(
            reason(mail("file:outbox")),
            "mail into files is not built into this version yet; there is only `log`"
        );
    }

    #[test]
    fn mail_goes_to_the_log() {
        assert_eq!(mail("log"), Ok(Mail::Log));
        for text in ["", "LOG", "log:", "sendmail"] {
            assert_eq!(reason(mail(text)), "expected `log`", "{text}");
        }
    }

    #[test]
    fn switches_are_on_or_off() {
        assert_eq!((switch("true"), switch("false")), (Ok(true), Ok(false)));
        for text in ["", "TRUE", "yes", "on", "1"] {
            assert_eq!(reason(switch(text)), "expected `true` or `false`", "{text}");
        }
    }

    #[test]
    fn public_urls_are_normalised_and_know_what_they_are() {
        let parsed = |text| {
            let url = public_url(text).unwrap();
            (url.to_string(), url.is_https(), url.is_loopback())
        };
        assert_eq!(parsed("https://Example.org/"), ("https://example.org".to_owned(), true, false));
        assert_eq!(parsed("https://example.org/a//"), ("https://example.org/a".to_owned(), true, false));
        assert_eq!(parsed("https://example.org:443"), ("https://example.org".to_owned(), true, false));
        assert_eq!(parsed("http://localhost:8080"), ("http://localhost:8080".to_owned(), false, true));
        assert_eq!(parsed("http://id.localhost"), ("http://id.localhost".to_owned(), false, true));
        assert_eq!(parsed("http://127.0.0.2"), ("http://127.0.0.2".to_owned(), false, true));
        assert_eq!(parsed("http://[::1]:80/x"), ("http://[::1]/x".to_owned(), false, true));
        assert_eq!(parsed("http://localhost.example"), ("http://localhost.example".to_owned(), false, false));
    }

    #[test]
    fn public_urls_carry_nothing_but_scheme_host_port_and_path() {
        for text in [
            "",
            "example.org",
            "//example.org",
            "https:example.org",
            "ftp://example.org",
            "https://",
            "https://example.org?a=b",
            "https://example.org/?",
            "https://example.org/#top",
            "https://ann@example.org",
            "https://:hunter2@example.org",
            "https://example.org/a b",
            "https://example.org\\a",
            "https://example.org:99999",
        ] {
            let expected = "expected an http:// or https:// URL without user name, query or fragment, \
                            such as https://accounts.example.org";
            assert_eq!(reason(public_url(text)), expected, "{text}");
        }
    }

    #[test]
    fn origins_must_be_written_as_browsers_send_them() {
        for (text, exact) in [
            ("https://app.example.org/", "https://app.example.org"),
            ("https://APP.example.org", "https://app.example.org"),
            ("https://app.example.org:443", "https://app.example.org"),
            ("http://localhost:5173/path?query", "http://localhost:5173"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://ann@app.example.org", "https://app.example.org"),
        ] {
            assert_eq!(reason(origins(text)), format!("{text:?} is not what browsers send; write {exact:?}"));
            assert_eq!(origins(exact), Ok(vec![exact.to_owned()]));
        }
    }

    #[test]
    fn wildcards_and_opaque_origins_are_refused() {
        for text in [
            "*",
            "null",
            "https://*.example",
            "app.example.org",
            "https://a.example,",
            "file:///tmp",
            "data:x",
        ] {
            let reason = reason(origins(text));
            assert!(reason.ends_with("such as https://app.example.org"), "{reason}");
        }
    }

    #[test]
    fn log_filters_are_those_of_env_logger() {
        for text in
            ["info", "OFF", "denizen_services", "warn,denizen_handlers=debug, actix=off", "a=,b", "x/y"]
        {
            assert_eq!(log_filter(text), Ok(text.to_owned()));
        }
        for text in ["", "a=verbose", "info,a=b=c", "info/a/b"] {
            assert!(reason(log_filter(text)).starts_with("expected a log filter such as `info`"), "{text}");
        }
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let length = number(8..=64);
        assert_eq!((length("8"), length("64")), (Ok(8), Ok(64)));
        for text in ["7", "65", "-8", "8.0", "eight", "", "99999999999999999999"] {
            assert_eq!(reason(length(text)), "expected a whole number from 8 to 64", "{text}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_stay_in_their_range() {
        let life = duration("1m", "24h");
        for (text, seconds) in [("60s", 60), ("1m", 60), ("30m", 1800), ("1440m", 86_400), ("24h", 86_400)] {
            assert_eq!(life(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "30", "59s", "0m", "25h", "86401s", "1.5h", "-5m", "30 m", "1d", "5µ"] {
            let expected = "expected a duration from 1m to 24h: a whole number and s, m or h, such as 30m";
            assert_eq!(reason(life(text)), expected, "{text}");
        }
        assert!(duration("0s", "1h")("18446744073709551615h").is_err());
    }
}
