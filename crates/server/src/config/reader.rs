//! One setting with its value, and the reading of all of them.

use std::fmt;

use super::{
    errors::{ConfigError, ConfigErrors},
    layer::Source,
    redact::redact,
    setting::{DefaultValue, Setting},
};

/// One setting with its value, as text that has not been checked yet.
pub struct Resolved {
    /// The setting.
    pub setting: &'static Setting,
    /// The text; `None` if it is not set and the profile has no fixed default.
    pub(super) value: Option<String>,
    /// Where it came from.
    pub source: Source,
}

impl Resolved {
    /// Returns the value in a form that can be shown to people: credentials are replaced by `***`.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        Some(if self.setting.secret { redact(value) } else { value.clone() })
    }

    /// Returns whether the value is a flag with something in it that is never shown: the system shows flags to everybody.
    pub(super) fn shows_secret(&self) -> bool {
        matches!(self.source, Source::Flag(_)) && self.shown() != self.value
    }

    /// Returns whether the value is not set, so that the default is used.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self.source, Source::ProfileDefault(_))
    }

    /// Returns why the value must be set, if it is required and not set.
    fn requirement(&self) -> Option<String> {
        let Source::ProfileDefault(profile) = self.source else { return None };
        let Setting { key, variable, flag, .. } = self.setting;
        (self.setting.default_in(profile) == DefaultValue::Required).then(|| {
            let flag = flag.map(|flag| format!("{flag}, ")).unwrap_or_default();
            format!(
                "the {profile} profile has no default for it; set it with {flag}{variable} or `{key}` in the \
                 configuration file"
            )
        })
    }

    /// Says that the value cannot be used, with the reason.
    pub(super) fn error(&self, reason: &str) -> ConfigError {
        let Setting { key, .. } = self.setting;
        let message = match self.shown() {
            Some(value) => format!("`{key}` = {value:?} ({}): {reason}", self.source),
            None => format!("`{key}` is not set: {reason}"),
        };
        ConfigError { key: Some(key), message }
    }
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?} ({})", self.setting.key, self.shown(), self.source)
    }
}

/// Reads one setting after the other and collects the errors.
pub(super) struct Reader<'a> {
    /// In the order of the table.
    pub(super) values: &'a [Resolved],
    pub(super) errors: Vec<ConfigError>,
}

impl Reader<'_> {
    /// Returns whether there is an error about `setting`.
    pub(super) fn mentions(&self, setting: &Setting) -> bool {
        self.errors.iter().any(|error| error.key == Some(setting.key))
    }

    /// Returns the value, if it is set and well-formed.
    pub(super) fn read<T>(
        &mut self,
        setting: &Setting,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let resolved = self.find(setting)?;
        let reason = match &resolved.value {
            Some(text) => match parse(text) {
                Ok(value) => return Some(value),
                Err(reason) => reason,
            },
            None => resolved.requirement()?,
        };
        self.refuse(setting, &reason);
        None
    }

    /// Adds an error, but only the first one about a setting: the others may follow from it.
    pub(super) fn refuse(&mut self, setting: &Setting, reason: &str) {
        if !self.mentions(setting) {
            self.errors.extend(self.find(setting).map(|resolved| resolved.error(reason)));
        }
    }

    /// Returns the errors in the order of the settings; those about no setting come first.
    pub(super) fn into_errors(mut self) -> ConfigErrors {
        let position = |key| self.values.iter().position(|resolved| resolved.setting.key == key);
        self.errors.sort_by_key(|error| error.key.and_then(position));
        ConfigErrors(self.errors)
    }

    fn find(&self, setting: &Setting) -> Option<&Resolved> {
        self.values.iter().find(|resolved| resolved.setting.key == setting.key)
    }
}
