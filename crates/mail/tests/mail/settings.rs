//! Settings that do not make a transport say why, before any mail is lost.

use std::{fs, sync::Arc, time::Duration};

use denizen_mail::{MailSettings, connect};
use denizen_testkit::{FixedClock, Letter};
use tempfile::TempDir;

use crate::support::{notice, only_file_in, settings};

fn error_of(settings: MailSettings) -> String {
    connect(settings, Arc::new(FixedClock::new())).err().unwrap().to_string()
}

#[test]
fn smtp_needs_a_sender() {
    let error = error_of(MailSettings { sender: None, ..settings("smtp://localhost") });
    assert_eq!(error, "mail by SMTP needs a sender, such as Accounts <accounts@example.com>");
}

#[tokio::test]
async fn files_have_one_without() {
    let directory = TempDir::new().unwrap();
    let url = format!("file:{}", directory.path().display());
    let settings = MailSettings { sender: None, ..settings(&url) };
    connect(settings, Arc::new(FixedClock::new())).unwrap().send(&notice()).await.unwrap();
    let letter = Letter::parse(only_file_in(directory.path()).as_bytes());
    assert_eq!(letter.header("From").as_deref(), Some("denizen@localhost"));
}

#[test]
fn a_mail_may_not_take_longer_than_a_minute() {
    for time_limit in [Duration::ZERO, Duration::from_millis(60_001)] {
        let error = error_of(MailSettings { time_limit, ..settings("smtp://localhost") });
        assert_eq!(error, "a mail may take more than 0 and at most 60 seconds");
    }
}

#[test]
fn a_root_certificate_must_be_one() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("root.pem");
    let with_root = || MailSettings { root_certificate: Some(path.clone()), ..settings("smtps://localhost") };
    assert!(error_of(with_root()).starts_with(&format!("the root certificate {}: ", path.display())));
    let not_pem = format!("the root certificate {} is not in PEM format", path.display());
    for content in ["", "nonsense", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        fs::write(&path, content).unwrap();
        assert!(error_of(with_root()).starts_with(&not_pem), "{content}");
    }
    fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(error_of(with_root()).ends_with(" is damaged"));
}

#[test]
fn broken_templates_stop_the_log_too() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("test.txt"), "{{").unwrap();
    let error = error_of(MailSettings { templates: Some(directory.path().to_owned()), ..settings("log") });
    assert!(error.starts_with("mail templates: test.txt, line 1: "), "{error}");
}

#[test]
fn a_server_that_is_down_does_not_stop_the_start() {
    assert!(connect(settings("smtp://localhost:1"), Arc::new(FixedClock::new())).is_ok());
}
