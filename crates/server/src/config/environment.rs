//! The process environment: `DENIZEN_*` and `RUST_LOG`.

use std::ffi::OsString;

use super::{
    errors::ConfigError,
    layer::{Layer, Source},
    table::{LOG, SETTINGS, nearest},
};

const PREFIX: &str = "DENIZEN_";
/// Names the configuration file, as `--config` does.
pub(crate) const CONFIG_VARIABLE: &str = "DENIZEN_CONFIG";

/// Puts the values of the environment into `layer`, and `RUST_LOG` into `preferred`: it is used to see more of a program
/// without changing its configuration.
pub(super) fn read(
    environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    layer: &mut Layer,
    preferred: &mut Layer,
    errors: &mut Vec<ConfigError>,
) {
    for (name, value) in environment {
        let (name, value): (OsString, OsString) = (name.into(), value.into());
        let Some(name) = name.to_str() else { continue };
        let named = SETTINGS.into_iter().find(|setting| setting.variable == name);
        let (setting, layer) = match named {
            Some(setting) => (setting, &mut *layer),
            None if name == "RUST_LOG" && value.is_empty() => continue,
            None if name == "RUST_LOG" => (&LOG, &mut *preferred),
            // Read before all of this, for it names the file.
            None if name == CONFIG_VARIABLE => continue,
            None => {
                if name.starts_with(PREFIX) && !is_service_link(name, &value.to_string_lossy()) {
                    errors.push(unknown_variable(name));
                }
                continue;
            }
        };
        let source = Source::Environment(name.to_owned());
        match value.to_str() {
            Some(value) => layer.set(setting, value, source),
            None => errors.push(ConfigError::in_source(setting, &source, "the value is not UTF-8")),
        }
    }
}

/// Kubernetes tells every container about every service in its namespace by variables such as
/// `DENIZEN_SERVICE_HOST` and `DENIZEN_PORT=tcp://10.0.0.1:80`. A service that is called `denizen` is likely,
/// and must not keep the server from starting.
fn is_service_link(name: &str, value: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.contains("_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
}

fn unknown_variable(name: &str) -> ConfigError {
    let meant = nearest(name.trim_start_matches(PREFIX));
    let meant = meant.map(|setting| format!("; did you mean {}?", setting.variable)).unwrap_or_default();
    let name = name.escape_debug();
    ConfigError::without_key(format!("environment variable {name}: there is no such setting{meant}"))
}
