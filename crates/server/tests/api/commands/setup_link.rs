//! `denizen setup-link`

use serde_json::json;
use tempfile::TempDir;

use super::{PASSWORD, actors, create, denizen, roles_of};
use crate::support::{
    account::accept_invitation,
    api::{self, user, with},
    http::Request,
    process::Process,
};

const CAROL: &str = "setup-link --username carol --email carol@example.com";

/// The token in the one line that the command prints.
#[track_caller]
fn token_in(said: &str) -> String {
    let link = said.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {said}"));
    let token = link.strip_prefix("http://localhost:8080/accept-invitation?token=");
    let token = token.unwrap_or_else(|| panic!("no link: {said}")).to_owned();
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{said}");
    token
}

/// Security checklist: 43.
#[tokio::test]
async fn whoever_has_the_link_becomes_administrator_once() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let token = token_in(&denizen(folder.path(), CAROL).await.done());
    let page = Request::get(&format!("/accept-invitation?token={token}")).send(server.address).await;
    assert_eq!(page.status, 200, "{}", page.text());

    accept_invitation(server.address, &token, PASSWORD).await.succeeded(200);

    assert_eq!(roles_of(&server, "carol").await, json!(["user", "admin"]));
    let again = accept_invitation(server.address, &token, "another long password").await;
    again.refused(400, "INVITATION_FAILED");
    let session = api::session(server.address, "carol", PASSWORD).await;
    assert_eq!(actors(&server, &session, "user.invited").await, [json!("cli")]);
    assert_eq!(actors(&server, &session, "user.created").await[0], json!("cli"));
}

#[tokio::test]
async fn the_link_begins_where_people_reach_the_service() {
    let folder = TempDir::new().unwrap();
    let said = denizen(folder.path(), &format!("{CAROL} --public-url https://example.org/accounts")).await;
    let said = said.done();
    assert!(said.starts_with("https://example.org/accounts/accept-invitation?token="), "{said}");
    let refused = denizen(folder.path(), &format!("{CAROL} --bind 127.0.0.1:0")).await.refused(2);
    assert_eq!(
        refused,
        "the public URL is unknown, because the port is chosen at the start; set it with --public-url"
    );
}

#[tokio::test]
async fn a_second_link_for_the_same_administrator_replaces_the_first() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let first = token_in(&denizen(folder.path(), CAROL).await.done());
    let line = "setup-link --username CAROL --email Carol@Example.com";
    let second = token_in(&denizen(folder.path(), line).await.done());
    accept_invitation(server.address, &first, PASSWORD).await.refused(400, "INVITATION_FAILED");
    accept_invitation(server.address, &second, PASSWORD).await.succeeded(200);
    let all = api::list(server.address, "?search=carol").await.succeeded(200);
    assert_eq!(api::ids_of(&all), [6], "there is one carol");
}

#[tokio::test]
async fn no_mail_follows_that_would_replace_the_link() {
    let folder = TempDir::new().unwrap();
    denizen(folder.path(), CAROL).await.done();
    let jobs = denizen(folder.path(), "mail list").await.done();
    assert_eq!(jobs.lines().count(), 1, "the head alone: {jobs}");
}

#[tokio::test]
async fn a_mail_that_did_not_leave_does_not_replace_the_link_either() {
    let folder = TempDir::new().unwrap();
    denizen(folder.path(), "user create --username bert --email bert@example.com").await.done();
    denizen(folder.path(), "user create --username carol --email carol@example.com --admin").await.done();
    let token = token_in(&denizen(folder.path(), CAROL).await.done());
    let jobs = denizen(folder.path(), "mail list").await.done();
    assert!(jobs.lines().count() == 2 && jobs.contains("  user 1"), "bert's alone: {jobs}");
    let server = Process::start(folder.path()).await;
    server.line_with("Invitation token for bert@example.com: ").await;
    accept_invitation(server.address, &token, PASSWORD).await.succeeded(200);
}

#[tokio::test]
async fn a_link_is_no_way_around_a_password_nor_to_other_rights() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    create(folder.path(), "--username carol --email carol@example.com --admin", PASSWORD).await.done();
    api::create(server.address, &user("bert")).await.succeeded(201);
    let dora = with(user("dora"), json!({ "roles": ["user", "admin"] }));
    api::create(server.address, &dora).await.succeeded(201);
    let off = with(user("eric"), json!({ "roles": ["user", "admin"], "active": false }));
    api::create(server.address, &off).await.succeeded(201);
    for (name, address, reason) in [
        ("carol", "carol", "user carol has a password already; a setup link is for the first one"),
        ("bert", "bert", "user bert exists already, and is not an administrator"),
        ("dora", "mallory", "user dora exists already, with another e-mail address"),
        ("eric", "eric", "the user is not active"),
        ("new", "carol", "email 'carol@example.com' already exists"),
    ] {
        let line = format!("setup-link --username {name} --email {address}@example.com");
        assert_eq!(denizen(folder.path(), &line).await.refused(1), reason);
    }
    let nobody = denizen(folder.path(), "setup-link --username n! --email n").await.refused(2);
    assert!(nobody.starts_with("the user cannot be created:\n- username "), "{nobody}");
    roles_of(&server, "carol").await;
}

/// Security checklist: 8.
#[tokio::test]
async fn the_token_is_in_no_log() {
    let folder = TempDir::new().unwrap();
    let server = Process::start_with(folder.path(), &["--log", "trace"]).await;
    let said = denizen(folder.path(), &format!("{CAROL} --log trace")).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let token = token_in(&said.stdout);
    assert!(!said.stderr.contains(&token), "{said:?}");
    accept_invitation(server.address, &token, PASSWORD).await.succeeded(200);
    let log = server.stop().await;
    assert!(!log.iter().any(|line| line.contains(&token)), "{log:#?}");
}
