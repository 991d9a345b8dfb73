//! A database that is not there, or that may not be used.

use std::fs;

use tempfile::TempDir;

use super::start::{PRODUCTION, files_in, refusal};
#[cfg(target_os = "linux")]
use crate::support::process::run_in_own_mounts;
use crate::support::process::{Process, run, run_with_input};

/// Security checklist: 74.
#[tokio::test]
async fn production_creates_a_database_only_when_it_is_told_to() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("denizen.toml"), PRODUCTION).unwrap();
    let path = fs::canonicalize(folder.path()).unwrap().join("users.db");
    let missing = format!("denizen: there is no database {}", path.display());
    let user = ["--username", "ann", "--email", "ann@example.com"];
    for words in [&["mail", "list"][..], &["mail", "retry", "1"], &["mail", "drop", "1"]] {
        assert_eq!(refusal(run(folder.path(), words).await), missing);
    }
    let member = [&["user", "create", "--password-stdin"][..], &user].concat();
    let member = run_with_input(folder.path(), &member, "correct horse battery\n").await;
    assert_eq!(refusal(member), missing);
    let line = refusal(run(folder.path(), &["--bind", "127.0.0.1:0"]).await);
    let how = "; check the path, or create it with `denizen serve --create-database` or with the first administrator \
               (`denizen user create --admin`)";
    assert_eq!(line, format!("{missing}{how}"));
    let check = run(folder.path(), &["config", "check", "--bind", "127.0.0.1:0"]).await;
    assert_eq!((check.status.code(), check.stdout.as_slice()), (Some(0), &b"configuration is valid\n"[..]));
    let note = String::from_utf8(check.stderr).unwrap();
    assert!(note.starts_with(&format!("note: there is no database {} yet; ", path.display())), "{note}");
    assert_eq!(files_in(folder.path()), ["denizen.toml"]);

    let process = Process::start_with(folder.path(), &["serve", "--create-database"]).await;
    process.stop().await;
    Process::start(folder.path()).await.stop().await;
    // Deleted while nobody looks: not a new service without users, but a refusal.
    fs::remove_file(&path).unwrap();
    assert!(refusal(run(folder.path(), &["--bind", "127.0.0.1:0"]).await).starts_with(&missing));
    let link = run(folder.path(), &[&["setup-link"][..], &user].concat()).await;
    assert_eq!(link.status.code(), Some(0), "{link:?}");
    assert!(path.exists());
}

/// Security checklist: 74.
#[tokio::test]
async fn an_empty_file_is_not_taken_for_a_service_without_users() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("denizen.toml"), PRODUCTION).unwrap();
    let path = fs::canonicalize(folder.path()).unwrap().join("users.db");
    // Such as a backup that was copied to a full disk.
    fs::write(&path, "").unwrap();
    let empty = format!("denizen: there is no database in {}, the file is empty", path.display());
    for words in [&["after-restore"][..], &["mail", "list"], &["--bind", "127.0.0.1:0"]] {
        let line = refusal(run(folder.path(), words).await);
        assert!(line.starts_with(&empty), "{line}");
        assert_eq!(fs::read(&path).unwrap(), b"", "{words:?}");
    }
    Process::start_with(folder.path(), &["serve", "--create-database"]).await.stop().await;
}

#[tokio::test]
async fn a_database_that_was_created_is_named_although_the_command_failed() {
    let folder = TempDir::new().unwrap();
    let words = ["user", "create", "--password-stdin", "--username", "ann", "--email", "ann@example.com"];
    let refused = run_with_input(folder.path(), &words, "short\n").await;
    let path = fs::canonicalize(folder.path()).unwrap().join("denizen.db");
    let stderr = String::from_utf8(refused.stderr).unwrap();
    let created = format!("denizen: created database {}\n", path.display());
    assert!(refused.status.code() == Some(2) && stderr.starts_with(&created), "{stderr}");
}

/// Security checklist: 74.
#[tokio::test]
async fn commands_that_only_read_create_no_database_in_development_either() {
    let folder = TempDir::new().unwrap();
    let line = refusal(run(folder.path(), &["mail", "list"]).await);
    assert!(line.starts_with("denizen: there is no database ") && line.ends_with("/denizen.db"), "{line}");
    assert_eq!(files_in(folder.path()), [""; 0]);
}

#[tokio::test]
async fn a_link_to_nothing_is_named_and_not_followed() {
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink("elsewhere/users.db", folder.path().join("denizen.db")).unwrap();
    let line = refusal(run(folder.path(), &["--bind", "127.0.0.1:0"]).await);
    assert!(line.ends_with("denizen.db: it is a link to a file that does not exist"), "{line}");
    assert_eq!(files_in(folder.path()), ["denizen.db"]);
}

/// Root may write everywhere, but not on a volume that is mounted read-only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_that_may_not_be_written_is_named_with_the_reason() {
    let folder = TempDir::new().unwrap();
    Process::start(folder.path()).await.stop().await;
    let script = "mount -t tmpfs tmpfs \"$PWD\" && cd \"$PWD\" && cp \"$1\" denizen.db && \
                  mount -o remount,ro \"$PWD\" && exec \"$0\" --bind 127.0.0.1:0";
    let original = folder.path().join("denizen.db").display().to_string();
    let other = TempDir::new().unwrap();
    let line = refusal(run_in_own_mounts(other.path(), script, &[&original]).await);
    assert!(line.ends_with("denizen.db: Read-only file system (os error 30)"), "{line}");
}
