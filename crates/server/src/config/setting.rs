//! What a setting is, and the macro that declares them.

use super::types::Profile;

/// One thing that can be configured.
#[derive(Debug)]
pub struct Setting {
    /// The heading of the reference page that it is listed under.
    pub section: &'static str,
    /// The key in `denizen.toml`.
    pub key: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// The command line flag, if there is one: flags are for values that change from one start to the next.
    pub flag: Option<&'static str>,
    /// One sentence for people.
    pub meaning: &'static str,
    /// The TOML type of the value.
    pub value_type: ValueType,
    /// Whether the value may carry credentials; then it is only shown redacted.
    pub secret: bool,
    /// The default in the development profile.
    pub development: DefaultValue,
    /// The default in the production profile.
    pub production: DefaultValue,
}

/// The TOML type of a setting. In the environment and in flags, every value is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// An array of strings; comma separated in the environment.
    List,
}

/// The value of a setting that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// This value.
    Text(&'static str),
    /// The number of processor cores that this process may use, at most 256.
    Cores,
    /// `http://localhost:PORT` with the port of the listener.
    Localhost,
    /// None: the profile requires an explicit value.
    Required,
}

impl Setting {
    /// Returns the default in `profile`.
    #[must_use]
    pub const fn default_in(&self, profile: Profile) -> DefaultValue {
        match profile {
            Profile::Development => self.development,
            Profile::Production => self.production,
        }
    }
}

/// Declares all settings, each in one row:
///
/// ```text
/// "Section of the reference page" {
///     /// The sentence that explains the setting.
///     KEY key: RustType = ValueType, parser, development / production
///         [, flag "--key"] [, secret true] [, meaning TEXT];
/// }
/// ```
///
/// `TEXT` replaces the sentence where it is shown. A default is a text, or another variant of [`DefaultValue`];
/// the parser is a function from `&str` to `Result<RustType, String>`. From the rows follow a static [`Setting`] each, the
/// table `SETTINGS`, the struct `Config`, and `PartialConfig` for values that may be missing or wrong.
macro_rules! settings {
    ($($section:literal {$(
        $(#[doc = $meaning:literal])+
        $NAME:ident $key:ident: $Type:ty = $value_type:ident, $parse:expr, $development:tt / $production:tt
            $(, flag $flag:literal)? $(, secret $secret:literal)? $(, meaning $text:expr)?;
    )+})+) => {
        $($(
            $(#[doc = $meaning])+
            pub static $NAME: Setting = Setting {
                section: $section,
                key: stringify!($key),
                variable: concat!("DENIZEN_", stringify!($NAME)),
                flag: [$(Some($flag),)? None][0],
                meaning: [$($text,)? concat!($($meaning),+).trim_ascii()][0],
                value_type: ValueType::$value_type,
                secret: [$($secret,)? false][0],
                development: default_value!($development),
                production: default_value!($production),
            };
        )+)+

        /// Every setting, in the order in which `denizen config print` and the documentation list them.
        pub static SETTINGS: [&Setting; [$($(stringify!($key)),+),+].len()] = [$($(&$NAME),+),+];

        /// A checked configuration. Every setting is a field of the same name.
        ///
        /// `public_url` is `None` if it is not set, see [`Config::public_url_at`]; `log` already takes `RUST_LOG`
        /// into account. The `Debug` output shows no secret.
        #[derive(Clone, Debug)]
        pub struct Config {$($(
            $(#[doc = $meaning])+
            pub $key: $Type,
        )+)+}

        /// A configuration of which some values are missing or wrong.
        pub(super) struct PartialConfig {
            $($(pub(super) $key: Option<$Type>,)+)+
        }

        impl PartialConfig {
            /// Reads one setting after the other.
            pub(super) fn read(reader: &mut Reader<'_>) -> Self {
                Self { $($($key: reader.read(&$NAME, $parse),)+)+ }
            }

            /// Returns the configuration if no value is missing.
            pub(super) fn complete(self) -> Option<Config> {
                Some(Config { $($($key: self.$key?,)+)+ })
            }
        }

        impl From<Config> for PartialConfig {
            fn from(config: Config) -> Self {
                Self { $($($key: Some(config.$key),)+)+ }
            }
        }
    };
}

macro_rules! default_value {
    ($text:literal) => {
        DefaultValue::Text($text)
    };
    ($name:ident) => {
        DefaultValue::$name
    };
}

pub(super) use {default_value, settings};
