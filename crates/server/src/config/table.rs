//! The table of settings: the one place that names keys, defaults and meanings.

mod accounts;
mod http;
mod limits;
mod mail;
mod service;

pub use self::{accounts::*, http::*, limits::*, mail::*, service::*};
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

/// Every setting, in the order in which `denizen config print` and the documentation list them.
pub static SETTINGS: [&Setting; 45] = [
    &PROFILE,
    &BIND,
    &DATABASE,
    &PUBLIC_URL,
    &SERVICE_NAME,
    &LOG,
    &DEMO_ROUTES,
    &METRICS,
    &SHUTDOWN_TIMEOUT,
    &REGISTRATION,
    &DIRECTORY,
    &PASSWORD_MIN_LENGTH,
    &HASH_MEMORY,
    &HASH_PASSES,
    &HASH_THREADS,
    &HASH_QUEUE,
    &SESSION_LIFETIME,
    &SESSION_IDLE_TIMEOUT,
    &RESET_TOKEN_TTL,
    &INVITATION_TTL,
    &VERIFICATION_TTL,
    &AUDIT_RETENTION,
    &MAIL,
    &MAIL_FROM,
    &MAIL_REPLY_TO,
    &MAIL_TEMPLATES,
    &MAIL_ROOT_CERTIFICATE,
    &MAIL_MAX_AGE,
    &MAIL_WORKERS,
    &CORS_ORIGINS,
    &TRUSTED_PROXIES,
    &WORKERS,
    &MAX_CONNECTIONS,
    &HEADER_TIMEOUT,
    &BODY_TIMEOUT,
    &IDLE_TIMEOUT,
    &SLOW_REQUEST,
    &RATE_LIMIT,
    &RATE_BURST,
    &LIMIT_LOGIN_PER_IP,
    &LIMIT_LOGIN_PER_ACCOUNT,
    &LIMIT_MAIL_PER_IP,
    &LIMIT_MAIL_PER_ADDRESS,
    &LIMIT_SIGN_UP_PER_IP,
    &LIMIT_TOKENS_PER_IP,
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
