//! `denizen config check` looks at the machine, too.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use tempfile::TempDir;

#[cfg(target_os = "linux")]
use crate::support::process::run_in_own_mounts;
use crate::support::process::{Process, run};

/// The one problem of a development configuration with these lines.
async fn problem(folder: &Path, lines: &str) -> String {
    fs::write(folder.join("denizen.toml"), lines).unwrap();
    let output = run(folder, &["config", "check"]).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]), "{lines}\n{stderr}");
    let line = stderr.strip_prefix("the configuration has 1 problem:\n- ");
    line.unwrap_or_else(|| panic!("{lines}\n{stderr}")).trim_end().to_owned()
}

#[tokio::test]
async fn folders_files_certificates_and_addresses_are_looked_at() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink("gone.db", at("link.db")).unwrap();
    fs::create_dir(at("folder.db")).unwrap();
    fs::create_dir(at("templates")).unwrap();
    fs::write(at("templates/pasword_reset.txt"), "").unwrap();
    fs::write(at("empty.pem"), "").unwrap();
    fs::write(at("damaged.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let smtp = "mail = \"smtps://localhost\"\n";
    let certificate = |name: &str| format!("{smtp}mail_root_certificate = \"{name}\"");
    let elsewhere = "profile = \"production\"\ndatabase = \"sqlite://users.db\"\n\
        public_url = \"https://id.example.com\"\nmail = \"file:mails\"\nmail_from = \"accounts@example.com\"\n\
        bind = \"192.0.2.1:8080\"";
    for (lines, expected) in [
        (elsewhere, "cannot listen on 192.0.2.1:8080: "),
        ("database = \"sqlite://missing/users.db\"", "cannot create files in "),
        ("database = \"sqlite://link.db\"", "link.db is a link to a file that does not exist"),
        ("database = \"sqlite://folder.db\"", "cannot open folder.db: Is a directory"),
        ("mail = \"file:missing/mails\"", "cannot create files in "),
        ("mail_templates = \"templates\"", "templates/pasword_reset.txt is none of the files"),
        (&certificate("missing.pem"), "the root certificate missing.pem: No such file or directory"),
        (&certificate("empty.pem"), "the root certificate empty.pem is not in PEM format"),
        (&certificate("damaged.pem"), "the root certificate damaged.pem is damaged"),
    ] {
        let key = lines.lines().last().unwrap().split(' ').next().unwrap();
        let problem = problem(folder.path(), lines).await;
        assert!(problem.starts_with(&format!("`{key}` = ")) && problem.contains(expected), "{problem}");
    }
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 6, "nothing is created: {names:?}");
}

/// Root may write everywhere, but not on a volume that is mounted read-only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_folder_that_may_not_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let script = "mount -t tmpfs -o ro tmpfs \"$PWD\" && cd \"$PWD\" && exec \"$0\" config check";
    let output = run_in_own_mounts(folder.path(), script, &[]).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    let problem = format!("cannot create files in {}: Read-only file system", folder.path().display());
    assert!(output.status.code() == Some(2) && stderr.contains(&problem), "{stderr}");
}

#[tokio::test]
async fn the_address_of_the_running_server_is_not_a_problem() {
    let folder = TempDir::new().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let output = run(folder.path(), &["config", "check", "--bind", &address]).await;
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"configuration is valid\n"[..]));
}

/// Security checklist: 62.
#[tokio::test]
async fn a_password_in_the_public_url_is_refused_and_not_shown() {
    let folder = TempDir::new().unwrap();
    let problem = problem(folder.path(), "public_url = \"https://ann:hunter2@example.org\"").await;
    assert!(!problem.contains("hunter2") && problem.contains("https://***@example.org"), "{problem}");
}

#[tokio::test]
async fn files_that_others_can_get_at_are_warned_of_at_the_start_and_by_the_check() {
    let folder = TempDir::new().unwrap();
    let allow = |name: &str, mode| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::write(folder.path().join("denizen.toml"), "mail = \"file:mails\"").unwrap();
    let log = Process::start(folder.path()).await.stop().await;
    assert!(!log.iter().any(|line| line.contains("other users of this machine")), "{log:#?}");

    allow("mails", 0o777);
    let database = fs::canonicalize(folder.path()).unwrap().join("denizen.db").display().to_string();
    for mode in [0o640, 0o620, 0o604, 0o602, 0o644] {
        allow("denizen.db", mode);
        let checked = run(folder.path(), &["config", "check"]).await;
        let warnings = String::from_utf8(checked.stderr).unwrap();
        assert_eq!(
            warnings,
            format!(
                "warning: other users of this machine can read or write {database}: allow only its owner (chmod 600)\n\
                 warning: other users of this machine can write to mails: allow only its owner (chmod 700)\n"
            ),
            "{mode:o}"
        );
        assert_eq!(
            (checked.status.code(), checked.stdout.as_slice()),
            (Some(0), &b"configuration is valid\n"[..])
        );
    }
    let log = Process::start(folder.path()).await.stop().await;
    let warned: Vec<_> = log.iter().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warned.len(), 2, "{log:#?}");
    assert!(warned.iter().all(|line| line.contains("other users of this machine")), "{log:#?}");

    allow("denizen.db", 0o600);
    allow("mails", 0o755);
    let checked = run(folder.path(), &["config", "check"]).await;
    assert_eq!((checked.status.code(), checked.stderr.as_slice()), (Some(0), &b""[..]));
}
