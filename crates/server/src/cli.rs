//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{
    commands::OperatorCommand,
    config::{
        self, BIND, CONFIG_VARIABLE, ConfigFile, DATABASE, LOG, MAIL, PROFILE, PUBLIC_URL, Report, Setting,
        Settings,
    },
};

/// User accounts for your service.
///
/// Without a command, the server is started. Every option but --config can also be set in the environment
/// (DENIZEN_BIND) or in denizen.toml (bind); an option given here wins. `denizen config print` shows what is
/// in force, and why.
// Without `Debug`: the database URL may hold a password.
#[derive(Parser)]
#[command(name = "denizen", version)]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start the server (the default).
    Serve {
        /// Create the database if there is none. In production, a start without this option fails then: a path that is
        /// misspelt, or a file that is lost, must not look like a service without users.
        #[arg(long)]
        create_database: bool,
    },
    /// Explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Describe the HTTP API.
    #[command(subcommand)]
    Api(ApiCommand),
    /// Work on the configured database.
    #[command(flatten)]
    Operate(OperatorCommand),
}

/// What to do with the configuration.
#[derive(Subcommand, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigCommand {
    /// Say whether the configuration is valid, or everything that is wrong with it.
    Check,
    /// List every setting with its value and where that came from; secrets are redacted.
    Print,
    /// Say what every setting means and what its defaults are, as a page in Markdown.
    Reference,
}

/// How to describe the HTTP API.
#[derive(Subcommand, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiCommand {
    /// As OpenAPI 3.1, in JSON.
    Openapi,
    /// As a page of all routes, in Markdown.
    Reference,
    /// As a page of all error codes, in Markdown.
    Errors,
}

const CONFIG: &str = "The configuration file, also named by DENIZEN_CONFIG; without both, `denizen.toml` in the working directory, if there is one.";

// The texts stay unparsed here, so that values are checked in the same way wherever they come from.
#[derive(Args)]
struct Options {
    #[arg(long, global = true, value_name = "ADDR", help = BIND.meaning)]
    bind: Option<String>,
    #[arg(long, global = true, value_name = "URL", help = DATABASE.meaning)]
    database: Option<String>,
    #[arg(long, global = true, value_name = "NAME", help = PROFILE.meaning)]
    profile: Option<String>,
    #[arg(long, global = true, value_name = "FILE", help = CONFIG)]
    config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "URL", help = PUBLIC_URL.meaning)]
    public_url: Option<String>,
    #[arg(long, global = true, value_name = "TRANSPORT", help = MAIL.meaning)]
    mail: Option<String>,
    #[arg(long, global = true, value_name = "FILTER", help = LOG.meaning)]
    log: Option<String>,
}

impl Cli {
    /// The command that was given, or [`Command::Serve`].
    #[must_use]
    pub fn chosen(&self) -> Command {
        self.command.clone().unwrap_or(Command::Serve { create_database: false })
    }

    /// The settings of this command line in `environment`, which is `std::env::vars_os()` in a real process.
    #[must_use]
    pub fn settings(
        &self,
        environment: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Settings {
        let environment: Vec<(OsString, OsString)> =
            environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let variable = environment.iter().find(|(name, value)| name == CONFIG_VARIABLE && !value.is_empty());
        let file = self.options.config.clone().or_else(|| variable.map(|(_, path)| path.into()));
        Settings::resolve(self.flags(), &ConfigFile::from_flag(file), environment)
    }

    fn flags(&self) -> impl Iterator<Item = (&'static Setting, String)> {
        let Options { bind, database, profile, config: _, public_url, mail, log } = &self.options;
        [
            (&BIND, bind),
            (&DATABASE, database),
            (&PROFILE, profile),
            (&PUBLIC_URL, public_url),
            (&MAIL, mail),
            (&LOG, log),
        ]
        .into_iter()
        .filter_map(|(setting, value)| value.clone().map(|value| (setting, value)))
    }
}

impl ApiCommand {
    /// Carries the command out.
    #[must_use]
    pub fn run(self) -> Report {
        let stdout = match self {
            Self::Openapi => denizen_handlers::openapi(),
            Self::Reference => denizen_handlers::reference_page(),
            Self::Errors => denizen_handlers::errors_page(),
        };
        Report { stdout, stderr: String::new(), exit_code: 0 }
    }
}

impl ConfigCommand {
    /// Carries the command out.
    #[must_use]
    pub fn run(self, settings: &Settings) -> Report {
        match self {
            Self::Check => config::check(settings),
            Self::Print => config::print(settings),
            Self::Reference => Report { stdout: config::reference(), stderr: String::new(), exit_code: 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::{SETTINGS, Source};

    fn parse(line: &str) -> Cli {
        Cli::try_parse_from(line.split(' ')).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refuse(line: &str) -> String {
        let error = Cli::try_parse_from(line.split(' ')).err();
        error.unwrap_or_else(|| panic!("{line} must be refused")).to_string()
    }

    fn bind_of(line: &str) -> Option<String> {
        let settings = parse(line).settings([("", ""); 0]);
        let bind = settings.get(&BIND)?;
        assert_eq!(bind.source, Source::Flag("--bind"), "{line}");
        bind.shown()
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_server_is_started_unless_another_command_is_given() {
        let serve = |create_database| Command::Serve { create_database };
        assert_eq!(parse("denizen").chosen(), serve(false));
        assert_eq!(parse("denizen --bind 127.0.0.1:1").chosen(), serve(false));
        assert_eq!(parse("denizen serve").chosen(), serve(false));
        assert_eq!(parse("denizen serve --create-database").chosen(), serve(true));
        assert_eq!(parse("denizen config check").chosen(), Command::Config(ConfigCommand::Check));
        assert_eq!(parse("denizen config print").chosen(), Command::Config(ConfigCommand::Print));
        assert_eq!(parse("denizen config reference").chosen(), Command::Config(ConfigCommand::Reference));
    }

    #[test]
    fn options_work_before_and_after_every_command() {
        for line in [
            "denizen --bind 127.0.0.1:1",
            "denizen --bind=127.0.0.1:1 serve",
            "denizen serve --bind 127.0.0.1:1",
            "denizen --bind 127.0.0.1:1 config print",
            "denizen config --bind 127.0.0.1:1 print",
            "denizen config print --bind 127.0.0.1:1",
        ] {
            assert_eq!(bind_of(line).as_deref(), Some("127.0.0.1:1"), "{line}");
        }
    }

    #[test]
    fn every_flag_of_the_table_sets_its_setting() {
        for setting in SETTINGS {
            let Some(flag) = setting.flag else { continue };
            let settings = parse(&format!("denizen {flag} memory:")).settings([("", ""); 0]);
            let resolved = settings.get(setting).unwrap();
            assert_eq!(resolved.source, Source::Flag(flag));
        }
    }

    #[test]
    fn there_is_no_option_that_the_table_does_not_know() {
        let known = |name: &str| SETTINGS.iter().any(|setting| setting.flag == Some(&format!("--{name}")));
        let command = Cli::command();
        let unknown: Vec<_> =
            command.get_arguments().filter_map(|arg| arg.get_long()).filter(|name| !known(name)).collect();
        assert_eq!(unknown, ["config"]);
    }

    #[test]
    fn the_reference_does_not_depend_on_the_configuration() {
        let wrong = parse("denizen --bind x --config no/such.toml").settings([("", ""); 0]);
        let expected = Report { stdout: config::reference(), stderr: String::new(), exit_code: 0 };
        assert_eq!(ConfigCommand::Reference.run(&wrong), expected);
    }

    #[test]
    fn a_named_file_must_exist() {
        let report =
            ConfigCommand::Check.run(&parse("denizen --config no/such.toml").settings([("", ""); 0]));
        assert_eq!(report.exit_code, 2);
        assert!(report.stderr.contains("cannot read the configuration file no/such.toml: "), "{report:?}");
    }

    #[test]
    fn the_environment_names_the_file_too_and_the_flag_wins() {
        let report = |line: &str| {
            ConfigCommand::Check.run(&parse(line).settings([("DENIZEN_CONFIG", "no/such.toml")]))
        };
        assert!(report("denizen").stderr.contains("the configuration file no/such.toml: "));
        assert!(report("denizen --config other.toml").stderr.contains("the configuration file other.toml: "));
        let empty = parse("denizen").settings([("DENIZEN_CONFIG", "")]);
        assert_eq!(ConfigCommand::Check.run(&empty).exit_code, 0);
    }

    #[test]
    fn a_misspelt_flag_is_refused_with_the_one_that_was_meant() {
        let message = refuse("denizen --databse memory:");
        assert!(message.contains("'--database'"), "{message}");
    }

    #[test]
    fn the_version_is_one_plain_line() {
        let expected = format!("denizen {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(refuse("denizen --version"), expected);
    }
}
