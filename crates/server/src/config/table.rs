//! The table of settings: the one place that names keys, types, limits, defaults and meanings.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use denizen_mail::{MailUrl, Sender};
use denizen_models::Username;
use denizen_services::{Directory, RegistrationMode, store::Quota};
use ipnet::IpNet;

use super::{
    parse,
    reader::Reader,
    setting::{DefaultValue, Setting, ValueType, default_value, settings},
    types::{Database, Profile, PublicUrl},
};

settings! {
    "The service" {
        /// What the instance is for: `development` or `production`; it chooses the defaults and the rules.
        PROFILE profile: Profile = Text, parse::choice(Profile::ALL, Profile::as_str), "development" / "production", flag "--profile";

        /// The IP address and port to listen on; port 0 lets the system pick a free one.
        BIND bind: SocketAddr = Text, parse::address, "127.0.0.1:8080" / "127.0.0.1:8080", flag "--bind";

        /// A second IP address and port, for `/livez`, `/readyz` and `/metrics` only: they are answered there also when
        /// other clients have taken all connections of `bind`. Every client that reaches it may read `/metrics`, so keep it private.
        HEALTH_BIND health_bind: Option<SocketAddr> = Text, parse::optional_address, "" / "";

        /// Where users are stored: `sqlite://PATH`, relative to the working directory, `postgres://USER@HOST/DATABASE`, or
        /// `memory:`.
        DATABASE database: Database = Text, parse::database, "sqlite://denizen.db" / Required,
            flag "--database", secret true;

        /// The http(s) URL under which people reach this service; links in mails begin with it.
        PUBLIC_URL public_url: Option<PublicUrl> = Text, |text| parse::public_url(text).map(Some),
            Localhost / Required, flag "--public-url", secret true;

        /// What mails and pages call this service: 1 to 64 characters.
        SERVICE_NAME service_name: String = Text, parse::service_name, "denizen" / "denizen";

        /// The log filter, such as `info` or `warn,denizen_services=debug`; RUST_LOG wins over DENIZEN_LOG and the
        /// file, `--log` over all else.
        LOG log: String = Text, parse::log_filter, "info" / "info", flag "--log";

        /// Whether `/api/calculate`, `/api/tasks` and `/api/goroutines` are there: `true` or `false`.
        DEMO_ROUTES demo_routes: bool = Switch, parse::switch, "true" / "false";

        /// Whether `/metrics` counts mails and requests for Prometheus: `true` or `false`. Every client that reaches
        /// the port directly may read it, so keep the port private; requests with `X-Forwarded-…` or `Forwarded`, as
        /// proxies send them, get 404.
        METRICS metrics: bool = Switch, parse::switch, "true" / "false";
        /// Whether the API describes itself: `/api/openapi.json` for programs and `/api/docs` for people. They say nothing
        /// that the source does not say. `true` or `false`.
        API_DOCS api_docs: bool = Switch, parse::switch, "true" / "true";

        /// How long running requests may take to finish when the server is told to stop: `0s` to `1h`. The whole stop
        /// takes at most 9 seconds longer.
        SHUTDOWN_TIMEOUT shutdown_timeout: Duration = Text, parse::duration("0s", "1h"), "20s" / "20s";
    }

    "Accounts" {
        /// Who can make accounts: `closed` (administrators), `invite` (administrators, who may leave the password out,
        /// so that the user is invited by mail), or `open` (strangers may also sign up).
        REGISTRATION registration: RegistrationMode = Text,
            parse::choice(RegistrationMode::ALL, RegistrationMode::as_str), "open" / "closed";

        /// Who may list and search users, and sees who is connected: `admins`, or all `members`, who then see names only.
        DIRECTORY directory: Directory = Text,
            parse::choice(Directory::ALL, Directory::as_str), "admins" / "admins";

        /// How long the user name of a renamed user stays that user's, and that of a deleted user stays unused: `0s` to `3650d`.
        USERNAME_RESERVATION username_reservation: Duration = Text, parse::duration("0s", "3650d"), "365d" / "365d";

        /// User names that only administrators may give, beside `admin`, `root`, `support`, `postmaster` and the like.
        RESERVED_USERNAMES reserved_usernames: Vec<Username> = List, parse::usernames, "" / "";

        /// How many characters a new password needs at least: 8 to 64.
        // NIST SP 800-63B-4 asks for 15 characters without a second factor, for 8 with one.
        PASSWORD_MIN_LENGTH password_min_length: usize = Number, parse::number(8..=64), "8" / "15";

        /// How much memory the hash of a password takes, in KiB: 19456 (19 MiB) to 262144 (256 MiB).
        // From the OWASP Password Storage Cheat Sheet's minimum to the largest cost that the hasher verifies.
        HASH_MEMORY hash_memory: u32 = Number, parse::number(19_456..=262_144), "19456" / "19456";

        /// How many times the hash of a password goes over its memory: 2 to 16.
        // 2 is the OWASP Password Storage Cheat Sheet's minimum at 19 MiB.
        HASH_PASSES hash_passes: u32 = Number, parse::number(2..=16), "2" / "2";

        /// How many passwords are hashed at the same time, each in `hash_memory`: 1 to 256.
        // More threads than cores only make every hash slower.
        HASH_THREADS hash_threads: usize = Number, parse::number(1..=256), Cores / Cores;

        /// How many passwords may wait to be hashed before requests are answered 503: 1 to 65536.
        HASH_QUEUE hash_queue: usize = Number, parse::number(1..=65_536), "128" / "128";

        /// How long a session lives, however much it is used: `5m` to `30d`.
        // 30 days is the limit of NIST SP 800-63B-4 at its first level (AAL1).
        SESSION_LIFETIME session_lifetime: Duration = Text, parse::duration("5m", "30d"), "30d" / "30d";

        /// How long a session lives without being used: `5m` to `30d`, and at most `session_lifetime`.
        // The use of a session is recorded once a minute; a much shorter time would end sessions in use.
        SESSION_IDLE_TIMEOUT session_idle_timeout: Duration = Text, parse::duration("5m", "30d"), "7d" / "7d";

        /// How long a password reset token lives: `1m` to `24h`.
        // 24 hours is NIST SP 800-63B-4's limit for codes sent by mail.
        RESET_TOKEN_TTL reset_token_ttl: Duration = Text, parse::duration("1m", "24h"), "30m" / "30m";

        /// How long the link in an invitation works: `1m` to `30d`.
        INVITATION_TTL invitation_ttl: Duration = Text, parse::duration("1m", "30d"), "3d" / "3d";

        /// How long a link works that confirms an e-mail address, at sign-up and later: `1m` to `7d`.
        VERIFICATION_TTL verification_ttl: Duration = Text, parse::duration("1m", "7d"), "24h" / "24h";

        /// How long the audit trail keeps an event: `1d` to `36500d`, or `forever`.
        AUDIT_RETENTION audit_retention: Option<Duration> = Text, parse::retention, "365d" / "365d";

        /// How many failed sign-ins an hour the audit trail keeps one by one: 1 to 1000000. Beyond that, one event
        /// (`login.failures_omitted`) and the log say that further ones are omitted.
        AUDIT_FAILURES audit_failures: u32 = Number, parse::number(1..=1_000_000), "10000" / "10000";
    }

    "Mail" {
        /// How mails are sent.
        MAIL mail: MailUrl = Text, parse::parsed, "log" / Required, flag "--mail", secret true, meaning MailUrl::MEANING;

        /// The sender of mails: `ADDRESS` or `NAME <ADDRESS>`.
        MAIL_FROM mail_from: Sender = Text, parse::parsed, "denizen <no-reply@localhost>" / Required;

        /// Where answers to mails go, if not to the sender: `ADDRESS` or `NAME <ADDRESS>`.
        MAIL_REPLY_TO mail_reply_to: Option<Sender> = Text, parse::optional(parse::parsed), "" / "";

        /// A folder with templates of mails; each replaces the built-in one of the same name.
        MAIL_TEMPLATES mail_templates: Option<PathBuf> = Text, parse::optional(parse::parsed), "" / "";

        /// A PEM file with certificates to trust in an SMTP server, besides those that the system trusts.
        MAIL_ROOT_CERTIFICATE mail_root_certificate: Option<PathBuf> = Text, parse::optional(parse::parsed), "" / "";

        /// How long delivering a mail is tried before it is given up: `1h` to `30d`.
        MAIL_MAX_AGE mail_max_age: Duration = Text, parse::duration("1h", "30d"), "2d" / "2d";

        /// How many mails of one kind (resets, invitations, …) are sent at the same time: 1 to 64.
        MAIL_WORKERS mail_workers: usize = Number, parse::number(1..=64), "4" / "4";
    }

    "HTTP" {
        /// The origins (`scheme://host[:port]`) whose pages may call the API from a browser; none by default.
        CORS_ORIGINS cors_origins: Vec<String> = List, parse::origins, "" / "";

        /// The origins (`http(s)://host[:port]`) of applications to which a browser may be sent back after sign-in; none by
        /// default.
        RETURN_ORIGINS return_origins: Vec<String> = List, parse::web_origins, "" / "";

        /// The domain whose hosts are guarded by forward auth, such as `example.org`, to which the host of `public_url` belongs:
        /// at sign-in, browsers get a second cookie for all of them.
        COOKIE_DOMAIN cookie_domain: Option<String> = Text, parse::optional(parse::domain), "" / "";

        /// The networks (`10.0.0.0/8`, `::1`) of proxies whose `X-Forwarded-For` is believed.
        TRUSTED_PROXIES trusted_proxies: Vec<IpNet> = List, parse::networks, "" / "";

        /// How many threads serve HTTP: 1 to 512.
        WORKERS workers: usize = Number, parse::number(1..=512), Cores / Cores;

        /// How many connections may be open at once, WebSockets included: 1 to 1000000; more have to wait.
        MAX_CONNECTIONS max_connections: usize = Number, parse::number(1..=1_000_000), "10000" / "10000";

        /// How many connections one IP address may have open at once, WebSockets included: 1 to 1000000, or 0 for no limit;
        /// more are closed. This machine and `trusted_proxies` are exempt.
        MAX_CONNECTIONS_PER_IP max_connections_per_ip: usize = Number, parse::number(0..=1_000_000), "256" / "256";

        /// How much memory, in MiB, the unread bodies and the unsent answers of one IP address may take: 1 to 65536; beyond
        /// it, requests are answered 429. `trusted_proxies` are exempt; behind them, the clients count.
        MEMORY_PER_IP memory_per_ip: usize = Number, parse::number(1..=65_536), "16" / "16";

        /// How long the head of a request may take to arrive: `1s` to `5m`.
        HEADER_TIMEOUT header_timeout: Duration = Text, parse::duration("1s", "5m"), "10s" / "10s";

        /// How long the body of a request may take to arrive, and how long a client may take to read 64 KiB of what is
        /// sent to it, or the rest of it: `1s` to `5m`.
        BODY_TIMEOUT body_timeout: Duration = Text, parse::duration("1s", "5m"), "15s" / "15s";

        /// How long a connection is kept open between two requests: `1s` to `1h`.
        IDLE_TIMEOUT idle_timeout: Duration = Text, parse::duration("1s", "1h"), "60s" / "60s";

        /// From which duration on a request is a warning in the log: `1s` to `1h`.
        SLOW_REQUEST slow_request: Duration = Text, parse::duration("1s", "1h"), "2s" / "2s";
    }

    "Limits" {
        /// How many requests per second one IP address may make in the long run, health checks excepted: 1 to 1000000, or 0
        /// for no limit.
        RATE_LIMIT rate_limit: usize = Number, parse::number(0..=1_000_000), "1000" / "50";

        /// How many requests one IP address may make at once before the rate limit applies: 1 to 1000000.
        RATE_BURST rate_burst: usize = Number, parse::number(1..=1_000_000), "5000" / "200";

        /// How many requests per second one service key may make in the long run, and ten times as many at once: 1 to
        /// 1000000, or 0 for no limit. The limits of its IP address do not apply to it.
        KEY_RATE_LIMIT key_rate_limit: usize = Number, parse::number(0..=1_000_000), "1000" / "1000";

        /// How often one IP address may try to sign in: a quota such as `20/3s`.
        LIMIT_LOGIN_PER_IP limit_login_per_ip: Quota = Text, parse::quota, "generous" / "20/3s";

        /// How often strangers may try to sign in with the same name, known or not: a quota such as `10/2m`.
        LIMIT_LOGIN_PER_ACCOUNT limit_login_per_account: Quota = Text, parse::quota, "generous" / "10/2m";

        /// How often one known device may try to sign in, and one session may give its password again: a quota such as
        /// `10/1m`.
        LIMIT_LOGIN_PER_DEVICE limit_login_per_device: Quota = Text, parse::quota, "generous" / "10/1m";

        /// After how many failures in a row no password of strangers is right, and after how many of known devices and
        /// sessions: 1 to 1000000. A success or a reset begins anew.
        // NIST SP 800-63B-4, section 3.2.2, wants no more than 100 together.
        LIMIT_LOGIN_FAILURES limit_login_failures: u32 = Number, parse::number(1..=1_000_000), "1000000" / "50";

        /// How often one IP address may ask for mails with a link, of each kind: a quota such as `20/3m`.
        LIMIT_MAIL_PER_IP limit_mail_per_ip: Quota = Text, parse::quota, "generous" / "20/3m";

        /// How often clients may ask for mails with a link to the same e-mail address, known or not, of each kind: a
        /// quota such as `3/20m`.
        LIMIT_MAIL_PER_ADDRESS limit_mail_per_address: Quota = Text, parse::quota, "generous" / "3/20m";

        /// How soon after each other clients may ask for mails with a link to the same e-mail address, of each kind but
        /// sign-ups: a quota such as `1/1m`.
        LIMIT_MAIL_PACE limit_mail_pace: Quota = Text, parse::quota, "generous" / "1/1m";

        /// How often one IP address may sign up: a quota such as `10/6m`.
        LIMIT_SIGN_UP_PER_IP limit_sign_up_per_ip: Quota = Text, parse::quota, "generous" / "10/6m";

        /// How often users may change their user name, attempts with a taken name included: a quota such as `1/24h`.
        LIMIT_RENAMES_PER_USER limit_renames_per_user: Quota = Text, parse::quota, "generous" / "1/24h";

        /// How often one IP address may present a token out of a mail: a quota such as `30/2s`.
        // Tokens cannot be guessed; this bounds the work.
        LIMIT_TOKENS_PER_IP limit_tokens_per_ip: Quota = Text, parse::quota, "generous" / "30/2s";

        /// How many clients, names or e-mail addresses each of these limits can count at a time, some 100 bytes each: 1000
        /// to 10000000. Beyond that, it forgets those that have used it least.
        LIMIT_CAPACITY limit_capacity: u32 = Number, parse::number(1_000..=10_000_000), "200000" / "200000";

        /// How many mails of a kind that strangers asked for may wait before requests for this kind get 503: 1 to 1000000.
        MAIL_CAPACITY mail_capacity: u32 = Number, parse::number(1..=1_000_000), "10000" / "10000";

        /// How many sign-ups may wait to be confirmed before all others get 503: 1 to 10000000.
        REGISTRATION_CAPACITY registration_capacity: u32 = Number, parse::number(1..=10_000_000), "100000" / "100000";
    }
}

/// Returns the setting whose key is nearest to `word`, if it is near enough to be a typing error: at most one slip
/// (a letter missing, added, replaced, or two swapped) for every three letters.
pub(super) fn nearest(word: &str) -> Option<&'static Setting> {
    let word = word.to_lowercase().replace('-', "_");
    SETTINGS
        .into_iter()
        .map(|setting| (strsim::osa_distance(&word, setting.key), setting))
        .filter(|(slips, setting)| slips * 3 <= setting.key.len())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, setting)| setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest_key(word: &str) -> Option<&'static str> {
        nearest(word).map(|setting| setting.key)
    }

    #[test]
    fn names_follow_from_the_key() {
        for setting in SETTINGS {
            assert_eq!(setting.variable, format!("DENIZEN_{}", setting.key.to_uppercase()));
            if let Some(flag) = setting.flag {
                assert_eq!(flag, format!("--{}", setting.key.replace('_', "-")));
            }
        }
    }

    #[test]
    fn meanings_are_one_sentence() {
        for setting in SETTINGS {
            assert!(setting.meaning.ends_with('.'), "{}", setting.key);
            assert!(!setting.meaning.contains('\n'), "{}", setting.key);
        }
    }

    #[test]
    fn a_slip_finds_the_key_that_was_meant() {
        assert_eq!(nearest_key("bnid"), Some("bind"));
        assert_eq!(nearest_key("public-url"), Some("public_url"));
        assert_eq!(nearest_key("MAIL"), Some("mail"));
        assert_eq!(nearest_key("password_minimum_length"), Some("password_min_length"));
        assert_eq!(nearest_key("cors_origin"), Some("cors_origins"));
    }

    #[test]
    fn a_word_that_is_near_nothing_gets_no_suggestion() {
        assert_eq!(nearest_key("port"), None);
        assert_eq!(nearest_key("x"), None);
        assert_eq!(nearest_key(""), None);
    }
}
