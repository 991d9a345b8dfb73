//! Mails as files.

use std::fs;

use denizen_mail::{MailSettings, MailUrl, TransportError, connect};
use denizen_services::MailError;
use denizen_testkit::{FixedClock, Letter};
use tempfile::TempDir;

use crate::support::{mailer, names_in, notice, password_reset, settings, token};

fn writing_to(directory: &std::path::Path) -> MailSettings {
    MailSettings { url: MailUrl::File(directory.to_owned()), ..settings("log") }
}

#[tokio::test]
async fn names_sort_in_the_order_of_sending() {
    let directory = TempDir::new().unwrap();
    let mailer = mailer(writing_to(directory.path()));
    mailer.send(&password_reset()).await.unwrap();
    mailer.send(&notice()).await.unwrap();
    let names = names_in(directory.path());
    let subjects: Vec<String> = names
        .iter()
        .map(|name| Letter::parse(&fs::read(directory.path().join(name)).unwrap()).subject)
        .collect();
    assert_eq!(subjects, ["Example: choose a new password", "Example: your password was changed"]);
    let time = FixedClock::start().format("%Y%m%dT%H%M%S%.6fZ");
    assert_eq!(names, [format!("{time}-000000-7.1.5f3.eml"), format!("{time}-000001-7.1.5f3.eml")]);
}

#[tokio::test]
async fn a_file_is_whole_and_its_token_can_be_read() {
    let directory = TempDir::new().unwrap();
    mailer(writing_to(directory.path())).send(&password_reset()).await.unwrap();
    let letter = Letter::parse(crate::support::only_file_in(directory.path()).as_bytes());
    assert_eq!(letter.token(), Some(token(1).expose()));
    assert!(letter.html.trim_end().ends_with("</html>"), "{}", letter.html);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_them() {
    use std::os::unix::fs::PermissionsExt as _;

    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("mails");
    mailer(writing_to(&directory)).send(&password_reset()).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join(&names_in(&directory)[0])), 0o600);
}

#[tokio::test]
async fn a_directory_that_vanished_is_a_temporary_failure() {
    let parent = TempDir::new().unwrap();
    let directory = parent.path().join("mails");
    let mailer = mailer(writing_to(&directory));
    fs::remove_dir(&directory).unwrap();
    let error = mailer.send(&password_reset()).await.unwrap_err();
    let MailError::Temporary(reason) = error else { panic!("{error}") };
    assert!(reason.to_string().starts_with("the mail cannot be written: "), "{reason}");
    assert!(std::error::Error::source(&MailError::Temporary(reason)).is_some());
    fs::create_dir(&directory).unwrap();
    assert_eq!(mailer.send(&password_reset()).await, Ok(()));
}

#[test]
fn a_directory_that_cannot_be_made_stops_the_start() {
    let parent = TempDir::new().unwrap();
    let settings = writing_to(&parent.path().join("missing/mails"));
    let error = connect(settings, std::sync::Arc::new(FixedClock::new())).err().unwrap();
    assert!(matches!(error, TransportError::Directory { .. }), "{error}");
    assert!(error.to_string().contains("missing/mails: "), "{error}");
}
