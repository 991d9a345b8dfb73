//! What a profile demands beyond well-formed values.

use std::net::SocketAddr;

use super::{
    Database, Mail, Profile, PublicUrl,
    table::{BIND, DATABASE, MAIL, PROFILE, PUBLIC_URL, Setting},
};

/// A setting, and why its value cannot stay.
pub(super) type Violation = (&'static Setting, &'static str);

/// The values that rules look at. A value that is not known breaks no rule, except a missing public URL.
pub(super) struct Facts<'a> {
    pub(super) bind: Option<SocketAddr>,
    pub(super) database: Option<&'a Database>,
    pub(super) public_url: Option<&'a PublicUrl>,
    pub(super) mail: Option<Mail>,
}

/// Every rule of `profile` that the values break.
pub(super) fn violations(profile: Profile, facts: &Facts<'_>) -> Vec<Violation> {
    match profile {
        Profile::Development => development(facts).into_iter().collect(),
        Profile::Production => {
            no_sign_in_yet().into_iter().chain(production(facts).into_iter().flatten()).collect()
        }
    }
}

fn development(facts: &Facts<'_>) -> Option<Violation> {
    // `::ffff:127.0.0.1` is a loopback address, too.
    let open = !facts.bind?.ip().to_canonical().is_loopback();
    open.then_some((
        &BIND,
        "the development profile has public passwords and shows secrets in its log, so it listens on \
         loopback addresses only, such as 127.0.0.1 or [::1]",
    ))
}

fn production(facts: &Facts<'_>) -> [Option<Violation>; 3] {
    let database = match facts.database {
        Some(Database::Memory) => {
            Some("a database in memory forgets every user; the production profile needs `sqlite://PATH`")
        }
        Some(Database::Sqlite(_)) | None => None,
    };
    let public_url = match facts.public_url {
        None => Some(
            "the production profile never guesses from a request where the links in its mails lead, so the \
             public URL must be named",
        ),
        Some(url) if !url.is_https() && !url.is_loopback() => {
            Some("the production profile needs https://, because the links in mails carry secrets")
        }
        Some(_) => None,
    };
    let mail = facts
        .mail
        .map(|Mail::Log| "the production profile keeps secrets out of its log, so mail must really be sent");
    [
        database.map(|reason| (&DATABASE, reason)),
        public_url.map(|reason| (&PUBLIC_URL, reason)),
        mail.map(|reason| (&MAIL, reason)),
    ]
}

/// To be removed, with its one call, by the change that brings sign-in.
fn no_sign_in_yet() -> Option<Violation> {
    Some((
        &PROFILE,
        "this version has no sign-in yet and would let every caller act as an administrator, so it does not \
         start in production",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::tests::in_environment;
    use super::super::{Config, Problems, parse};
    use super::*;

    const NO_SIGN_IN: &str = "`profile` = \"production\" (environment variable DENIZEN_PROFILE): \
        this version has no sign-in yet and would let every caller act as an administrator, so it does not \
        start in production";

    fn problems_of(environment: &[(&str, &str)]) -> Vec<String> {
        match Config::from_settings(&in_environment(environment).settings()) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    fn production(environment: &[(&str, &str)]) -> Vec<String> {
        let mut problems = problems_of(&[&[("DENIZEN_PROFILE", "production")], environment].concat());
        assert_eq!(problems.remove(0), NO_SIGN_IN);
        problems
    }

    #[test]
    fn development_serves_loopback_addresses_only() {
        for address in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(problems_of(&[("DENIZEN_BIND", address)]).is_empty(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "192.168.0.1:80", "[::ffff:10.0.0.1]:80"] {
            let expected = format!(
                "`bind` = {address:?} (environment variable DENIZEN_BIND): \
                 the development profile has public passwords and shows secrets in its log, so it listens on \
                 loopback addresses only, such as 127.0.0.1 or [::1]"
            );
            assert_eq!(problems_of(&[("DENIZEN_BIND", address)]), [expected]);
        }
    }

    #[test]
    fn production_wants_everything_that_decides_about_safety_to_be_set() {
        let missing = |key: &str, flag: &str, variable: &str| {
            format!(
                "`{key}` is not set: the production profile has no default for it; \
                 set it with {flag}, {variable} or `{key}` in the configuration file"
            )
        };
        assert_eq!(
            production(&[("DENIZEN_BIND", "0.0.0.0:80")]),
            [
                missing("database", "--database", "DENIZEN_DATABASE"),
                missing("public_url", "--public-url", "DENIZEN_PUBLIC_URL"),
                missing("mail", "--mail", "DENIZEN_MAIL"),
            ]
        );
    }

    #[test]
    fn production_refuses_every_unsafe_value_at_once() {
        assert_eq!(
            production(&[
                ("DENIZEN_DATABASE", "memory:"),
                ("DENIZEN_PUBLIC_URL", "http://example.org"),
                ("DENIZEN_MAIL", "log"),
                ("DENIZEN_HASH_QUEUE", "many"),
            ]),
            [
                "`database` = \"memory:\" (environment variable DENIZEN_DATABASE): \
                 a database in memory forgets every user; the production profile needs `sqlite://PATH`",
                "`public_url` = \"http://example.org\" (environment variable DENIZEN_PUBLIC_URL): \
                 the production profile needs https://, because the links in mails carry secrets",
                "`mail` = \"log\" (environment variable DENIZEN_MAIL): \
                 the production profile keeps secrets out of its log, so mail must really be sent",
                "`hash_queue` = \"many\" (environment variable DENIZEN_HASH_QUEUE): \
                 expected a whole number from 1 to 65536",
            ]
        );
    }

    #[test]
    fn production_accepts_http_for_a_loopback_host_and_https_for_any() {
        for url in ["http://localhost:8080", "http://127.0.0.1", "https://example.org"] {
            let database = ("DENIZEN_DATABASE", "sqlite://users.db");
            let problems = production(&[database, ("DENIZEN_PUBLIC_URL", url), ("DENIZEN_MAIL", "smtp://x")]);
            // Until mail can be sent, this is what stays.
            assert_eq!(
                problems,
                ["`mail` = \"smtp://x\" (environment variable DENIZEN_MAIL): \
                  mail by SMTP is not built into this version yet; there is only `log`"]
            );
        }
    }

    #[test]
    fn a_configuration_made_by_hand_obeys_the_same_rules() {
        let development = Config::from_settings(&in_environment(&[]).settings()).unwrap();
        assert_eq!(development.validate(), Ok(()));
        let production = Config { profile: Profile::Production, ..development.clone() };
        let keys = |result: Result<(), Problems>| {
            result.unwrap_err().iter().filter_map(|problem| problem.key).collect::<Vec<_>>()
        };
        assert_eq!(keys(production.validate()), ["profile", "public_url", "mail"]);
        let named = Config { public_url: parse::public_url("https://example.org").ok(), ..production };
        assert_eq!(keys(named.validate()), ["profile", "mail"]);
        let open = Config { bind: ([0, 0, 0, 0], 80).into(), ..development };
        let message = open.validate().unwrap_err().to_string();
        assert!(message.contains("\n- `bind`: the development profile has public passwords"), "{message}");
    }
}
