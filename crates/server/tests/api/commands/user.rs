//! `denizen user create`

use serde_json::json;
use tempfile::TempDir;

use super::{PASSWORD, actors, create, denizen, denizen_in, roles_of};
use crate::support::{api, http::Request, process::Process};

const ANN: &str = "--username ann --email ann@example.com";

const PRODUCTION: [(&str, &str); 5] = [
    ("DENIZEN_PROFILE", "production"),
    ("DENIZEN_PUBLIC_URL", "https://id.example.com"),
    ("DENIZEN_MAIL", "smtps://mail.example.com"),
    ("DENIZEN_MAIL_FROM", "accounts@example.com"),
    ("DENIZEN_DATABASE", "sqlite://denizen.db"),
];

#[tokio::test]
async fn a_running_server_knows_the_new_administrator_at_once() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let said = create(folder.path(), &format!("{ANN} --admin"), PASSWORD).await.done();
    assert_eq!(said, "user ann created with ID 6\n");
    assert_eq!(roles_of(&server, "ann").await, json!(["user", "admin"]));
    let token = api::session(server.address, "ann@example.com", PASSWORD).await;
    let created = Request::get("/api/users/6").bearer(&token).send(server.address).await.succeeded(200);
    let names = (&created["data"]["first_name"], &created["data"]["last_name"]);
    assert_eq!(names, (&json!("ann"), &json!("ann")), "nobody said more");
    let actors = actors(&server, &token, "user.created").await;
    assert_eq!(actors.first(), Some(&json!("cli")));
}

/// Security checklist: 43.
#[tokio::test]
async fn the_first_administrator_of_a_production_database_needs_no_server() {
    let folder = TempDir::new().unwrap();
    let line = format!("user create {ANN} --admin");
    let said = denizen_in(folder.path(), &line, &PRODUCTION).await.refused(2);
    let expected = "a user needs a password here, because users are not invited by mail while registration is closed; pass \
                    --password-stdin, or let `denizen setup-link` print a link for an administrator";
    assert_eq!(said, expected);
    assert!(!folder.path().join("denizen.db").exists(), "nothing was touched");

    let line = format!("{ANN} --admin --database sqlite://denizen.db");
    let said = create(folder.path(), &line, PASSWORD).await;
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "user ann created with ID 1\n"), "{said:?}");
    let database = folder.path().join("denizen.db");
    let note = format!("denizen: created database {}\n", database.display());
    assert_eq!(said.stderr, note, "whoever is in the wrong folder finds out at once");
    let server = Process::start(folder.path()).await;
    assert_eq!(roles_of(&server, "ann").await, json!(["user", "admin"]));
}

#[tokio::test]
async fn names_are_taken_as_they_are_and_members_are_no_administrators() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    create(folder.path(), &format!("{ANN} --first-name Ann --last-name O'Hara"), PASSWORD).await.done();
    let ann = api::get(server.address, 6).await.succeeded(200);
    let members = ["username", "email", "first_name", "last_name"].map(|member| ann["data"][member].clone());
    assert_eq!(members, ["ann", "ann@example.com", "Ann", "O'Hara"].map(|text| json!(text)));
    assert_eq!(roles_of(&server, "ann").await, json!(["user"]));
}

/// Security checklist: 28.
#[tokio::test]
async fn the_policy_for_passwords_is_that_of_the_server() {
    let folder = TempDir::new().unwrap();
    for (options, password, reason) in [
        ("", "short", "password must be at least 8 characters long"),
        ("--config strict.toml", "no fifteen", "password must be at least 15 characters long"),
        ("", "anns-p4ssword-".repeat(19).as_str(), "password cannot exceed 256 characters"),
    ] {
        std::fs::write(folder.path().join("strict.toml"), "password_min_length = 15").unwrap();
        let options = format!("{ANN} {options}");
        let refused = create(folder.path(), options.trim_end(), password).await.refused(2);
        assert_eq!(refused, format!("the user cannot be created:\n- {reason}"));
    }
    for weak in ["password123", "ann@example.com"] {
        let refused = create(folder.path(), ANN, weak).await.refused(2);
        assert!(refused.starts_with("the user cannot be created:\n- password "), "{refused}");
        assert!(!refused.contains(weak), "{refused}");
    }
    let server = Process::start(folder.path()).await;
    let all = api::list(server.address, "?search=ann@").await.succeeded(200);
    assert!(api::ids_of(&all).is_empty(), "{all}");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let folder = TempDir::new().unwrap();
    let options = "--username a! --email nobody --last-name=";
    let refused = create(folder.path(), options, "short").await.refused(2);
    let reasons: Vec<_> = refused.lines().collect();
    assert_eq!(reasons.len(), 5, "{refused}");
    assert_eq!(reasons[0], "the user cannot be created:");
    for reason in ["username", "invalid email format", "last name cannot be empty", "password must be"] {
        let is_told = reasons.iter().any(|line| line.starts_with(&format!("- {reason}")));
        assert!(is_told, "{reason}: {refused}");
    }
}

#[tokio::test]
async fn what_somebody_has_is_refused() {
    let folder = TempDir::new().unwrap();
    create(folder.path(), ANN, PASSWORD).await.done();
    let name = create(folder.path(), "--username ANN --email other@example.com", PASSWORD).await.refused(1);
    assert_eq!(name, "username 'ANN' already exists");
    let email = create(folder.path(), "--username other --email Ann@Example.com", PASSWORD).await.refused(1);
    assert_eq!(email, "email 'Ann@Example.com' already exists");
}

#[tokio::test]
async fn without_a_password_the_server_mails_an_invitation() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let said = denizen(folder.path(), &format!("user create {ANN}")).await.done();
    let expected = "user ann created with ID 6; the server mails an invitation to ann@example.com\n";
    assert_eq!(said, expected);
    server.line_with("Invitation token for ann@example.com: ").await;
}

#[tokio::test]
async fn an_empty_standard_input_is_no_password() {
    let folder = TempDir::new().unwrap();
    let refused = create(folder.path(), ANN, "").await.refused(2);
    assert_eq!(refused, "no password: standard input is empty");
    assert!(!folder.path().join("denizen.db").exists());
}

#[tokio::test]
async fn a_database_that_only_the_server_sees_is_refused() {
    let folder = TempDir::new().unwrap();
    let refused = create(folder.path(), &format!("{ANN} --database memory:"), PASSWORD).await.refused(2);
    let expected = "the in-memory database is only visible to the server; name another one with --database";
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn a_wrong_configuration_or_database_is_explained() {
    let folder = TempDir::new().unwrap();
    let refused = create(folder.path(), &format!("{ANN} --profile nonsense"), PASSWORD).await.refused(2);
    assert!(refused.contains("`profile` = \"nonsense\" (flag --profile)"), "{refused}");
    let missing = format!("{ANN} --database sqlite://no/such/folder/denizen.db");
    let refused = create(folder.path(), &missing, PASSWORD).await.refused(1);
    assert!(refused.contains("no/such/folder"), "{refused}");
}

/// Security checklist: 8.
#[tokio::test]
async fn no_log_and_no_word_of_the_command_holds_the_password() {
    let folder = TempDir::new().unwrap();
    let server = Process::start_with(folder.path(), &["--log", "trace"]).await;
    let said = create(folder.path(), &format!("{ANN} --admin --log trace"), PASSWORD).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!format!("{said:?}").contains(PASSWORD), "{said:?}");
    let refused = create(folder.path(), &format!("{ANN} --log trace"), PASSWORD).await;
    assert!(refused.code == Some(1) && !format!("{refused:?}").contains(PASSWORD), "{refused:?}");
    roles_of(&server, "ann").await;
    let log = server.stop().await;
    assert!(!log.iter().any(|line| line.contains(PASSWORD)), "{log:#?}");
}
