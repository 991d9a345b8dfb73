//! The process environment: `DENIZEN_*` and `RUST_LOG`.

use std::ffi::OsString;

use super::{
    errors::ConfigError,
    layer::{Layer, Source},
    table::{LOG, SETTINGS, nearest},
};

const PREFIX: &str = "DENIZEN_";

/// Puts the values of the environment into `layer`, and `RUST_LOG` into `winners`, which beats even flags: it
/// is used to see more of a program without changing its configuration.
pub(super) fn read(
    environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    layer: &mut Layer,
    winners: &mut Layer,
    errors: &mut Vec<ConfigError>,
) {
    for (name, value) in environment {
        let (name, value): (OsString, OsString) = (name.into(), value.into());
        let Some(name) = name.to_str() else { continue };
        let source = Source::Environment(name.to_owned());
        if name == "RUST_LOG" {
            match value.to_str() {
                Some("") => {}
                Some(value) => winners.set(&LOG, value, source),
                None => errors.push(not_unicode(name, LOG.key)),
            }
        } else if name.starts_with(PREFIX) && !is_service_link(name, &value.to_string_lossy()) {
            match (SETTINGS.into_iter().find(|setting| setting.variable == name), value.to_str()) {
                (Some(setting), Some(value)) => layer.set(setting, value, source),
                (Some(setting), None) => errors.push(not_unicode(name, setting.key)),
                (None, _) => errors.push(unknown_variable(name)),
            }
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
    let meant = match nearest(name.trim_start_matches(PREFIX)) {
        Some(setting) => format!("; did you mean {}?", setting.variable),
        None => String::new(),
    };
    ConfigError::without_key(format!(
        "environment variable {}: there is no such setting{meant}",
        name.escape_debug()
    ))
}

fn not_unicode(name: &str, key: &'static str) -> ConfigError {
    ConfigError {
        key: Some(key),
        message: format!("`{key}` (environment variable {name}): the value is not UTF-8"),
    }
}
