//! The values of one source, and where a value came from.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{setting::Setting, types::Profile};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// This command line flag.
    Flag(&'static str),
    /// The environment variable of this name.
    Environment(String),
    /// A line, counted from 1, of the configuration file.
    File {
        /// The path, as it was given.
        path: PathBuf,
        /// The line of the key.
        line: usize,
    },
    /// The default of this profile.
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

/// The values of one source, or of several merged ones, by key.
#[derive(Default)]
pub(super) struct Layer(pub(super) BTreeMap<&'static str, (String, Source)>);

impl Layer {
    /// Replaces the value of `setting`. White space around a value is dropped: it comes from files with a line end that
    /// became variables.
    pub(super) fn set(&mut self, setting: &Setting, value: &str, source: Source) {
        self.0.insert(setting.key, (value.trim().to_owned(), source));
    }
}
