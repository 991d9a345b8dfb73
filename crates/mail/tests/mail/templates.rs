//! Words of an operator's own.

use std::{fs, path::Path};

use denizen_mail::{MailSettings, TemplateError, Templates};
use denizen_testkit::Letter;
use tempfile::TempDir;

use crate::support::{notice, password_reset, settings, written};

fn directory_with(name: &str, content: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join(name), content).unwrap();
    directory
}

fn error_of(directory: &Path) -> String {
    Templates::load(Some(directory)).unwrap_err().to_string()
}

#[tokio::test]
async fn a_file_replaces_the_one_of_its_name_and_no_other() {
    let directory = directory_with("password_reset.txt", "{{ name }}! {{ link }} ({{ valid_for }})\n");
    let settings = MailSettings { templates: Some(directory.path().to_owned()), ..settings("log") };
    let letter = Letter::parse(written(settings.clone(), &password_reset()).await.as_bytes());
    assert!(
        letter.text.starts_with("Ada! https://accounts.example.com/reset-password?token="),
        "{}",
        letter.text
    );
    assert!(letter.text.ends_with(" (30 minutes)\n"), "{}", letter.text);
    assert_eq!(letter.subject, "Example: choose a new password");
    assert!(letter.html.contains("<p>Hello Ada,</p>"), "{}", letter.html);
    let other = Letter::parse(written(settings, &notice()).await.as_bytes());
    assert!(other.text.starts_with("Hello Ada,\n"), "{}", other.text);
}

#[tokio::test]
async fn a_layout_replaces_that_of_all_mails() {
    let directory = directory_with("layout.txt", "Dear {{ name }},\n{% block body %}{% endblock %}\n");
    let settings = MailSettings { templates: Some(directory.path().to_owned()), ..settings("log") };
    for mail in [notice(), password_reset()] {
        let letter = Letter::parse(written(settings.clone(), &mail).await.as_bytes());
        assert!(letter.text.starts_with("Dear Ada,\n"), "{}", letter.text);
    }
}

#[test]
fn a_mistake_is_found_at_once_with_file_and_line() {
    for (name, content, expected) in [
        ("test.txt", "one\n{% if %}", "test.txt, line 2: "),
        ("test.html", "one\ntwo\n{{ unknown }}", "test.html, line 3: undefined value"),
        ("test.txt", "{{ link }}", "test.txt, line 1: undefined value"),
        ("test.txt", "\n{% extends \"lay.txt\" %}", "test.txt, line 2: "),
        (
            "password_reset.subject.txt",
            "Your link: {{ link }}",
            "password_reset.subject.txt, line 1: undefined value",
        ),
        (
            "password_changed.txt",
            "{% if ip %}{{ oops }}{% endif %}",
            "password_changed.txt, line 1: undefined value",
        ),
        (
            "verify_email.txt",
            "{% if not name %}{{ oops }}{% endif %}{{ link }}",
            "verify_email.txt, line 1: undefined",
        ),
        (
            "layout.txt",
            "a\n\n{{ oops }}{% block body %}{% endblock %}",
            "layout.txt, line 3: undefined value",
        ),
    ] {
        let error = error_of(directory_with(name, content).path());
        assert!(error.starts_with(&format!("mail templates: {expected}")), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_mail_without_its_link_is_refused() {
    for name in ["password_reset.txt", "invitation.html"] {
        let error = Templates::load(Some(directory_with(name, "Hello").path())).unwrap_err();
        assert!(matches!(&error, TemplateError::NoLink(file) if file == name), "{error}");
    }
}

#[test]
fn a_file_that_replaces_nothing_is_an_error() {
    let error = error_of(directory_with("pasword_reset.txt", "").path());
    assert!(error.contains("pasword_reset.txt is none of the files"), "{error}");
    assert!(error.contains(", password_reset.txt, "), "{error}");
}

#[test]
fn what_begins_with_a_dot_is_passed_over() {
    let directory = directory_with(".gitkeep", "");
    fs::create_dir(directory.path().join("..data")).unwrap();
    assert!(Templates::load(Some(directory.path())).is_ok());
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing");
    assert!(
        matches!(Templates::load(Some(&missing)), Err(TemplateError::Read { path, .. }) if path == missing)
    );
    let folder = directory.path().join("test.txt");
    fs::create_dir(&folder).unwrap();
    assert!(
        matches!(Templates::load(Some(directory.path())), Err(TemplateError::Read { path, .. }) if path == folder)
    );
}
