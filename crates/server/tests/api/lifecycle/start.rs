//! Starting, and refusing to start.

use std::{fs, net::TcpListener, path::Path, process::Output};

use denizen_server::SAMPLE_PASSWORD;
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    account::change_password,
    api::{self, user},
    http::act_as,
    process::{Process, run, run_with},
};

pub fn files_in(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

/// The one line that says why it did not start.
#[track_caller]
pub fn refusal(output: Output) -> String {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(output.stdout, b"", "nothing for programs to read");
    let mut lines = stderr.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    assert_eq!(lines.next(), None, "one line: {stderr}");
    assert!(line.starts_with("denizen: "), "{line}");
    line
}

#[tokio::test]
async fn the_first_start_creates_the_sample_users_and_says_where_and_the_second_keeps_them() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let place = fs::canonicalize(folder.path()).unwrap().join("denizen.db");
    let kept_in = format!("users are kept in {}", place.display());
    let log = process.log();
    assert!(log.iter().any(|line| line.ends_with(&kept_in)), "{log:#?}");
    let samples = "sample users alice_dev, bob_coder, charlie_go, diana_admin, eve_tester created, each with the \
                   password \"tutorial-password\"";
    assert!(log.iter().any(|line| line.ends_with(samples)), "{log:#?}");
    let administrator = "development profile: diana_admin is the administrator";
    assert!(log.iter().any(|line| line.ends_with(administrator)), "{log:#?}");
    let all = api::list(process.address, "").await.succeeded(200);
    assert_eq!(api::ids_of(&all), [1, 2, 3, 4, 5]);
    api::create(process.address, &user("somebody")).await.succeeded(201);
    api::delete(process.address, 2).await.succeeded(200);
    process.stop().await;

    let process = Process::start(folder.path()).await;

    let log = process.log();
    assert!(log.iter().any(|line| line.ends_with(&kept_in)), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("sample users")), "{log:#?}");
    let all = api::list(process.address, "").await.succeeded(200);
    assert_eq!(api::ids_of(&all), [1, 3, 4, 5, 6]);
}

/// Security checklist: 62.
#[tokio::test]
async fn each_start_says_what_runs_in_one_line_without_secrets() {
    let folder = TempDir::new().unwrap();
    let mail = "smtps://accounts:hunter2@127.0.0.1:1";
    fs::write(folder.path().join("denizen.toml"), format!("mail = {mail:?}")).unwrap();
    let arguments = ["--public-url", "https://id.example.com"];
    let log = Process::start_with(folder.path(), &arguments).await.stop().await;
    let lines: Vec<_> = log.iter().filter(|line| line.contains(" development profile, version ")).collect();
    assert_eq!(lines.len(), 1, "{log:#?}");
    for part in [
        " INFO  denizen_server::application ",
        &format!("version {} (commit ", env!("CARGO_PKG_VERSION")),
        &format!("{}/denizen.db (schema ", fs::canonicalize(folder.path()).unwrap().display()),
        ", public URL https://id.example.com, mail smtps://accounts:…@127.0.0.1:1",
    ] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(!log.iter().any(|line| line.contains("hunter2")), "{log:#?}");
}

#[tokio::test]
async fn after_a_clean_stop_everything_is_in_one_file() {
    let [folder, elsewhere] = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let process = Process::start(folder.path()).await;
    api::create(process.address, &user("somebody")).await.succeeded(201);
    process.stop().await;

    fs::copy(folder.path().join("denizen.db"), elsewhere.path().join("denizen.db")).unwrap();

    let process = Process::start(elsewhere.path()).await;
    assert_eq!(api::get(process.address, 6).await.succeeded(200)["data"]["username"], "somebody");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_the_database_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    api::create(process.address, &user("somebody")).await.succeeded(201);
    assert!(files_in(folder.path()).len() > 1, "the write-ahead log is there");
    for name in files_in(folder.path()) {
        let mode = fs::metadata(folder.path().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_database_in_memory_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let process = Process::start_with(folder.path(), &["--database", "memory:"]).await;
    api::create(process.address, &user("somebody")).await.succeeded(201);
    let log = process.stop().await;
    assert!(log.iter().any(|line| line.ends_with("users are kept in memory, gone when this process ends")));
    assert_eq!(files_in(folder.path()), [""; 0]);
}

#[tokio::test]
async fn an_address_in_use_is_named_before_any_file_is_touched() {
    let folder = TempDir::new().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();

    let line = refusal(run(folder.path(), &["--bind", &address]).await);

    assert!(line.starts_with(&format!("denizen: cannot listen on {address}: ")), "{line}");
    assert!(line.ends_with("; choose another address with --bind"), "{line}");
    assert_eq!(files_in(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_missing_folder_is_named_and_not_made() {
    let folder = TempDir::new().unwrap();
    let database = ["--bind", "127.0.0.1:0", "--database", "sqlite://missing/folder/users.db"];
    let line = refusal(run(folder.path(), &database).await);
    assert!(line.ends_with("missing/folder/users.db: its folder does not exist"), "{line}");
    assert_eq!(files_in(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_folder_is_no_database() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("denizen.db")).unwrap();
    let line = refusal(run(folder.path(), &["--bind", "127.0.0.1:0"]).await);
    assert!(line.contains("denizen.db: is a directory"), "{line}");
}

#[tokio::test]
async fn a_file_of_another_program_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("denizen.db");
    let foreign_database = {
        let connection = Connection::open(folder.path().join("foreign.db")).unwrap();
        connection.execute_batch("CREATE TABLE users (id INTEGER PRIMARY KEY)").unwrap();
        drop(connection);
        fs::read(folder.path().join("foreign.db")).unwrap()
    };
    fs::remove_file(folder.path().join("foreign.db")).unwrap();
    let text = b"Dear diary, today I learnt about databases.\n".repeat(100);
    // One byte would be an empty database to SQLite, which has its reasons.
    for contents in [text, foreign_database, b"xy".to_vec()] {
        fs::write(&path, &contents).unwrap();
        let line = refusal(run(folder.path(), &["--bind", "127.0.0.1:0"]).await);
        assert!(line.contains("denizen.db is not a denizen database; name another file"), "{line}");
        assert!(fs::read(&path).unwrap() == contents, "the file was changed");
        assert_eq!(files_in(folder.path()), ["denizen.db"]);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    Process::start(folder.path()).await.stop().await;
    let path = folder.path().join("denizen.db");
    let connection = Connection::open(&path).unwrap();
    let newer = "INSERT INTO migrations (version, name, checksum) VALUES (9999, '9999_from_the_future', 0)";
    connection.execute(newer, []).unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();

    let line = refusal(run(folder.path(), &["--bind", "127.0.0.1:0"]).await);

    assert!(line.contains("denizen.db has schema 9999, this program knows schemas up to "), "{line}");
    assert!(line.ends_with("; use a newer program"), "{line}");
    assert!(fs::read(&path).unwrap() == before, "the file was changed");
    assert_eq!(files_in(folder.path()), ["denizen.db"]);
}

/// Exit code 2, nothing on standard output, nothing created. Gives standard error.
async fn wrong_configuration(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let folder = TempDir::new().unwrap();
    let output = run_with(folder.path(), arguments, environment).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{stderr}");
    assert_eq!(files_in(folder.path()), [""; 0]);
    stderr
}

#[tokio::test]
async fn a_wrong_configuration_is_told_whole_and_nothing_is_started() {
    let stderr =
        wrong_configuration(&["--bind", "8080"], &[("DENIZEN_WORKERS", "0"), ("DENIZEN_BNID", "x")]).await;
    let mut lines = stderr.lines();
    assert_eq!(lines.next(), Some("denizen: the configuration has 3 problems:"), "{stderr}");
    for part in ["DENIZEN_BNID", "`bind` = \"8080\" (flag --bind)", "`workers` = \"0\""] {
        assert!(lines.next().is_some_and(|line| line.starts_with("- ") && line.contains(part)), "{stderr}");
    }
    assert_eq!(lines.next(), None, "{stderr}");

    let stderr = wrong_configuration(&["--databse", "memory:"], &[]).await;
    assert!(stderr.contains("'--database'"), "{stderr}");
    let stderr = wrong_configuration(&["--config", "missing.toml"], &[]).await;
    assert!(stderr.contains("cannot read the configuration file missing.toml: "), "{stderr}");
    let stderr = wrong_configuration(&["--bind", "0.0.0.0:0"], &[]).await;
    assert!(stderr.contains("listens on loopback addresses only"), "{stderr}");
}

/// Security checklist: 62.
#[tokio::test]
async fn a_password_on_the_command_line_is_refused_and_not_shown() {
    let stderr = wrong_configuration(&["--mail", "smtps://ann:hunter2@mail.example.org"], &[]).await;
    assert!(!stderr.contains("hunter2"), "{stderr}");
    assert!(
        stderr.trim_end().ends_with(
            "- `mail` = \"smtps://***@mail.example.org\" (flag --mail): every user of this machine can read a command \
             line, and this value has a password in it: put it into the environment or the configuration file"
        ),
        "{stderr}"
    );
}

/// Security checklist: 9.
#[tokio::test]
async fn production_does_not_start_with_what_is_for_development() {
    let complete =
        ["--profile", "production", "--database", "sqlite://users.db", "--public-url", "https://example.org"];
    let mail = [("DENIZEN_MAIL", "log"), ("DENIZEN_MAIL_FROM", "accounts@example.org")];
    let stderr = wrong_configuration(&complete, &mail).await;
    assert!(stderr.contains("`mail` = \"log\" (environment variable DENIZEN_MAIL)"), "{stderr}");
    let stderr = wrong_configuration(&[], &[("DENIZEN_PROFILE", "production")]).await;
    for missing in
        ["`database`", "`public_url`", "`mail`", "`mail_from`"].map(|key| format!("{key} is not set"))
    {
        assert!(stderr.contains(&missing), "{stderr}");
    }
}

/// A configuration with all that production insists on, for the database in `users.db`.
pub const PRODUCTION: &str = "profile = \"production\"\ndatabase = \"sqlite://users.db\"\n\
    public_url = \"https://id.example.com\"\nmail = \"file:outbox\"\nmail_from = \"accounts@example.com\"\n";

/// Security checklist: 43.
#[tokio::test]
async fn a_new_production_server_has_no_account_and_says_nothing_of_any() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("denizen.toml"), PRODUCTION).unwrap();
    let process = Process::start_with(folder.path(), &["serve", "--create-database"]).await;
    for name in ["alice_dev", "bob_coder", "charlie_go", "diana_admin", "eve_tester", "admin", "root"] {
        for password in [SAMPLE_PASSWORD, "admin"] {
            let answer = api::login(process.address, name, password).await;
            answer.refused(401, "INVALID_CREDENTIALS");
        }
    }
    api::list(process.address, "").await.refused(401, "UNAUTHENTICATED");
    let log = process.stop().await;
    assert!(!log.iter().any(|line| line.contains("sample") || line.contains(SAMPLE_PASSWORD)), "{log:#?}");
    let database = Connection::open(folder.path().join("users.db")).unwrap();
    let users: i64 = database.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!(users, 0);
}

/// Security checklist: 43, 78.
#[tokio::test]
async fn production_does_not_start_while_a_sample_user_has_the_documented_password() {
    let folder = TempDir::new().unwrap();
    let development = ["--database", "sqlite://users.db"];
    let process = Process::start_with(folder.path(), &development).await;
    for id in [1, 2, 3] {
        api::delete(process.address, id).await.succeeded(200);
    }
    api::patch(process.address, 5, &json!({ "active": false })).await.succeeded(200);
    // Whatever they are called by now.
    let other = json!({ "username": "olga", "email": "olga@example.org" });
    api::patch(process.address, 4, &other).await.succeeded(200);
    process.stop().await;
    let production = folder.path().join("production.toml");
    fs::write(&production, PRODUCTION).unwrap();
    let start = ["--config", "production.toml", "--bind", "127.0.0.1:0"];
    let refused = |name: &str| {
        format!(
            "denizen: the user {name} still has the documented password of the sample users; set another one, or \
             delete the user, in the development profile"
        )
    };
    assert_eq!(refusal(run(folder.path(), &start).await), refused("olga (id 4)"));

    let process = Process::start_with(folder.path(), &development).await;
    let token = api::session(process.address, "olga", SAMPLE_PASSWORD).await;
    let new = "the battery of diana";
    change_password(process.address, &token, SAMPLE_PASSWORD, new).await.succeeded(200);
    process.stop().await;
    // One who is switched off could be switched on again.
    assert_eq!(refusal(run(folder.path(), &start).await), refused("eve_tester (id 5)"));

    let process = Process::start_with(folder.path(), &development).await;
    act_as(process.address, Some(api::session(process.address, "olga", new).await));
    api::delete(process.address, 5).await.succeeded(200);
    process.stop().await;
    let process = Process::start_with(folder.path(), &start[..2]).await;
    act_as(process.address, Some(api::session(process.address, "olga", new).await));
    assert_eq!(api::ids_of(&api::list(process.address, "").await.succeeded(200)), [4]);
    process.stop().await;
}

#[tokio::test]
async fn it_tells_its_version_and_its_configuration() {
    let folder = TempDir::new().unwrap();
    let told = async |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = run_with(folder.path(), arguments, environment).await;
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(told(&["--version"], &[]).await, format!("denizen {}\n", env!("CARGO_PKG_VERSION")));
    assert!(told(&["--help"], &[]).await.contains("Usage: denizen"));
    assert_eq!(told(&["config", "check"], &[]).await, "configuration is valid\n");

    fs::write(folder.path().join("denizen.toml"), "bind = \"127.0.0.1:1234\"\nworkers = 3\n").unwrap();
    let printed = told(&["config", "print", "--log", "warn"], &[("DENIZEN_DATABASE", "memory:")]).await;
    for line in [
        "bind = \"127.0.0.1:1234\"",
        "# denizen.toml:1",
        "workers = 3",
        "log = \"warn\"",
        "# flag --log",
        "database = \"memory:\"",
        "# environment variable DENIZEN_DATABASE",
    ] {
        assert!(printed.contains(line), "{line} in {printed}");
    }
    fs::write(folder.path().join("printed.toml"), &printed).unwrap();
    let checked = told(&["config", "check", "--config", "printed.toml"], &[]).await;
    assert_eq!(checked, "configuration is valid\n", "what is printed is a configuration");
    assert_eq!(files_in(folder.path()), ["denizen.toml", "printed.toml"]);
}

/// Security checklist: 62.
#[tokio::test]
async fn secrets_of_the_configuration_are_not_printed() {
    let folder = TempDir::new().unwrap();
    let secret = ("DENIZEN_DATABASE", "postgres://ann:hunter2@db/users?sslmode=prefer");
    for arguments in [&["config", "print"][..], &["config", "check"], &["serve"]] {
        let output = run_with(folder.path(), arguments, &[secret]).await;
        let told = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
        assert!(told.contains("postgres://***@db/users?***"), "{told}");
    }
}
