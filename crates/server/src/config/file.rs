//! `denizen.toml`: one flat table of keys.

use std::{io::ErrorKind, path::PathBuf};

use toml::de::{DeTable, DeValue};

use super::{
    Problem,
    resolve::{Layer, Source},
    table::{Kind, SETTINGS, nearest},
};

/// The file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigFile {
    /// Somebody named it, so it must exist.
    Named(PathBuf),
    /// It is read if it exists.
    Optional(PathBuf),
}

impl ConfigFile {
    /// The file that `--config` names, else `denizen.toml` in the working directory if there is one.
    #[must_use]
    pub fn from_flag(flag: Option<PathBuf>) -> Self {
        flag.map_or_else(|| Self::Optional(PathBuf::from("denizen.toml")), Self::Named)
    }
}

/// Puts the values of the file into `layer`, and what is wrong with single keys into `problems`.
///
/// # Errors
/// The file cannot be read or is not TOML, so nobody knows what it says.
pub(super) fn read(file: &ConfigFile, layer: &mut Layer, problems: &mut Vec<Problem>) -> Result<(), Problem> {
    let (path, named) = match file {
        ConfigFile::Named(path) => (path, true),
        ConfigFile::Optional(path) => (path, false),
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !named => return Ok(()),
        Err(error) => {
            let message = format!("cannot read the configuration file {}: {error}", path.display());
            return Err(Problem::elsewhere(message));
        }
    };
    let source = |offset| Source::File { path: path.clone(), line: line_of(&text, offset) };
    // Only the message: the error's own Display quotes the line, which may hold a secret.
    let document = DeTable::parse(&text).map_err(|error| {
        let place = source(error.span().map_or(0, |span| span.start));
        Problem::elsewhere(format!("{place}: not valid TOML: {}", error.message()))
    })?;
    let mut entries: Vec<_> = document.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let source = source(key.span().start);
        let key: &str = key.get_ref();
        let Some(setting) = SETTINGS.into_iter().find(|setting| setting.key == key) else {
            problems.push(unknown_key(key, &source));
            continue;
        };
        match text_of(setting.kind, value.get_ref()) {
            Ok(text) => layer.set(setting, &text, source),
            Err(reason) => problems
                .push(Problem { key: Some(setting.key), message: format!("`{key}` ({source}): {reason}") }),
        }
    }
    Ok(())
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn unknown_key(key: &str, source: &Source) -> Problem {
    let meant = match nearest(key) {
        Some(setting) => format!("; did you mean `{}`?", setting.key),
        None => String::new(),
    };
    Problem::elsewhere(format!("{source}: there is no setting `{}`{meant}", key.escape_debug()))
}

/// The value as the environment would spell it, so that there is one parser for all sources.
fn text_of(kind: Kind, value: &DeValue<'_>) -> Result<String, String> {
    let text = match kind {
        Kind::Text => value.as_str().map(str::to_owned),
        Kind::Number => value.as_integer().map(ToString::to_string),
        Kind::Switch => value.as_bool().map(|on| on.to_string()),
        Kind::List => value.as_array().and_then(|items| {
            let items: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            items.map(|items| items.join(","))
        }),
    };
    let expected = match kind {
        Kind::Text => "a string in quotes",
        Kind::Number => "a whole number without quotes",
        Kind::Switch => "`true` or `false` without quotes",
        Kind::List => "an array of strings",
    };
    text.ok_or_else(|| format!("expected {expected}, found {}", value.type_str()))
}
