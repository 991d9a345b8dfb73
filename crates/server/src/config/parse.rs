//! From text to values. Every error says what is allowed, in words that follow "`key` = value: ".

mod log_filter;
mod time;
mod web;

use std::{
    fmt::Display,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    str::FromStr,
};

use denizen_models::Username;
use denizen_storage_postgres::PostgresOptions;
use ipnet::IpNet;

pub(crate) use self::time::duration;
pub(super) use self::{log_filter::*, time::*, web::*};
use super::types::Database;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

pub(super) fn optional_address(text: &str) -> Result<Option<SocketAddr>, String> {
    if text.is_empty() { Ok(None) } else { address(text).map(Some) }
}

pub(super) fn database(text: &str) -> Result<Database, String> {
    if text == "memory:" {
        return Ok(Database::Memory);
    }
    if ["postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme)) {
        return parsed::<PostgresOptions>(text).map(|options| Database::Postgres(Box::new(options)));
    }
    match text.strip_prefix("sqlite://") {
        None => Err("expected `sqlite://PATH`, `postgres://…` or `memory:`".to_owned()),
        Some("") => Err("the path is missing: expected `sqlite://PATH`".to_owned()),
        Some(":memory:") => Err("write `memory:` for a database in memory".to_owned()),
        // Other tools take `?mode=…` here; a file with such a name would be a surprise.
        Some(path) if path.contains(['?', '#', '\0']) => {
            Err("the path takes no parameters and must not contain `?`, `#` or NUL".to_owned())
        }
        Some(path) => Ok(Database::Sqlite(path.into())),
    }
}

/// Any type whose own errors say what is allowed.
pub(super) fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// An empty text is no value.
pub(super) fn optional<T>(
    parse: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Option<T>, String> {
    move |text| (!text.is_empty()).then(|| parse(text)).transpose()
}

/// One of at least two values by its name.
pub(super) fn choice<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        all.into_iter().find(|value| name(*value) == text).ok_or_else(|| {
            let words = all.map(|value| format!("`{}`", name(value))).join(", ");
            let (others, last) = words.rsplit_once(", ").unwrap_or_default();
            format!("expected {others} or {last}")
        })
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

pub(super) fn usernames(text: &str) -> Result<Vec<Username>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| Username::parse(item).map_err(|error| format!("{item:?}: {error}"))).collect()
}

pub(super) fn number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
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

/// It stands in subjects of mails, which have lines of limited length, and no line ends.
pub(super) fn service_name(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 64 characters, none of them a control character".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use denizen_mail::{MailUrl, Sender};
    use denizen_services::RegistrationMode;

    use super::*;

    pub(super) fn reason<T: std::fmt::Debug>(result: Result<T, String>) -> String {
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
            assert_eq!(
                reason(database(text)),
                "expected `sqlite://PATH`, `postgres://…` or `memory:`",
                "{text}"
            );
        }
        assert_eq!(reason(database("sqlite://")), "the path is missing: expected `sqlite://PATH`");
        assert_eq!(reason(database("sqlite://:memory:")), "write `memory:` for a database in memory");
        assert_eq!(
            reason(database("sqlite://x.db?mode=rwc")),
            "the path takes no parameters and must not contain `?`, `#` or NUL"
        );
    }

    #[test]
    fn databases_can_be_those_of_postgresql() {
        for (text, shown) in [
            ("postgres://ann:hunter2@db/users", "postgres://ann@db:5432/users"),
            ("postgresql://db1,db2:5433/users?sslmode=disable", "postgres://db1:5432,db2:5433/users"),
        ] {
            assert_eq!(database(text).unwrap().to_string(), shown);
        }
        let expected = "expected `postgres://USER@HOST/DATABASE`: the name of the database is missing";
        assert_eq!(reason(database("postgresql://ann:hunter2@db")), expected);
        assert!(reason(database("postgres://db/users?sslmode=prefer")).starts_with("sslmode must be"));
    }

    #[test]
    fn mail_is_what_the_mail_crate_understands() {
        let mail = parsed::<MailUrl>;
        assert_eq!(mail("smtp://localhost").unwrap().to_string(), "smtp://localhost:25");
        assert_eq!(reason(mail("sendmail")), "must be log, file:DIRECTORY, smtp://HOST or smtps://HOST");
        let hidden = reason(mail("smtp://ann:hunter2@mail.example.org/x"));
        assert!(
            hidden.starts_with("nothing may follow host and port") && !hidden.contains("hunter2"),
            "{hidden}"
        );
    }

    #[test]
    fn answers_need_no_address_and_the_sender_does() {
        let (sender, optional_sender) = (parsed::<Sender>, optional(parsed::<Sender>));
        let accounts = sender("Accounts <a@example.org>").unwrap();
        assert_eq!(optional_sender("Accounts <a@example.org>"), Ok(Some(accounts)));
        assert_eq!(optional_sender(""), Ok(None));
        for refused in [reason(sender("")), reason(sender("Accounts")), reason(optional_sender("Accounts"))] {
            assert!(refused.starts_with("must be an e-mail address, such as "), "{refused}");
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
    fn numbers_stay_in_their_range() {
        let length = number(8..=64);
        assert_eq!((length("8"), length("64")), (Ok(8), Ok(64)));
        for text in ["7", "65", "-8", "8.0", "eight", "", "99999999999999999999"] {
            assert_eq!(reason(length(text)), "expected a whole number from 8 to 64", "{text}");
        }
    }

    #[test]
    fn choices_are_written_in_full() {
        let registration = choice(RegistrationMode::ALL, RegistrationMode::as_str);
        assert_eq!(
            ["closed", "invite", "open"].map(|text| registration(text).unwrap()),
            RegistrationMode::ALL
        );
        for text in ["", "Open", "yes", "admin"] {
            assert_eq!(reason(registration(text)), "expected `closed`, `invite` or `open`", "{text}");
        }
    }

    #[test]
    fn the_name_of_the_service_is_short_and_on_one_line() {
        let longest = "ü".repeat(64);
        for text in ["Bücher & Söhne", "x", &longest] {
            assert_eq!(service_name(text), Ok(text.to_owned()));
        }
        for text in ["", "a\r\nBcc: all@example.org", "a\tb", &format!("{longest}x")] {
            let expected = "expected 1 to 64 characters, none of them a control character";
            assert_eq!(reason(service_name(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn no_path_is_an_empty_text() {
        let optional_path = optional(parsed::<PathBuf>);
        assert_eq!(optional_path(""), Ok(None));
        assert_eq!(optional_path("a folder/x.pem"), Ok(Some("a folder/x.pem".into())));
    }
}
