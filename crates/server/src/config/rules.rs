//! From settings to a checked configuration: well-formed values, and the rules of the profile.

use std::net::{IpAddr, SocketAddr};

use denizen_mail::{MailUrl, is_loopback};

use super::{
    errors::{ConfigError, ConfigErrors},
    reader::Reader,
    resolve::Settings,
    setting::Setting,
    table::{
        BIND, COOKIE_DOMAIN, Config, DATABASE, HEALTH_BIND, MAIL, PROFILE, PUBLIC_URL, PartialConfig,
        SESSION_IDLE_TIMEOUT,
    },
    types::{Database, Profile},
};

impl Config {
    /// Checks the values and the rules of the profile.
    ///
    /// # Errors
    /// Returns everything that is wrong, each with its source. If the file could not be read, only what is certain
    /// without it.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigErrors> {
        let mut reader = Reader { values: &settings.values, errors: settings.errors.clone() };
        if !settings.complete {
            return Err(reader.into_errors());
        }
        let unread = reader.mentions(&PROFILE);
        let mut partial = PartialConfig::read(&mut reader);
        // A profile that could not even be read must not be judged by the rules of the default one.
        partial.profile = partial.profile.filter(|_| !unread);
        if settings.get(&PUBLIC_URL).is_some_and(|resolved| resolved.is_default()) {
            partial.public_url = Some(None);
        }
        for (setting, reason) in violations(&partial) {
            reader.refuse(setting, reason);
        }
        let exposed = settings.iter().filter(|resolved| resolved.shows_secret());
        exposed.for_each(|resolved| reader.refuse(resolved.setting, ON_THE_COMMAND_LINE));
        match partial.complete() {
            Some(config) if reader.errors.is_empty() => Ok(config),
            _ => Err(reader.into_errors()),
        }
    }

    /// Checks the rules of the profile for a configuration that was put together by hand, such as by a
    /// program that embeds the server. [`Self::from_settings`] has done so already.
    ///
    /// # Errors
    /// Returns every rule that is broken.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        let error = |(setting, reason): (&'static Setting, &str)| ConfigError {
            key: Some(setting.key),
            message: format!("`{}`: {reason}", setting.key),
        };
        let errors: Vec<_> = violations(&self.clone().into()).into_iter().map(error).collect();
        if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
    }
}

/// Why a secret in a flag is refused.
const ON_THE_COMMAND_LINE: &str = "every user of this machine can read a command line, and this value has a password in it: put it into \
                                   the environment or the configuration file";

/// A setting, and why its value is refused.
type Violation = (&'static Setting, &'static str);

/// Returns every rule of the profile that the values break. A missing value breaks no rule, except the public URL.
fn violations(config: &PartialConfig) -> Vec<Violation> {
    let Some(profile) = config.profile else { return Vec::new() };
    let production = profile == Profile::Production;
    let exposed =
        |address: Option<SocketAddr>| address.is_some_and(|address| !is_loopback(&address.ip().to_string()));
    let exposure = "the development profile has public passwords and shows secrets in its log, so it listens on \
                    loopback addresses only, such as 127.0.0.1 or [::1]";
    let url = config.public_url.as_ref().and_then(Option::as_ref);
    let in_clear = url.is_some_and(|url| !url.is_https() && !url.is_loopback());
    let mail = config.mail.as_ref().and_then(MailUrl::refused_in_production);
    let listeners = config.bind.zip(config.health_bind.flatten());
    let sessions = config.session_idle_timeout.zip(config.session_lifetime);
    let domain = config.cookie_domain.as_ref().and_then(Option::as_ref);
    let foreign = domain.is_some_and(|domain| !url.is_some_and(|url| url.is_in(domain)));
    let rules: [(bool, &'static Setting, &'static str); 9] = [
        (foreign, &COOKIE_DOMAIN, "browsers take cookies for the domain of `public_url` only"),
        (!production && exposed(config.bind), &BIND, exposure),
        (!production && exposed(config.health_bind.flatten()), &HEALTH_BIND, exposure),
        (
            listeners.is_some_and(|(all, health)| share_a_port(all, health)),
            &HEALTH_BIND,
            "the port is that of `bind`; choose another one",
        ),
        (
            production && config.database == Some(Database::Memory),
            &DATABASE,
            "a database in memory forgets every user; the production profile needs `sqlite://PATH` or \
             `postgres://…`",
        ),
        (
            production && url.is_none(),
            &PUBLIC_URL,
            "the production profile never guesses from a request where the links in its mails lead, so the \
             public URL must be named",
        ),
        (
            production && in_clear,
            &PUBLIC_URL,
            "the production profile needs https://, because the links in mails carry secrets",
        ),
        (production && mail.is_some(), &MAIL, mail.unwrap_or_default()),
        (
            sessions.is_some_and(|(idle, lifetime)| idle > lifetime),
            &SESSION_IDLE_TIMEOUT,
            "a session cannot rest for longer than it lives, so this must not exceed `session_lifetime`",
        ),
    ];
    rules.into_iter().filter(|(broken, ..)| *broken).map(|(_, setting, reason)| (setting, reason)).collect()
}

/// Whether the two cannot be listened on at the same time. Port 0 is any free one.
fn share_a_port(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |one: IpAddr, other: IpAddr| one == other || one.is_unspecified();
    one.port() == other.port()
        && one.port() != 0
        && (covers(one.ip(), other.ip()) || covers(other.ip(), one.ip()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use denizen_mail::{Encryption, SmtpServer};

    use super::super::parse;
    use super::super::tests::in_environment;
    use super::*;

    fn errors_of(environment: &[(&str, &str)]) -> Vec<String> {
        match Config::from_settings(&in_environment(environment).settings()) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        }
    }

    fn production(environment: &[(&str, &str)]) -> Vec<String> {
        errors_of(&[&[("DENIZEN_PROFILE", "production")], environment].concat())
    }

    #[test]
    fn development_serves_loopback_addresses_only() {
        for address in ["127.0.0.1:0", "127.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert!(errors_of(&[("DENIZEN_BIND", address)]).is_empty(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "192.168.0.1:80", "[::ffff:10.0.0.1]:80"] {
            let expected = format!(
                "`bind` = {address:?} (environment variable DENIZEN_BIND): \
                 the development profile has public passwords and shows secrets in its log, so it listens on \
                 loopback addresses only, such as 127.0.0.1 or [::1]"
            );
            assert_eq!(errors_of(&[("DENIZEN_BIND", address)]), [expected]);
        }
    }

    #[test]
    fn health_checks_have_a_port_of_their_own() {
        let problems = |bind: &str, health: &str| {
            complete_production(&[("DENIZEN_BIND", bind), ("DENIZEN_HEALTH_BIND", health)])
        };
        for (bind, health) in
            [("127.0.0.1:80", "127.0.0.1:80"), ("0.0.0.0:80", "127.0.0.1:80"), ("127.0.0.1:80", "[::]:80")]
        {
            let expected = format!(
                "`health_bind` = {health:?} (environment variable DENIZEN_HEALTH_BIND): the port is that of `bind`; \
                 choose another one"
            );
            assert_eq!(problems(bind, health), [expected], "{bind}");
        }
        for (bind, health) in
            [("127.0.0.1:80", "127.0.0.1:81"), ("127.0.0.1:80", "[::1]:80"), ("127.0.0.1:0", "127.0.0.1:0")]
        {
            assert!(problems(bind, health).is_empty(), "{bind} {health}");
        }
    }

    /// Security checklist: 9.
    #[test]
    fn production_wants_everything_that_decides_about_safety_to_be_set() {
        let missing = |key: &str, with: &str| {
            format!(
                "`{key}` is not set: the production profile has no default for it; \
                 set it with {with} or `{key}` in the configuration file"
            )
        };
        assert_eq!(
            production(&[("DENIZEN_BIND", "0.0.0.0:80")]),
            [
                missing("database", "--database, DENIZEN_DATABASE"),
                missing("public_url", "--public-url, DENIZEN_PUBLIC_URL"),
                missing("mail", "--mail, DENIZEN_MAIL"),
                missing("mail_from", "DENIZEN_MAIL_FROM"),
            ]
        );
    }

    /// Security checklist: 9.
    #[test]
    fn production_refuses_every_unsafe_value_at_once() {
        assert_eq!(
            production(&[
                ("DENIZEN_DATABASE", "memory:"),
                ("DENIZEN_PUBLIC_URL", "http://example.org"),
                ("DENIZEN_MAIL", "log"),
                ("DENIZEN_MAIL_FROM", "accounts@example.org"),
                ("DENIZEN_HASH_QUEUE", "many"),
            ]),
            [
                "`database` = \"memory:\" (environment variable DENIZEN_DATABASE): \
                 a database in memory forgets every user; the production profile needs `sqlite://PATH` or \
             `postgres://…`",
                "`public_url` = \"http://example.org\" (environment variable DENIZEN_PUBLIC_URL): \
                 the production profile needs https://, because the links in mails carry secrets",
                "`hash_queue` = \"many\" (environment variable DENIZEN_HASH_QUEUE): \
                 expected a whole number from 1 to 65536",
                "`mail` = \"log\" (environment variable DENIZEN_MAIL): \
                 the production profile keeps secrets out of its log, so mail must really be sent",
            ]
        );
    }

    /// With everything that production asks for, and `more`.
    fn complete_production(more: &[(&str, &str)]) -> Vec<String> {
        let complete = [
            ("DENIZEN_DATABASE", "sqlite://users.db"),
            ("DENIZEN_PUBLIC_URL", "https://example.org"),
            ("DENIZEN_MAIL", "smtps://ann:hunter2@mail.example.org"),
            ("DENIZEN_MAIL_FROM", "Accounts <accounts@example.org>"),
        ];
        production(&[&complete, more].concat())
    }

    #[test]
    fn production_accepts_http_for_a_loopback_host_and_https_for_any() {
        for url in ["http://localhost:8080", "http://127.0.0.1", "https://example.org"] {
            assert_eq!(complete_production(&[("DENIZEN_PUBLIC_URL", url)]), [""; 0], "{url}");
        }
    }

    #[test]
    fn production_accepts_mail_that_nobody_can_read_on_its_way() {
        for url in
            ["smtp://mail.example.org", "smtps://mail.example.org", "smtp://127.0.0.1:2525", "file:/spool"]
        {
            assert_eq!(complete_production(&[("DENIZEN_MAIL", url)]), [""; 0], "{url}");
        }
        let server = |host: &str| SmtpServer {
            host: host.to_owned(),
            port: 25,
            encryption: Encryption::None,
            login: None,
        };
        let far = Config { mail: MailUrl::Smtp(server("mail.example.org")), ..by_hand() };
        let message = far.validate().unwrap_err().to_string();
        assert!(
            message.ends_with(
                "- `mail`: mails carry secrets, so the production profile sends them encrypted, \
                                   except to the machine itself"
            ),
            "{message}"
        );
        let near = Config { mail: MailUrl::Smtp(server("localhost")), ..far };
        assert_eq!(near.validate(), Ok(()));
    }

    /// Security checklist: 46.
    #[test]
    fn a_session_that_is_not_used_does_not_outlive_the_others() {
        let of =
            |lifetime, idle| [("DENIZEN_SESSION_LIFETIME", lifetime), ("DENIZEN_SESSION_IDLE_TIMEOUT", idle)];
        assert!(errors_of(&of("1h", "60m")).is_empty());
        let expected = "`session_idle_timeout` = \"61m\" (environment variable DENIZEN_SESSION_IDLE_TIMEOUT): \
            a session cannot rest for longer than it lives, so this must not exceed `session_lifetime`";
        assert_eq!(errors_of(&of("1h", "61m")), [expected]);
        // The default of the other setting counts, too.
        let expected = expected.replace("61m", "7d").replace(
            "environment variable DENIZEN_SESSION_IDLE_TIMEOUT",
            "default of the development profile",
        );
        assert_eq!(errors_of(&[("DENIZEN_SESSION_LIFETIME", "1h")]), [expected]);
    }

    /// Security checklist: 46.
    #[test]
    fn a_session_rests_for_longer_than_the_noting_of_its_use_takes() {
        let resting = |idle| errors_of(&[("DENIZEN_SESSION_IDLE_TIMEOUT", idle)]);
        assert_eq!(resting("5m"), [""; 0]);
        for idle in ["299s", "4m", "0s"] {
            let errors = resting(idle);
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors[0].contains(": expected a duration from 5m to 30d:"), "{errors:?}");
        }
    }

    /// A configuration for production that no file was read for.
    fn by_hand() -> Config {
        Config {
            profile: Profile::Production,
            public_url: parse::public_url("https://example.org").ok(),
            mail: parse::parsed("smtps://mail.example.org").unwrap(),
            ..Config::from_settings(&in_environment(&[]).settings()).unwrap()
        }
    }

    #[test]
    fn a_configuration_made_by_hand_obeys_the_same_rules() {
        let development = Config::from_settings(&in_environment(&[]).settings()).unwrap();
        assert_eq!(development.validate(), Ok(()));
        assert_eq!(by_hand().validate(), Ok(()));
        let keys = |config: Config| {
            config.validate().unwrap_err().iter().filter_map(|error| error.key).collect::<Vec<_>>()
        };
        assert_eq!(
            keys(Config { profile: Profile::Production, ..development.clone() }),
            ["public_url", "mail"]
        );
        assert_eq!(keys(Config { public_url: None, ..by_hand() }), ["public_url"]);
        assert_eq!(keys(Config { database: Database::Memory, ..by_hand() }), ["database"]);
        let restful = Config { session_idle_timeout: Duration::MAX, ..by_hand() };
        assert_eq!(keys(restful), ["session_idle_timeout"]);
        let open = Config { bind: ([0, 0, 0, 0], 80).into(), ..development };
        let message = open.validate().unwrap_err().to_string();
        assert!(message.contains("\n- `bind`: the development profile has public passwords"), "{message}");
    }
}
