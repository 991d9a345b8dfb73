//! Which text each setting has, and where it came from.

use std::{collections::BTreeMap, ffi::OsString, fmt, net::SocketAddr, num::NonZero, path::PathBuf};

use super::{
    ConfigFile, Problem, Profile, PublicUrl, environment, file,
    redact::redact,
    table::{BIND, PROFILE, Preset, SETTINGS, Setting},
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This command line flag.
    Flag(&'static str),
    /// The environment variable of this name.
    Environment(String),
    /// A line, counted from 1, of the configuration file.
    File {
        /// The file, as it was named.
        path: PathBuf,
        /// The line of the key.
        line: usize,
    },
    /// Nobody set it, so this profile decides.
    ProfileDefault(Profile),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::ProfileDefault(profile) => write!(f, "default of the {profile} profile"),
        }
    }
}

/// The values of one source, or of several merged ones.
#[derive(Default)]
pub(super) struct Layer(BTreeMap<&'static str, (String, Source)>);

impl Layer {
    /// Replaces what the layer says about `setting`. White space around a value is never meant: it comes from
    /// files with a line end that became variables.
    pub(super) fn set(&mut self, setting: &Setting, value: &str, source: Source) {
        self.0.insert(setting.key, (value.trim().to_owned(), source));
    }
}

/// One setting with its value, as text that has not been checked yet.
pub struct Resolved {
    /// The setting.
    pub setting: &'static Setting,
    /// The text; `None` if nobody set it and the profile has no fixed value.
    pub(super) value: Option<String>,
    /// Where it came from.
    pub source: Source,
}

impl Resolved {
    /// The value in a form that can be shown to people: credentials are replaced by `***`.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        Some(if self.setting.secret { redact(value) } else { value.clone() })
    }

    /// Whether nobody set the value.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self.source, Source::ProfileDefault(_))
    }

    /// Why the value must be set, if it must and is not.
    pub(super) fn requirement(&self) -> Option<String> {
        let Source::ProfileDefault(profile) = self.source else { return None };
        let Setting { key, variable, flag, .. } = self.setting;
        (self.setting.preset(profile) == Preset::Required).then(|| {
            let flag = flag.map(|flag| format!("{flag}, ")).unwrap_or_default();
            format!(
                "the {profile} profile has no default for it; set it with {flag}{variable} or `{key}` in the \
                 configuration file"
            )
        })
    }

    /// That the value cannot be used, with the reason.
    pub(super) fn problem(&self, reason: &str) -> Problem {
        let Setting { key, .. } = self.setting;
        let message = match self.shown() {
            Some(value) => format!("`{key}` = {value:?} ({}): {reason}", self.source),
            None => format!("`{key}` is not set: {reason}"),
        };
        Problem { key: Some(key), message }
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?} ({})", self.setting.key, self.shown(), self.source)
    }
}

/// Every setting with its value and source, before anything is checked: what `denizen config print` shows,
/// also when the configuration is wrong.
#[derive(Debug)]
pub struct Settings {
    pub(super) values: Vec<Resolved>,
    /// What could not even be read.
    pub(super) problems: Vec<Problem>,
    /// Whether the file could be read, so that a missing value is really missing.
    pub(super) complete: bool,
}

impl Settings {
    /// Every setting, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &Resolved> {
        self.values.iter()
    }

    /// One setting; `None` only for a setting that is not in the table.
    #[must_use]
    pub fn get(&self, setting: &Setting) -> Option<&Resolved> {
        self.values.iter().find(|resolved| resolved.setting.key == setting.key)
    }

    /// Finds the value of each setting: flag, else environment, else file, else default of the profile.
    /// `RUST_LOG` wins over all of them for `log`. The profile itself is found in the same way.
    ///
    /// Nothing fails here; [`super::Config::from_settings`] reports everything that is wrong.
    #[must_use]
    pub fn resolve(
        flags: impl IntoIterator<Item = (&'static Setting, String)>,
        file: &ConfigFile,
        environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        let mut problems = Vec::new();
        let (mut values, mut variables, mut winners) = (Layer::default(), Layer::default(), Layer::default());
        environment::read(environment, &mut variables, &mut winners, &mut problems);
        let read = file::read(file, &mut values, &mut problems);
        let complete = read.is_ok();
        problems.extend(read.err());
        values.0.extend(variables.0);
        for (setting, value) in flags {
            values.set(setting, &value, Source::Flag(setting.flag.unwrap_or(setting.key)));
        }
        values.0.extend(winners.0);
        let profile = match values.0.get(PROFILE.key) {
            Some((text, _)) => text.parse().unwrap_or(Profile::Development),
            None => Profile::Development,
        };
        let port = port(values.0.get(BIND.key).map(|(text, _)| text.as_str()), profile);
        let resolve = |setting: &'static Setting| match values.0.remove(setting.key) {
            Some((value, source)) => Resolved { setting, value: Some(value), source },
            None => Resolved {
                setting,
                value: preset(setting.preset(profile), port),
                source: Source::ProfileDefault(profile),
            },
        };
        Self { values: SETTINGS.into_iter().map(resolve).collect(), problems, complete }
    }
}

/// The port of the listener, unless the system will pick it or the address is wrong.
fn port(bind: Option<&str>, profile: Profile) -> Option<u16> {
    let default = match BIND.preset(profile) {
        Preset::Text(text) => Some(text),
        Preset::Cores | Preset::Localhost | Preset::Required => None,
    };
    let address: SocketAddr = bind.or(default)?.parse().ok()?;
    Some(address.port()).filter(|port| *port != 0)
}

fn preset(preset: Preset, port: Option<u16>) -> Option<String> {
    match preset {
        Preset::Text(text) => Some(text.to_owned()),
        // Where the number cannot be known, one is never too many.
        Preset::Cores => {
            let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
            Some(cores.min(256).to_string())
        }
        Preset::Localhost => port.map(|port| PublicUrl::localhost(port).to_string()),
        Preset::Required => None,
    }
}
