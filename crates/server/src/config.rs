//! The configuration: what can be set, where values come from, and what they must satisfy.
//!
//! There are two steps, so that a wrong configuration can still be explained:
//!
//! 1. [`Settings::resolve`] finds the text of every setting of the [`SETTINGS`] table. For each key on its
//!    own, a flag wins over the environment (`DENIZEN_*`), which wins over `denizen.toml`, which wins over
//!    the default of the [`Profile`]; for `log`, `RUST_LOG` wins over `DENIZEN_LOG`. Each value remembers
//!    its [`Source`]. Keys and variables that do not exist are errors: a setting that is misspelt must not
//!    silently have no effect.
//! 2. [`Config::from_settings`] turns the texts into a typed [`Config`], or into [`ConfigErrors`], all at once.
//!
//! ```
//! use denizen_server::config::{BIND, Config, ConfigFile, Settings};
//!
//! let flags = [(&BIND, "127.0.0.1:0".to_owned())];
//! let file = ConfigFile::Optional("there-is-no-such.toml".into());
//! let environment = [("DENIZEN_DATABASE", "memory:"), ("LANG", "C")];
//!
//! let config = Config::from_settings(&Settings::resolve(flags, &file, environment))?;
//! assert_eq!(config.bind.port(), 0);
//! # Ok::<(), denizen_server::config::ConfigErrors>(())
//! ```

mod environment;
mod errors;
mod file;
mod layer;
mod machine;
mod parse;
mod reader;
mod redact;
mod reference;
mod report;
mod resolve;
mod rules;
mod setting;
mod table;
mod types;
mod wiring;

#[cfg(test)]
mod tests;

pub(crate) use self::parse::duration;
pub(crate) use environment::CONFIG_VARIABLE;
pub use errors::{ConfigError, ConfigErrors};
pub use file::ConfigFile;
pub use layer::Source;
pub(crate) use machine::warnings;
pub use reader::Resolved;
pub use reference::reference;
pub use report::{Report, check, print};
pub use resolve::Settings;
pub use setting::{DefaultValue, Setting, ValueType};
pub use table::*;
pub use types::{Database, Profile, PublicUrl};
