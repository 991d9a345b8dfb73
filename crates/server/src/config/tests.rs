//! From the three sources to a checked configuration.

mod values;

use std::path::{Path, PathBuf};

use super::*;

/// What a test says about the three sources. The environment of the test process itself is never read.
#[derive(Default)]
pub(super) struct Given<'a> {
    pub(super) flags: Vec<(&'static Setting, &'a str)>,
    pub(super) environment: Vec<(&'a str, &'a str)>,
    /// The text of `denizen.toml`; none if empty.
    pub(super) file: &'a str,
}

impl Given<'_> {
    pub(super) fn settings(&self) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("denizen.toml");
        if !self.file.is_empty() {
            std::fs::write(&path, self.file).unwrap();
        }
        let flags = self.flags.iter().map(|(setting, value)| (*setting, (*value).to_owned()));
        let mut settings =
            Settings::resolve(flags, &ConfigFile::Optional(path), self.environment.iter().copied());
        settings.forget_folder(folder.path());
        settings
    }

    fn config(&self) -> Config {
        Config::from_settings(&self.settings()).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn errors(&self) -> Vec<String> {
        let errors = Config::from_settings(&self.settings()).expect_err("a wrong configuration");
        errors.iter().map(ToString::to_string).collect()
    }
}

impl Settings {
    /// So that assertions can name the file without the scratch folder.
    fn forget_folder(&mut self, folder: &Path) {
        let prefix = format!("{}/", folder.display());
        for error in &mut self.errors {
            error.message = error.message.replace(&prefix, "");
        }
        for resolved in &mut self.values {
            if let Source::File { path, .. } = &mut resolved.source {
                *path = path.strip_prefix(folder).map(PathBuf::from).unwrap();
            }
        }
    }
}

pub(super) fn in_environment<'a>(environment: &[(&'a str, &'a str)]) -> Given<'a> {
    Given { environment: environment.to_vec(), ..Given::default() }
}

/// A [`Config`] has no `==`, because of the password that it may hold; what can be seen of it decides.
pub(super) fn assert_same(config: &Config, expected: &Config) {
    assert_eq!(format!("{config:#?}"), format!("{expected:#?}"));
}

fn in_file(file: &str) -> Given<'_> {
    Given { file, ..Given::default() }
}

fn source_of(settings: &Settings, setting: &Setting) -> Source {
    settings.get(setting).unwrap().source.clone()
}

fn log_of(settings: &Settings) -> (Option<String>, String) {
    let log = settings.get(&LOG).unwrap();
    (log.shown(), log.source.to_string())
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_profile() {
    let mut given = Given::default();
    assert_eq!(log_of(&given.settings()), (Some("info".into()), "default of the development profile".into()));
    given.file = "# a comment\nlog = 'warn'";
    assert_eq!(log_of(&given.settings()), (Some("warn".into()), "denizen.toml:2".into()));
    given.environment = vec![("DENIZEN_LOG", "error")];
    assert_eq!(log_of(&given.settings()), (Some("error".into()), "environment variable DENIZEN_LOG".into()));
    given.flags = vec![(&LOG, "debug")];
    assert_eq!(log_of(&given.settings()), (Some("debug".into()), "flag --log".into()));
}

#[test]
fn rust_log_wins_over_all_but_a_flag_unless_it_is_empty() {
    let mut given = Given {
        environment: vec![("RUST_LOG", "trace"), ("DENIZEN_LOG", "off")],
        file: "log = 'warn'",
        ..Given::default()
    };
    assert_eq!(log_of(&given.settings()), (Some("trace".into()), "environment variable RUST_LOG".into()));
    given.flags = vec![(&LOG, "debug")];
    assert_eq!(log_of(&given.settings()), (Some("debug".into()), "flag --log".into()));
    let empty = Given { environment: vec![("RUST_LOG", "")], ..given };
    assert_eq!(log_of(&empty.settings()), (Some("debug".into()), "flag --log".into()));
}

#[test]
fn each_setting_is_resolved_on_its_own() {
    let settings = Given {
        flags: vec![(&BIND, "127.0.0.1:1")],
        environment: vec![("DENIZEN_DATABASE", "memory:")],
        file: "workers = 3",
    }
    .settings();
    let config = Config::from_settings(&settings).unwrap();
    assert_eq!((config.bind.port(), config.database, config.workers), (1, Database::Memory, 3));
    assert_eq!(source_of(&settings, &BIND), Source::Flag("--bind"));
    assert_eq!(source_of(&settings, &DATABASE), Source::Environment("DENIZEN_DATABASE".to_owned()));
    assert_eq!(source_of(&settings, &WORKERS), Source::File { path: "denizen.toml".into(), line: 1 });
    assert_eq!(source_of(&settings, &MAIL), Source::ProfileDefault(Profile::Development));
}

#[test]
fn the_profile_comes_from_any_source_and_chooses_the_defaults() {
    let production = Source::ProfileDefault(Profile::Production);
    for given in [
        Given { flags: vec![(&PROFILE, "production")], file: "profile = 'development'", ..Given::default() },
        in_environment(&[("DENIZEN_PROFILE", "production")]),
        in_file("profile = 'production'"),
    ] {
        let settings = given.settings();
        let length = settings.get(&PASSWORD_MIN_LENGTH).unwrap();
        assert_eq!((length.shown().as_deref(), &length.source), (Some("15"), &production));
    }
}

#[test]
fn a_list_in_the_environment_is_comma_separated_and_replaces_the_one_in_the_file() {
    let file = "cors_origins = ['https://c.example']";
    let two = vec![("DENIZEN_CORS_ORIGINS", "https://a.example, https://b.example:8443")];
    let given = Given { environment: two, file, ..Given::default() };
    assert_eq!(given.config().cors_origins, ["https://a.example", "https://b.example:8443"]);
    let none = Given { environment: vec![("DENIZEN_CORS_ORIGINS", "")], file, ..Given::default() };
    assert!(none.config().cors_origins.is_empty());
}

#[test]
fn white_space_around_a_value_is_dropped() {
    let config =
        in_environment(&[("DENIZEN_DATABASE", "sqlite://a.db\n"), ("DENIZEN_WORKERS", " 2 ")]).config();
    assert_eq!((config.database, config.workers), (Database::Sqlite("a.db".into()), 2));
}

#[test]
fn links_follow_the_listener_unless_a_public_url_is_named() {
    let bound = "127.0.0.1:4711".parse().unwrap();
    let derived = in_environment(&[("DENIZEN_BIND", "127.0.0.1:0")]).config();
    assert_eq!(derived.public_url_at(bound).as_str(), "http://localhost:4711");
    let named = in_environment(&[("DENIZEN_PUBLIC_URL", "https://accounts.example.org/")]).config();
    assert_eq!(named.public_url_at(bound).as_str(), "https://accounts.example.org");
}

#[test]
fn an_unknown_key_is_refused_with_the_one_that_was_meant() {
    assert_eq!(
        in_file("bnid = '127.0.0.1:1'\nport = 80\n\n[server]\nworkers = 1").errors(),
        [
            "denizen.toml:1: there is no setting `bnid`; did you mean `bind`?",
            "denizen.toml:2: there is no setting `port`",
            "denizen.toml:4: there is no setting `server`",
        ]
    );
}

#[test]
fn an_unknown_variable_is_refused_with_the_one_that_was_meant() {
    assert_eq!(
        in_environment(&[("DENIZEN_DATABSE", "memory:"), ("DENIZEN_PORT", "80"), ("DENIZENS", "x")]).errors(),
        [
            "environment variable DENIZEN_DATABSE: there is no such setting; did you mean DENIZEN_DATABASE?",
            "environment variable DENIZEN_PORT: there is no such setting",
        ]
    );
}

#[test]
fn variables_that_kubernetes_makes_for_a_service_are_not_settings() {
    let config = in_environment(&[
        ("DENIZEN_SERVICE_HOST", "10.0.0.1"),
        ("DENIZEN_SERVICE_PORT", "80"),
        ("DENIZEN_SERVICE_PORT_HTTP", "80"),
        ("DENIZEN_PORT", "tcp://10.0.0.1:80"),
        ("DENIZEN_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("DENIZEN_DB_PORT", "tcp://10.0.0.2:5432"),
    ])
    .config();
    assert_same(&config, &Given::default().config());
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_unicode_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || std::ffi::OsString::from_vec(vec![0xff]);
    let environment = [("DENIZEN_PROFILE".into(), bytes()), ("RUST_LOG".into(), bytes()), (bytes(), bytes())];
    // Nobody knows the profile, so the address is not judged by the rules of development.
    let flags = [(&BIND, "0.0.0.0:80".to_owned())];
    let settings = Settings::resolve(flags, &ConfigFile::Optional("no/such.toml".into()), environment);
    assert_eq!(
        Config::from_settings(&settings).unwrap_err().to_string(),
        "the configuration has 2 problems:\n\
         - `profile` (environment variable DENIZEN_PROFILE): the value is not UTF-8\n\
         - `log` (environment variable RUST_LOG): the value is not UTF-8"
    );
}

#[test]
fn values_of_the_wrong_type_in_the_file_are_refused() {
    assert_eq!(
        in_file(
            "workers = '4'\nbind = 8080\ncors_origins = 'https://a.example'\nlog = ['info']\nhash_queue = 1.5"
        )
        .errors(),
        [
            "`bind` (denizen.toml:2): expected a string in quotes, found integer",
            "`log` (denizen.toml:4): expected a string in quotes, found array",
            "`hash_queue` (denizen.toml:5): expected a whole number without quotes, found float",
            "`cors_origins` (denizen.toml:3): expected an array of strings, found string",
            "`workers` (denizen.toml:1): expected a whole number without quotes, found string",
        ]
    );
    assert_eq!(
        in_file("cors_origins = ['https://a.example', 1]").errors(),
        ["`cors_origins` (denizen.toml:1): expected an array of strings, found array"]
    );
}

#[test]
fn a_file_that_is_not_toml_is_the_only_problem_and_is_not_quoted() {
    let errors = in_file("profile = 'production'\ndatabase = postgres://ann:hunter2@db/users").errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].starts_with("denizen.toml:2: not valid TOML: "), "{errors:?}");
    assert!(!errors[0].contains("hunter2"), "{errors:?}");
    let twice = in_file("log = 'info'\nlog = 'warn'").errors();
    assert_eq!(twice, ["denizen.toml:2: not valid TOML: duplicate key"]);
}

#[test]
fn a_file_that_cannot_be_read_is_refused_even_if_it_is_optional() {
    let folder = tempfile::tempdir().unwrap();
    let file = ConfigFile::Optional(folder.path().to_owned());
    let settings = Settings::resolve([], &file, [("", ""); 0]);
    let errors = Config::from_settings(&settings).unwrap_err().to_string();
    assert!(errors.contains("\n- cannot read the configuration file "), "{errors}");
}

/// Security checklist: 15.
#[test]
fn a_wrong_value_is_reported_with_its_key_its_source_and_what_is_allowed() {
    let given = Given {
        flags: vec![(&BIND, "localhost:8080")],
        environment: vec![("DENIZEN_PROFILE", "prod"), ("DENIZEN_WORKERS", "0")],
        file: "reset_token_ttl = '25h'",
    };
    assert_eq!(
        given.errors(),
        [
            "`profile` = \"prod\" (environment variable DENIZEN_PROFILE): \
             expected `development` or `production`",
            "`bind` = \"localhost:8080\" (flag --bind): \
             expected an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080",
            "`reset_token_ttl` = \"25h\" (denizen.toml:1): \
             expected a duration from 1m to 24h: a whole number and s, m, h or d, such as 30m",
            "`workers` = \"0\" (environment variable DENIZEN_WORKERS): \
             expected a whole number from 1 to 512",
        ]
    );
}

/// Security checklist: 62.
#[test]
fn the_value_of_a_secret_is_never_shown() {
    for value in ["postgres://ann:hunter2@db/users", "hunter2", "mysql://ann:hunter2@db"] {
        let given = in_environment(&[("DENIZEN_DATABASE", value), ("DENIZEN_MAIL", value)]);
        let settings = given.settings();
        let report = print(&settings);
        let everything = format!("{settings:?} {report:?} {:?}", given.errors());
        assert!(!everything.contains("hunter2"), "{everything}");
        assert!(everything.contains("***"), "{everything}");
    }
}
