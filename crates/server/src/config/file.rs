//! `denizen.toml`: one flat table of keys.

use std::{io::ErrorKind, path::PathBuf};

use toml::de::{DeTable, DeValue};

use super::{
    errors::ConfigError,
    layer::{Layer, Source},
    setting::ValueType,
    table::{SETTINGS, nearest},
};

/// The file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// It was named explicitly, so it must exist.
    Named(PathBuf),
    /// It is read if it exists.
    Optional(PathBuf),
}

impl ConfigFile {
    /// Returns the file that `--config` names, else `denizen.toml` in the working directory if there is one.
    #[must_use]
    pub fn from_flag(flag: Option<PathBuf>) -> Self {
        flag.map_or_else(|| Self::Optional(PathBuf::from("denizen.toml")), Self::Named)
    }
}

/// Puts the values of the file into `layer`, and errors about single keys into `errors`.
///
/// # Errors
/// Returns an error if the file cannot be read or is not TOML, so that its values are unknown.
pub(super) fn read(
    file: &ConfigFile,
    layer: &mut Layer,
    errors: &mut Vec<ConfigError>,
) -> Result<(), ConfigError> {
    let (ConfigFile::Named(path) | ConfigFile::Optional(path)) = file;
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && matches!(file, ConfigFile::Optional(_)) => {
            return Ok(());
        }
        Err(error) => {
            let message = format!("cannot read the configuration file {}: {error}", path.display());
            return Err(ConfigError::without_key(message));
        }
    };
    let source = |offset| Source::File { path: path.clone(), line: line_of(&text, offset) };
    // Only the message: the error's own Display quotes the line, which may hold a secret.
    let document = DeTable::parse(&text).map_err(|error| {
        let place = source(error.span().map_or(0, |span| span.start));
        ConfigError::without_key(format!("{place}: not valid TOML: {}", error.message()))
    })?;
    let mut entries: Vec<_> = document.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let source = source(key.span().start);
        let key: &str = key.get_ref();
        let Some(setting) = SETTINGS.into_iter().find(|setting| setting.key == key) else {
            errors.push(unknown_key(key, &source));
            continue;
        };
        match text_of(setting.value_type, value.get_ref()) {
            Ok(text) => layer.set(setting, &text, source),
            Err(reason) => errors.push(ConfigError::in_source(setting, &source, &reason)),
        }
    }
    Ok(())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn unknown_key(key: &str, source: &Source) -> ConfigError {
    let meant = nearest(key).map(|setting| format!("; did you mean `{}`?", setting.key)).unwrap_or_default();
    ConfigError::without_key(format!("{source}: there is no setting `{}`{meant}", key.escape_debug()))
}

/// The value as the environment would spell it, so that there is one parser for all sources.
fn text_of(value_type: ValueType, value: &DeValue<'_>) -> Result<String, String> {
    let (expected, text) = match value_type {
        ValueType::Text => ("a string in quotes", value.as_str().map(str::to_owned)),
        ValueType::Number => ("a whole number without quotes", value.as_integer().map(ToString::to_string)),
        ValueType::Switch => {
            ("`true` or `false` without quotes", value.as_bool().map(|is_on| is_on.to_string()))
        }
        ValueType::List => {
            let items: Option<Vec<_>> =
                value.as_array().and_then(|items| items.iter().map(|item| item.get_ref().as_str()).collect());
            ("an array of strings", items.map(|items| items.join(",")))
        }
    };
    text.ok_or_else(|| format!("expected {expected}, found {}", value.type_str()))
}
