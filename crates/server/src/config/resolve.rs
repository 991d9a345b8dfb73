//! Which text each setting has, and where it came from.

use std::{ffi::OsString, net::SocketAddr, num::NonZero};

use super::{
    environment,
    errors::ConfigError,
    file::{self, ConfigFile},
    layer::{Layer, Source},
    reader::Resolved,
    setting::{DefaultValue, Setting},
    table::{BIND, PROFILE, SETTINGS},
    types::{Profile, PublicUrl},
};

/// Every setting with its value and source, before anything is checked: what `denizen config print` shows,
/// also when the configuration is wrong.
#[derive(Debug)]
pub struct Settings {
    pub(super) values: Vec<Resolved>,
    /// What could not even be read.
    pub(super) errors: Vec<ConfigError>,
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
    /// `RUST_LOG` wins over `DENIZEN_LOG`. The profile itself is found in the same way.
    ///
    /// Nothing fails here; [`super::Config::from_settings`] reports everything that is wrong.
    #[must_use]
    pub fn resolve(
        flags: impl IntoIterator<Item = (&'static Setting, String)>,
        file: &ConfigFile,
        environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        let mut errors = Vec::new();
        let (mut values, mut variables, mut preferred) =
            (Layer::default(), Layer::default(), Layer::default());
        environment::read(environment, &mut variables, &mut preferred, &mut errors);
        let read = file::read(file, &mut values, &mut errors);
        let complete = read.is_ok();
        errors.extend(read.err());
        values.0.extend(variables.0);
        values.0.extend(preferred.0);
        for (setting, value) in flags {
            values.set(setting, &value, Source::Flag(setting.flag.unwrap_or(setting.key)));
        }
        let text = |setting: &Setting| values.0.get(setting.key).map(|(text, _)| text.clone());
        let profile = text(&PROFILE).as_deref().and_then(Profile::from_name).unwrap_or(Profile::Development);
        let bind = text(&BIND).or_else(|| default_text(BIND.default_in(profile), None));
        let port = bind.and_then(|bind| port(&bind));
        let resolve = |setting: &'static Setting| match values.0.remove(setting.key) {
            Some((value, source)) => Resolved { setting, value: Some(value), source },
            None => Resolved {
                setting,
                value: default_text(setting.default_in(profile), port),
                source: Source::ProfileDefault(profile),
            },
        };
        Self { values: SETTINGS.into_iter().map(resolve).collect(), errors, complete }
    }
}

/// The port of the listener, unless the system will pick it or the address is wrong.
fn port(bind: &str) -> Option<u16> {
    let address: SocketAddr = bind.parse().ok()?;
    Some(address.port()).filter(|port| *port != 0)
}

fn default_text(default: DefaultValue, port: Option<u16>) -> Option<String> {
    match default {
        DefaultValue::Text(text) => Some(text.to_owned()),
        // Where the number cannot be known, one is never too many.
        DefaultValue::Cores => {
            let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
            Some(cores.min(256).to_string())
        }
        DefaultValue::Localhost => port.map(|port| PublicUrl::localhost(port).to_string()),
        DefaultValue::Required => None,
    }
}
