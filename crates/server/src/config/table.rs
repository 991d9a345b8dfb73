//! The table of settings: the one place that names keys, defaults and meanings.

use super::Profile;

/// One thing that can be configured.
#[derive(Debug)]
pub struct Setting {
    /// The key in `denizen.toml`.
    pub key: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// The command line flag, if there is one: flags are for what changes from one start to the next.
    pub flag: Option<&'static str>,
    /// One sentence for people.
    pub meaning: &'static str,
    /// What TOML type the value has.
    pub kind: Kind,
    /// Whether the value may carry credentials; then it is shown redacted only.
    pub secret: bool,
    /// The value in the development profile when nobody sets one.
    pub development: Preset,
    /// The value in the production profile when nobody sets one.
    pub production: Preset,
}

/// The TOML type of a setting. In the environment and in flags, every value is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// An array of strings; comma separated in the environment.
    List,
}

/// What a profile says about a setting that nobody set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// This value.
    Text(&'static str),
    /// The number of processor cores that this process may use, at most 256.
    Cores,
    /// `http://localhost:PORT` with the port of the listener.
    Localhost,
    /// Nothing: the profile insists on an explicit value.
    Required,
}

impl Setting {
    /// What `profile` uses when nobody sets a value.
    #[must_use]
    pub const fn preset(&self, profile: Profile) -> Preset {
        match profile {
            Profile::Development => self.development,
            Profile::Production => self.production,
        }
    }

    /// What every setting has unless it says otherwise.
    const fn new(key: &'static str, variable: &'static str, preset: Preset, meaning: &'static str) -> Self {
        Self {
            key,
            variable,
            flag: None,
            meaning,
            kind: Kind::Text,
            secret: false,
            development: preset,
            production: preset,
        }
    }
}

/// `profile`: a [`Profile`] by name.
pub static PROFILE: Setting = Setting {
    flag: Some("--profile"),
    ..Setting::new(
        "profile",
        "DENIZEN_PROFILE",
        Preset::Text("development"),
        "What the instance is for: `development` or `production`; it chooses the defaults and the rules.",
    )
};

/// `bind`: an IP address and a port.
pub static BIND: Setting = Setting {
    flag: Some("--bind"),
    ..Setting::new(
        "bind",
        "DENIZEN_BIND",
        Preset::Text("127.0.0.1:8080"),
        "The IP address and port to listen on; port 0 lets the system pick a free one.",
    )
};

/// `database`: where users live.
pub static DATABASE: Setting = Setting {
    flag: Some("--database"),
    secret: true,
    production: Preset::Required,
    ..Setting::new(
        "database",
        "DENIZEN_DATABASE",
        Preset::Text("sqlite://denizen.db"),
        "Where users are stored: `sqlite://PATH`, relative to the working directory, or `memory:`.",
    )
};

/// `public_url`: what links in mails begin with.
pub static PUBLIC_URL: Setting = Setting {
    flag: Some("--public-url"),
    production: Preset::Required,
    ..Setting::new(
        "public_url",
        "DENIZEN_PUBLIC_URL",
        Preset::Localhost,
        "The http(s) URL under which people reach this service; links in mails begin with it.",
    )
};

/// `mail`: how mails leave.
pub static MAIL: Setting = Setting {
    flag: Some("--mail"),
    secret: true,
    production: Preset::Required,
    ..Setting::new(
        "mail",
        "DENIZEN_MAIL",
        Preset::Text("log"),
        "How mails are sent; `log` writes them to the log, tokens included, and is for development only.",
    )
};

/// `cors_origins`: foreign web pages that may call the API.
pub static CORS_ORIGINS: Setting = Setting {
    kind: Kind::List,
    ..Setting::new(
        "cors_origins",
        "DENIZEN_CORS_ORIGINS",
        Preset::Text(""),
        "The origins (`scheme://host[:port]`) whose pages may call the API from a browser; none by default.",
    )
};

/// `log`: what is logged.
pub static LOG: Setting = Setting {
    flag: Some("--log"),
    ..Setting::new(
        "log",
        "DENIZEN_LOG",
        Preset::Text("info"),
        "The log filter, such as `info` or `warn,denizen_services=debug`; RUST_LOG wins over all else.",
    )
};

/// `reset_token_ttl`: 24 h at most, which is NIST SP 800-63B-4's limit for codes sent by mail.
pub static RESET_TOKEN_TTL: Setting = Setting::new(
    "reset_token_ttl",
    "DENIZEN_RESET_TOKEN_TTL",
    Preset::Text("30m"),
    "How long a password reset token lives: `1m` to `24h`.",
);

/// `password_min_length`: NIST SP 800-63B-4 asks for 15 characters without a second factor, for 8 with one.
pub static PASSWORD_MIN_LENGTH: Setting = Setting {
    kind: Kind::Number,
    production: Preset::Text("15"),
    ..Setting::new(
        "password_min_length",
        "DENIZEN_PASSWORD_MIN_LENGTH",
        Preset::Text("8"),
        "How many characters a new password needs at least: 8 to 64.",
    )
};

/// `hash_threads`: more threads than cores only make every hash slower.
pub static HASH_THREADS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "hash_threads",
        "DENIZEN_HASH_THREADS",
        Preset::Cores,
        "How many passwords are hashed at the same time, each in 19 MiB of memory: 1 to 256.",
    )
};

/// `hash_queue`: bounds how long a sign-in can wait under a storm.
pub static HASH_QUEUE: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "hash_queue",
        "DENIZEN_HASH_QUEUE",
        Preset::Text("128"),
        "How many passwords may wait to be hashed before requests are answered 503: 1 to 65536.",
    )
};

/// `shutdown_timeout`: the grace of a graceful shutdown.
pub static SHUTDOWN_TIMEOUT: Setting = Setting::new(
    "shutdown_timeout",
    "DENIZEN_SHUTDOWN_TIMEOUT",
    Preset::Text("30s"),
    "How long running requests may take to finish when the server is told to stop: `0s` to `1h`.",
);

/// `workers`: threads that speak HTTP.
pub static WORKERS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new("workers", "DENIZEN_WORKERS", Preset::Cores, "How many threads serve HTTP: 1 to 512.")
};

/// `trusted_proxies`: who may say on whose behalf it asks.
pub static TRUSTED_PROXIES: Setting = Setting {
    kind: Kind::List,
    ..Setting::new(
        "trusted_proxies",
        "DENIZEN_TRUSTED_PROXIES",
        Preset::Text(""),
        "The networks (`10.0.0.0/8`, `::1`) of proxies whose `X-Forwarded-For` is believed.",
    )
};

/// `rate_limit`: requests of one address in the long run.
pub static RATE_LIMIT: Setting = Setting {
    kind: Kind::Number,
    production: Preset::Text("50"),
    ..Setting::new(
        "rate_limit",
        "DENIZEN_RATE_LIMIT",
        Preset::Text("1000"),
        "How many requests per second one address may make in the long run: 1 to 1000000, or 0 for no limit.",
    )
};

/// `rate_burst`: requests of one address at once.
pub static RATE_BURST: Setting = Setting {
    kind: Kind::Number,
    production: Preset::Text("200"),
    ..Setting::new(
        "rate_burst",
        "DENIZEN_RATE_BURST",
        Preset::Text("5000"),
        "How many requests one address may make at once before the rate limit tells: 1 to 1000000.",
    )
};

/// `max_connections`: sockets.
pub static MAX_CONNECTIONS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "max_connections",
        "DENIZEN_MAX_CONNECTIONS",
        Preset::Text("10000"),
        "How many connections may be open at once, WebSockets included: 1 to 1000000; more have to wait.",
    )
};

/// `header_timeout`: patience with slow clients.
pub static HEADER_TIMEOUT: Setting = Setting::new(
    "header_timeout",
    "DENIZEN_HEADER_TIMEOUT",
    Preset::Text("10s"),
    "How long the head of a request may take to arrive: `1s` to `5m`.",
);

/// `body_timeout`: patience with slow clients.
pub static BODY_TIMEOUT: Setting = Setting::new(
    "body_timeout",
    "DENIZEN_BODY_TIMEOUT",
    Preset::Text("15s"),
    "How long the body of a request may take to arrive, and how long a client may take nothing of what is sent to it: \
     `1s` to `5m`.",
);

/// `idle_timeout`: patience with silent clients.
pub static IDLE_TIMEOUT: Setting = Setting::new(
    "idle_timeout",
    "DENIZEN_IDLE_TIMEOUT",
    Preset::Text("60s"),
    "How long a connection is kept open between two requests: `1s` to `1h`.",
);

/// `slow_request`: what deserves a warning.
pub static SLOW_REQUEST: Setting = Setting::new(
    "slow_request",
    "DENIZEN_SLOW_REQUEST",
    Preset::Text("2s"),
    "From which duration on a request is a warning in the log: `1s` to `1h`.",
);

/// `demo_routes`: what the original shows beside users.
pub static DEMO_ROUTES: Setting = Setting {
    kind: Kind::Switch,
    production: Preset::Text("false"),
    ..Setting::new(
        "demo_routes",
        "DENIZEN_DEMO_ROUTES",
        Preset::Text("true"),
        "Whether `/api/calculate`, `/api/tasks` and `/api/goroutines` are there: `true` or `false`.",
    )
};

/// Every setting, in the order in which `denizen config print` and the documentation list them.
pub static SETTINGS: [&Setting; 22] = [
    &PROFILE,
    &BIND,
    &DATABASE,
    &PUBLIC_URL,
    &MAIL,
    &CORS_ORIGINS,
    &LOG,
    &RESET_TOKEN_TTL,
    &PASSWORD_MIN_LENGTH,
    &HASH_THREADS,
    &HASH_QUEUE,
    &SHUTDOWN_TIMEOUT,
    &WORKERS,
    &TRUSTED_PROXIES,
    &RATE_LIMIT,
    &RATE_BURST,
    &MAX_CONNECTIONS,
    &HEADER_TIMEOUT,
    &BODY_TIMEOUT,
    &IDLE_TIMEOUT,
    &SLOW_REQUEST,
    &DEMO_ROUTES,
];

/// The setting whose key is nearest to `word`, if it is near enough to be what was meant: at most one slip (a
/// letter missing, added, replaced, or two swapped) for every three letters.
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
