//! A mail that the mail server refuses for good: nobody who asks can tell, operators can, and they see no more than they need.

use denizen_testkit::SmtpFault;
use serde_json::json;

use super::*;
use crate::support::process::run;

/// Quotes the address, as mail servers do.
const UNKNOWN: &str = "550 5.1.1 <bobby@example.com>: no mailbox called bobby at mx.example.com";
/// What operators see of it.
const REASON: &str = "the mail server refuses the recipient: 550 5.1.1 … no mailbox called … at …";

impl Scene {
    /// Bobby's mail has just been refused for good, and the mail server would take the next one.
    async fn with_a_dead_letter() -> Self {
        let scene = Self::start().await;
        let healthy = scene.healthy_answer().await;
        scene.smtp.fail(SmtpFault::Reply(SmtpCommand::Rcpt, UNKNOWN));
        scene.smtp.hold_at(SmtpCommand::Rcpt);
        assert_eq!(scene.ask("bobby").await, healthy);
        scene.smtp.held().await;
        assert_eq!(scene.ask("ghost").await, healthy);
        scene.smtp.release();
        scene.smtp.idle().await;
        scene.smtp.recover();
        assert_eq!(scene.let_turns_end().await, healthy);
        scene
    }

    /// `denizen mail …`, beside the running server.
    async fn mail_command(&self, words: &[&str]) -> String {
        let output = run(self.server.folder(), &[&["mail"], words].concat()).await;
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    async fn dead_jobs(&self) -> Value {
        let request = Request::get("/api/mail/jobs?state=dead").bearer(&self.olga);
        request.send(self.server.address).await.succeeded(200)["data"].clone()
    }
}

/// Security checklist: 4.
#[tokio::test]
async fn a_recipient_who_is_refused_for_good_is_a_dead_letter_that_shows_why_and_not_who() {
    let scene = Scene::with_a_dead_letter().await;
    // It is not tried again by itself, however long it lies there.
    scene.server.pass_seconds(3 * 24 * 60 * 60).await;
    let last = scene.ask("alice").await;
    scene.arrived("alice").await;

    let jobs = scene.dead_jobs().await;
    let list = scene.mail_command(&["list", "--dead"]).await;

    assert_eq!(last.status, 200);
    let [job] = jobs.as_array().expect("a list").as_slice() else { panic!("{jobs}") };
    let mut job = job.clone();
    let id = job["request_id"].take();
    assert!(id.as_str().is_some_and(|id| id.starts_with("req_")), "{id}");
    let expected = json!({
        "id": job["id"], "kind": "password_reset", "address": "b***@example.com", "state": "dead", "attempts": 1,
        "requested_at": "2026-01-01T00:00:00Z", "due_at": "2026-01-01T00:00:00Z", "reason": REASON, "request_id": null,
    });
    assert_eq!(job, expected);
    let rows: Vec<_> = list.lines().skip(1).collect();
    let [row] = rows.as_slice() else { panic!("{list}") };
    let cells: Vec<_> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let number = job["id"].to_string();
    let requested = "2026-01-01T00:00:00Z";
    assert_eq!(
        cells,
        [&*number, "password_reset", "dead", "1", requested, "never", "b***@example.com", REASON]
    );
}

/// Security checklist: 4.
#[tokio::test]
async fn a_dead_letter_that_is_retried_over_http_is_delivered_once() {
    let scene = Scene::with_a_dead_letter().await;
    let job = scene.job().await.expect("a dead letter");

    let retry = Request::post(&format!("/api/mail/jobs/{}/retry", job["id"])).bearer(&scene.olga);
    retry.send(scene.server.address).await.succeeded(200);

    let letter = scene.arrived("bobby").await;
    scene.works_for_bobby(&letter).await;
    retry.send(scene.server.address).await.refused(404, "MAIL_JOB_NOT_FOUND");
}

/// Security checklist: 4.
#[tokio::test]
async fn a_dead_letter_that_is_retried_at_the_command_line_is_delivered_once() {
    let scene = Scene::with_a_dead_letter().await;
    let id = scene.job().await.expect("a dead letter")["id"].to_string();

    let said = scene.mail_command(&["retry", &id]).await;

    assert_eq!(said, format!("mail {id} is due; the server sends it\n"));
    // Due by the clock of the command, which is the machine's.
    scene.server.clock.advance(chrono::Duration::days(100 * 365));
    scene.server.pass_seconds(1).await;
    let letter = scene.arrived("bobby").await;
    scene.reset(&letter).await.succeeded(200);
    api::session(scene.server.address, "bobby", NEW).await;
    assert_eq!(scene.arrived("bobby").await.subject, "denizen: your password was changed");
    assert_eq!(scene.smtp.waiting(), 0);
}

#[tokio::test]
async fn whoever_asks_again_after_a_dead_letter_gets_one_mail() {
    let scene = Scene::with_a_dead_letter().await;
    scene.server.pass_seconds(60).await;

    scene.ask("bobby").await;

    let letter = scene.arrived("bobby").await;
    scene.works_for_bobby(&letter).await;
}

/// A dead letter that is retried while the reason lasts is dead again, and counts from one.
#[tokio::test]
async fn a_retry_that_fails_again_says_so() {
    let scene = Scene::with_a_dead_letter().await;
    let id = scene.job().await.expect("a dead letter")["id"].clone();
    scene.smtp.fail(SmtpFault::Reply(SmtpCommand::Content, "554 5.7.1 that looks like spam"));
    scene.smtp.hold_at(SmtpCommand::Content);
    let retry = Request::post(&format!("/api/mail/jobs/{id}/retry")).bearer(&scene.olga);
    retry.send(scene.server.address).await.succeeded(200);
    scene.smtp.held().await;
    scene.smtp.release();
    scene.smtp.idle().await;
    scene.smtp.recover();
    scene.server.pass_seconds(60).await;
    scene.let_turns_end().await;

    let job = scene.job().await.expect("a dead letter");

    assert_eq!((&job["id"], &job["state"], &job["attempts"]), (&id, &json!("dead"), &json!(1)), "{job}");
    assert_eq!(job["reason"], "the mail server refuses the content: 554 5.7.1 that looks like spam");
}
