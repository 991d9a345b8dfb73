//! From settings to a checked configuration.

use super::{
    errors::{ConfigError, ConfigErrors},
    reader::Reader,
    resolve::Settings,
    rules,
    setting::Setting,
    table::{Config, PROFILE, PUBLIC_URL, PartialConfig},
};

impl Config {
    /// Checks the values and the rules of the profile.
    ///
    /// # Errors
    /// Returns everything that is wrong, each with its source. If the file could not be read, only what is certain
    /// without it.
    pub fn from_settings(settings: &Settings) -> Result<Self, ConfigErrors> {
        let mut reader = Reader { values: &settings.values, errors: settings.errors.clone() };
        if !settings.complete {
            return Err(reader.into_errors());
        }
        let unread = reader.mentions(&PROFILE);
        let mut partial = PartialConfig::read(&mut reader);
        // A profile that could not even be read must not be judged by the rules of the default one.
        partial.profile = partial.profile.filter(|_| !unread);
        if settings.get(&PUBLIC_URL).is_some_and(|resolved| resolved.is_default()) {
            partial.public_url = Some(None);
        }
        for (setting, reason) in rules::violations(&partial) {
            reader.refuse(setting, reason);
        }
        match partial.complete() {
            Some(config) if reader.errors.is_empty() => Ok(config),
            _ => Err(reader.into_errors()),
        }
    }

    /// Checks the rules of the profile for a configuration that was put together by hand, such as by a
    /// program that embeds the server. [`Self::from_settings`] has done so already.
    ///
    /// # Errors
    /// Returns every rule that is broken.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        let error = |(setting, reason): (&'static Setting, &str)| ConfigError {
            key: Some(setting.key),
            message: format!("`{}`: {reason}", setting.key),
        };
        let errors: Vec<_> = rules::violations(&self.clone().into()).into_iter().map(error).collect();
        if errors.is_empty() { Ok(()) } else { Err(ConfigErrors(errors)) }
    }
}
