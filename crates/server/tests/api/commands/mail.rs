//! `denizen mail …`

use std::{fs, path::Path};

use denizen_models::text::is_unprintable;
use denizen_testkit::{SmtpCommand, SmtpFault, SmtpSecurity, SmtpServer};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::{PASSWORD, actors, create, denizen};
use crate::support::{
    account::request_verification,
    api::{self, user, with},
    http::Request,
    process::Process,
};

const ROOT: &str = "--username root --email root@example.com --admin";

/// A database with an invitation to ann that is still to be sent.
async fn folder_with_an_invitation() -> TempDir {
    let folder = TempDir::new().unwrap();
    denizen(folder.path(), "user create --username ann --email ann@example.com").await.done();
    folder
}

/// The mail server has refused it for good, in words that no terminal should see.
fn give_up(folder: &Path) {
    let database = Connection::open(folder.join("denizen.db")).unwrap();
    let refusal = "UPDATE mail_jobs SET dead = 1, attempts = 20, due_at = 0, reason = '550 no' || char(27, 8238) || '[2J'";
    assert_eq!(database.execute(refusal, []), Ok(1));
}

/// The rows of the list, without its head.
async fn listed(folder: &Path, options: &str) -> Vec<String> {
    let list = denizen(folder, &format!("mail list{options}")).await.done();
    let mut lines = list.lines().map(str::to_owned);
    let head = lines.next().unwrap_or_default();
    let heads: Vec<_> = head.split("  ").map(str::trim).filter(|head| !head.is_empty()).collect();
    let expected = ["ID", "KIND", "STATE", "TRIED", "ASKED FOR", "DUE", "TO", "LAST FAILURE"];
    assert_eq!(heads, expected, "{list}");
    lines.collect()
}

#[tokio::test]
async fn an_empty_queue_is_an_empty_list() {
    let folder = TempDir::new().unwrap();
    Process::start(folder.path()).await.stop().await;
    assert!(listed(folder.path(), "").await.is_empty());
}

#[tokio::test]
async fn mails_are_listed_for_whom_they_are_and_how_they_fare() {
    let folder = folder_with_an_invitation().await;
    let waiting = listed(folder.path(), "").await;
    let [row] = waiting.as_slice() else { panic!("{waiting:?}") };
    let cells: Vec<_> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(
        [cells[0], cells[1], cells[2], cells[3], cells[6]],
        ["1", "invitation", "waiting", "0", "user 1"]
    );
    assert_eq!((cells[4], cells.len()), (cells[5], 7), "due since it was asked for");
    assert!(listed(folder.path(), " --dead").await.is_empty());

    give_up(folder.path());

    let dead = listed(folder.path(), " --dead").await;
    let [row] = dead.as_slice() else { panic!("{dead:?}") };
    assert!(row.contains("  dead ") && row.contains("  20 ") && row.contains("  never "), "{row}");
    assert!(row.ends_with("  550 no\\u{1b}\\u{202e}[2J"), "{row}");
    assert_eq!(listed(folder.path(), "").await, dead);
}

#[tokio::test]
async fn the_address_that_a_stranger_typed_is_not_shown_in_full() {
    let folder = TempDir::new().unwrap();
    // A mail server that nobody runs.
    let server = Process::start_with(folder.path(), &["--mail", "smtp://127.0.0.1:1"]).await;
    // With a password, so that there is no invitation.
    let frank = with(user("frank"), json!({ "password": PASSWORD }));
    api::create(server.address, &frank).await.succeeded(201);
    request_verification(server.address, "frank@example.com").await.succeeded(202);
    server.kill().await;
    let rows = listed(folder.path(), "").await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert!(row.contains("email_verification") && row.contains("  f***@example.com"), "{row}");
}

#[tokio::test]
async fn a_mail_that_is_retried_is_sent_by_the_server() {
    let folder = folder_with_an_invitation().await;
    give_up(folder.path());
    let server = Process::start(folder.path()).await;
    let said = denizen(folder.path(), "mail retry 1").await.done();
    assert_eq!(said, "mail 1 is due; the server sends it\n");
    server.line_with("Invitation token for ann@example.com: ").await;
}

#[tokio::test]
async fn a_mail_that_is_dropped_is_gone_and_the_trail_says_who_did_it() {
    let folder = folder_with_an_invitation().await;
    create(folder.path(), ROOT, PASSWORD).await.done();
    let said = denizen(folder.path(), "mail drop 1").await;
    assert!(said.stderr.contains(" mail invitation of cli-"), "the request that asked for it: {said:?}");
    assert_eq!(said.done(), "mail 1 is dropped\n");
    assert!(listed(folder.path(), "").await.is_empty());
    for command in ["drop", "retry"] {
        let refused = denizen(folder.path(), &format!("mail {command} 1")).await.refused(1);
        assert_eq!(refused, "mail job not found");
    }
    let server = Process::start(folder.path()).await;
    let token = api::session(server.address, "root", PASSWORD).await;
    assert_eq!(actors(&server, &token, "mail.dropped").await, ["cli"]);
}

#[tokio::test]
async fn what_operators_do_over_http_is_done_to_the_same_mails() {
    let folder = folder_with_an_invitation().await;
    give_up(folder.path());
    super::create(folder.path(), "--username root --email root@example.com --admin", PASSWORD).await.done();
    let server = Process::start(folder.path()).await;
    let token = api::session(server.address, "root", PASSWORD).await;
    let send = async |request: Request| request.bearer(&token).send(server.address).await;
    let jobs = send(Request::get("/api/mail/jobs?state=dead")).await.succeeded(200);
    assert_eq!((&jobs["data"][0]["id"], &jobs["data"][0]["user_id"]), (&1.into(), &1.into()), "{jobs}");
    send(Request::new("DELETE", "/api/mail/jobs/1")).await.succeeded(200);
    send(Request::post("/api/mail/jobs/1/retry")).await.refused(404, "MAIL_JOB_NOT_FOUND");
    assert_eq!(actors(&server, &token, "mail.dropped").await, ["user:2"]);
    assert!(listed(folder.path(), "").await.is_empty());
}

#[tokio::test]
async fn a_test_mail_leaves_as_the_servers_mails_do() {
    let folder = TempDir::new().unwrap();
    let logged = denizen(folder.path(), "mail test ann@example.com").await;
    assert_eq!(
        (logged.code, logged.stdout.as_str()),
        (Some(0), "the test mail to ann@example.com is on its way\n")
    );
    assert!(
        logged.stderr.contains(" mail to ann@example.com: This mail was sent by denizen on "),
        "{logged:?}"
    );

    fs::create_dir(folder.path().join("mails")).unwrap();
    denizen(folder.path(), "mail test ann@example.com --mail file:mails").await.done();
    let mails: Vec<_> = fs::read_dir(folder.path().join("mails")).unwrap().collect();
    let [Ok(mail)] = mails.as_slice() else { panic!("{mails:?}") };
    let text = fs::read_to_string(mail.path()).unwrap();
    assert!(text.contains("To: ann@example.com\r\n"), "{text}");
    assert!(!folder.path().join("denizen.db").exists(), "no database is needed");
}

#[tokio::test]
async fn a_test_mail_that_does_not_leave_says_why() {
    let folder = TempDir::new().unwrap();
    let line = "mail test ann@example.com --mail smtp://127.0.0.1:1";
    let refused = denizen(folder.path(), line).await.refused(1);
    assert!(refused.starts_with("mail not sent yet: no connection to the mail server: "), "{refused}");
    assert_eq!(denizen(folder.path(), "mail test ann").await.refused(2), "invalid email format");
    let nowhere = denizen(folder.path(), "mail test ann@example.com --mail file:no/such").await.refused(1);
    assert!(nowhere.contains("no/such"), "{nowhere}");
}

/// Security checklist: 12.
#[tokio::test]
async fn a_reply_of_a_mail_server_cannot_steer_the_terminal_or_the_log() {
    let smtp = SmtpServer::start(SmtpSecurity::None);
    let reply = "550 5.1.1 no\u{202e} such \u{2066}user\u{feff}";
    smtp.fail(SmtpFault::Reply(SmtpCommand::Rcpt, reply));
    let folder = folder_with_an_invitation().await;
    let transport = format!("smtp://{}", smtp.address());
    let server = Process::start_with(folder.path(), &["--mail", &transport]).await;
    let logged = server.line_with(" is given up: ").await;
    server.stop().await;
    let [row] = <[String; 1]>::try_from(listed(folder.path(), "").await).unwrap();
    let test = format!("mail test ann@example.com --mail {transport}");
    let refused = denizen(folder.path(), &test).await.refused(1);
    for text in [logged, row, refused] {
        assert!(text.ends_with("550 5.1.1 no such user"), "{text:?}");
    }
}

/// Security checklist: 12.
#[tokio::test]
async fn a_configured_value_cannot_steer_the_terminal() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("denizen.toml"), "log = \"info\u{202e}\"\n\"\u{2066}\" = 1\n").unwrap();
    let printed = denizen(folder.path(), "config print").await;
    assert!(printed.stdout.contains("log = \"info\\u{202e}\""), "{printed:?}");
    let shown = format!("{}{}", printed.stdout, printed.stderr);
    assert!(!shown.replace('\n', "").contains(is_unprintable), "{shown:?}");
}
