//! The answers of `denizen config check` and `denizen config print`.

use super::{
    errors::ConfigErrors, layer::Source, machine, reader::Resolved, resolve::Settings, setting::ValueType,
    table::Config, types::Profile,
};

/// What a command has to say. The binary writes it; nothing in this library prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For standard output, with its line ends.
    pub stdout: String,
    /// For standard error, with its line ends.
    pub stderr: String,
    /// 0 if all is well; 2 if the configuration or the command makes no sense; 1 if it could not be carried out.
    pub exit_code: u8,
}

impl Report {
    fn new(stdout: String, result: Result<Config, ConfigErrors>) -> Self {
        match result {
            Ok(_) => Self { stdout, stderr: String::new(), exit_code: 0 },
            Err(errors) => Self { stdout, stderr: format!("{errors}\n"), exit_code: 2 },
        }
    }
}

/// Says whether the server would start with these settings on this machine: also looks at the folders, files,
/// certificates and addresses that they name, and warns of those that others can get at.
#[must_use]
pub fn check(settings: &Settings) -> Report {
    let result = Config::from_settings(settings).and_then(|config| {
        let problems = machine::problems(&config).into_iter();
        let errors: Vec<_> =
            problems.filter_map(|(setting, reason)| Some(settings.get(setting)?.error(&reason))).collect();
        if errors.is_empty() { Ok(config) } else { Err(ConfigErrors(errors)) }
    });
    let stdout = if result.is_ok() { "configuration is valid\n" } else { "" };
    let warnings = result.as_ref().map(machine::warnings).unwrap_or_default();
    let warnings: String = warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    let note = result.as_ref().ok().and_then(machine::note).unwrap_or_default();
    let report = Report::new(stdout.to_owned(), result);
    Report { stderr: warnings + &note + &report.stderr, ..report }
}

/// Lists every setting with its value and where that came from, credentials redacted, and then what is wrong.
///
/// The list is TOML, so it can be the start of a `denizen.toml`.
#[must_use]
pub fn print(settings: &Settings) -> Report {
    let rows: Vec<_> = settings.iter().map(row).collect();
    let width = rows.iter().map(|(assignment, _)| assignment.chars().count()).max().unwrap_or_default();
    let list =
        rows.iter().map(|(assignment, comment)| format!("{assignment:width$}  # {comment}\n")).collect();
    Report::new(list, Config::from_settings(settings))
}

fn row(resolved: &Resolved) -> (String, String) {
    let key = resolved.setting.key;
    match (resolved.shown(), &resolved.source) {
        (Some(value), source) => {
            (format!("{key} = {}", literal(resolved.setting.value_type, value)), source.to_string())
        }
        (None, Source::ProfileDefault(Profile::Production)) => {
            (format!("# {key}"), "not set, but the production profile requires it".to_owned())
        }
        (None, _) => (format!("# {key}"), "follows the port that the listener gets".to_owned()),
    }
}

fn literal(value_type: ValueType, value: String) -> String {
    match value_type {
        ValueType::Number if value.parse::<u32>().is_ok() => value,
        ValueType::Switch if value.parse::<bool>().is_ok() => value,
        ValueType::Number | ValueType::Switch | ValueType::Text => toml::Value::String(value).to_string(),
        ValueType::List => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items = items.map(|item| toml::Value::String(item.to_owned()));
            toml::Value::Array(items.collect()).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ConfigFile;
    use super::super::tests::{Given, assert_same, in_environment};
    use super::*;
    use crate::config::SETTINGS;

    #[test]
    fn check_says_that_a_configuration_is_valid() {
        let report = check(&in_environment(&[]).settings());
        let expected =
            Report { stdout: "configuration is valid\n".to_owned(), stderr: String::new(), exit_code: 0 };
        assert_eq!(report, expected);
    }

    #[test]
    fn check_lists_everything_that_is_wrong() {
        let report = check(&in_environment(&[("DENIZEN_BIND", "x"), ("DENIZEN_WORKERS", "x")]).settings());
        assert_eq!((report.stdout.as_str(), report.exit_code), ("", 2));
        assert_eq!(
            report.stderr,
            "the configuration has 2 problems:\n\
             - `bind` = \"x\" (environment variable DENIZEN_BIND): expected an IP address and a port, \
             such as 127.0.0.1:8080 or [::1]:8080\n\
             - `workers` = \"x\" (environment variable DENIZEN_WORKERS): \
             expected a whole number from 1 to 512\n"
        );
    }

    #[test]
    fn print_shows_every_value_and_where_it_came_from() {
        let given = Given {
            environment: vec![
                ("DENIZEN_BIND", "127.0.0.1:9000"),
                ("DENIZEN_CORS_ORIGINS", "https://a.example,https://b.example"),
                ("RUST_LOG", "warn"),
            ],
            file: "workers = 3\nhash_threads = 2",
            ..Given::default()
        };
        let report = print(&given.settings());
        let keys: Vec<_> = report.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(keys, SETTINGS.map(|setting| setting.key));
        let expected = r#"
profile = "development"                                    # default of the development profile
bind = "127.0.0.1:9000"                                    # environment variable DENIZEN_BIND
public_url = "http://localhost:9000"                       # default of the development profile
log = "warn"                                               # environment variable RUST_LOG
demo_routes = true                                         # default of the development profile
hash_threads = 2                                           # denizen.toml:2
mail_from = "denizen <no-reply@localhost>"                 # default of the development profile
mail_reply_to = ""                                         # default of the development profile
mail_workers = 4                                           # default of the development profile
cors_origins = ["https://a.example", "https://b.example"]  # environment variable DENIZEN_CORS_ORIGINS
trusted_proxies = []                                       # default of the development profile
workers = 3                                                # denizen.toml:1
"#;
        for line in expected.trim().lines() {
            assert!(report.stdout.lines().any(|shown| shown == line), "{line}\n{}", report.stdout);
        }
        assert_eq!((report.stderr.as_str(), report.exit_code), ("", 0));
    }

    #[test]
    fn what_print_shows_is_a_configuration_file() {
        let given = in_environment(&[
            ("DENIZEN_DATABASE", "sqlite://a \"quoted\"\tname.db"),
            ("DENIZEN_PUBLIC_URL", "http://localhost:8080"),
            ("DENIZEN_CORS_ORIGINS", "https://a.example"),
        ]);
        let printed = print(&given.settings()).stdout;
        let again = Given { file: &printed, ..Given::default() };
        let (again_read, read) =
            (Config::from_settings(&again.settings()), Config::from_settings(&given.settings()));
        assert_same(&again_read.unwrap(), &read.unwrap());
        assert_eq!(print(&again.settings()).exit_code, 0);
    }

    #[test]
    fn print_explains_a_wrong_configuration_too() {
        let database = "postgres://ann:hunter2@db/users?sslmode=prefer";
        let report = print(
            &in_environment(&[("DENIZEN_PROFILE", "production"), ("DENIZEN_DATABASE", database)]).settings(),
        );
        let lines: Vec<_> = report.stdout.lines().collect();
        assert!(lines[3].starts_with("database = \"postgres://***@db/users?***\" "), "{report:?}");
        assert!(
            lines[4].ends_with("  # not set, but the production profile requires it")
                && lines[4].starts_with("# public_url "),
            "{report:?}"
        );
        assert!(report.stderr.contains("sslmode must be `disable`"), "{report:?}");
        assert_eq!(report.exit_code, 2);
    }

    #[test]
    fn print_shows_that_links_follow_a_port_that_is_not_known_yet() {
        let report = print(&in_environment(&[("DENIZEN_BIND", "127.0.0.1:0")]).settings());
        let line = report.stdout.lines().nth(4).unwrap();
        assert!(line.starts_with("# public_url ") && line.ends_with("the listener gets"), "{line}");
        assert_eq!(report.exit_code, 0);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_reported_next_to_the_list() {
        let named = ConfigFile::Named("no/such.toml".into());
        let report = print(&Settings::resolve([], &named, [("", ""); 0]));
        assert_eq!(report.stdout.lines().count(), SETTINGS.len());
        assert!(report.stderr.contains("cannot read the configuration file no/such.toml"), "{report:?}");
    }
}
