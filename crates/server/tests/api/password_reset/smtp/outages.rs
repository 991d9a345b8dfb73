//! A mail server that fails for a while: nobody who asks can tell, and no mail is lost or comes twice.

use denizen_testkit::SmtpFault;
use tempfile::TempDir;

use super::*;
use crate::support::{
    process::{Process, run},
    production::enrol,
};

/// How conversations are protected.
const IMPLICIT: (SmtpSecurity, Encryption) = (SmtpSecurity::Implicit, Encryption::Implicit);
const STARTTLS: (SmtpSecurity, Encryption) = (SmtpSecurity::StartTls, Encryption::StartTls);
const IN_CLEAR: (SmtpSecurity, Encryption) = (SmtpSecurity::None, Encryption::None);

impl Scene {
    /// Has the conversation about Bobby's mail stand still at `command` until all who ask have their answers.
    async fn answer_during_conversation(&self, command: SmtpCommand) -> Shape {
        let healthy = self.healthy_answer().await;
        self.smtp.hold_at(command);
        assert_eq!(self.ask("bobby").await, healthy);
        self.smtp.held().await;
        assert_eq!(self.ask("ghost").await, healthy, "told apart while the mail server is stuck");
        healthy
    }

    /// Bobby's mail failed for this reason, and is to be tried again.
    #[track_caller]
    fn failed_once(job: Option<Value>, reason: &str) {
        let job = job.expect("a mail that is still to be sent");
        assert_eq!((&job["kind"], &job["state"]), (&"password_reset".into(), &"waiting".into()), "{job}");
        assert_eq!((&job["attempts"], &job["address"]), (&1.into(), &"b***@example.com".into()), "{job}");
        assert!(job["reason"].as_str().is_some_and(|it| it.contains(reason)), "{job}");
        assert!(!job.to_string().contains("bobby"), "{job}");
    }
}

/// The mail server fails after the answers are given. Once it is well again, the mail arrives, and its token works.
async fn weathers(how: (SmtpSecurity, Encryption), fault: SmtpFault, reason: &str) {
    let scene = Scene::start_with(how.0, how.1, &[]).await;
    let Scene { server, smtp, .. } = &scene;
    let healthy = scene.answer_during_conversation(SmtpCommand::Greeting).await;

    smtp.fail(fault);
    smtp.release();
    smtp.idle().await;
    smtp.recover();

    assert_eq!(scene.let_turns_end().await, healthy);
    Scene::failed_once(scene.job().await, reason);
    server.pass_seconds(2).await;
    let letter = scene.arrived("bobby").await;
    scene.works_for_bobby(&letter).await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_cuts_the_connection_within_a_mail_loses_none() {
    weathers(IMPLICIT, SmtpFault::DropInData, "the mail server, content: ").await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_hangs_up_at_once_loses_none() {
    weathers(IMPLICIT, SmtpFault::HangUp(SmtpCommand::Greeting), "the mail server, greeting: ").await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_recipient_that_is_refused_for_now_gets_the_mail_later() {
    let busy = SmtpFault::Reply(SmtpCommand::Rcpt, "450 4.2.2 mailbox of <bobby@example.com> is busy");
    weathers(IMPLICIT, busy, "the mail server refuses the recipient: 450 4.2.2 mailbox of … is busy").await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_that_is_refused_for_now_arrives_later() {
    let busy = SmtpFault::Reply(SmtpCommand::Content, "451 4.3.0 the disk is full");
    weathers(IN_CLEAR, busy, "the mail server refuses the content: 451 4.3.0 the disk is full").await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_costs_no_mail() {
    for how in [IMPLICIT, STARTTLS] {
        weathers(how, SmtpFault::UntrustedCertificate, "certificate").await;
    }
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_stops_offering_encryption_gets_no_mail_until_it_does_again() {
    let bare = SmtpFault::Reply(SmtpCommand::Ehlo, "250 denizen-testkit");
    weathers(STARTTLS, bare, "STARTTLS is not supported").await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_says_nothing_is_given_up_after_a_minute_and_tried_again() {
    for command in [SmtpCommand::Greeting, SmtpCommand::Rcpt] {
        let scene = Scene::start().await;
        let healthy = scene.answer_during_conversation(command).await;

        scene.server.pass_seconds(60).await;
        scene.smtp.release();

        assert_eq!(scene.let_turns_end().await, healthy);
        Scene::failed_once(scene.job().await, "the mail server took longer than 60 s");
        scene.server.pass_seconds(2).await;
        let letter = scene.arrived("bobby").await;
        scene.works_for_bobby(&letter).await;
    }
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_takes_half_a_minute_for_a_reply_is_waited_for() {
    let scene = Scene::start().await;
    let healthy = scene.answer_during_conversation(SmtpCommand::Content).await;
    let connections = scene.smtp.connections();

    scene.server.pass_seconds(30).await;
    scene.smtp.release();

    let letter = scene.arrived("bobby").await;
    assert_eq!(scene.let_turns_end().await, healthy);
    assert_eq!(scene.smtp.connections(), connections, "one conversation was enough");
    scene.works_for_bobby(&letter).await;
}

/// A mail that was taken while the answer to it was lost comes twice; its newest token works.
async fn comes_twice(scene: &Scene, reason: &str) {
    assert_eq!(scene.smtp.waiting(), 1);
    let first = scene.arrived("bobby").await;
    scene.let_turns_end().await;
    Scene::failed_once(scene.job().await, reason);
    scene.server.pass_seconds(2).await;
    let second = scene.arrived("bobby").await;

    assert_ne!(first.header("Message-ID"), second.header("Message-ID"));
    scene.reset(&first).await.refused(400, "PASSWORD_RESET_FAILED");
    scene.works_for_bobby(&second).await;
}

/// Security checklist: 4, 10.
#[tokio::test]
async fn a_mail_that_was_taken_without_a_word_comes_twice_and_the_newest_token_works() {
    let scene = Scene::start().await;
    scene.answer_during_conversation(SmtpCommand::Content).await;
    scene.smtp.fail(SmtpFault::HangUp(SmtpCommand::Content));
    scene.smtp.release();
    scene.smtp.idle().await;
    scene.smtp.recover();
    comes_twice(&scene, "the mail server, content: ").await;

    let scene = Scene::start().await;
    scene.answer_during_conversation(SmtpCommand::Content).await;
    scene.server.pass_seconds(60).await;
    scene.smtp.release();
    comes_twice(&scene, "the mail server took longer than 60 s").await;
}

/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_is_stuck_holds_up_nothing_but_mails() {
    let scene = Scene::start().await;
    let at = scene.server.address;
    let healthy = scene.answer_during_conversation(SmtpCommand::Content).await;

    scene.server.session_of("carol").await;
    Request::get("/readyz").send(at).await.succeeded(200);
    assert_eq!(scene.ask("carol").await, healthy);
    assert_eq!(scene.server.mail_jobs(&scene.olga).await.len(), 3, "Bobby's, Ghost's and Carol's");
    scene.smtp.release();

    scene.arrived("bobby").await;
    scene.arrived("carol").await;
}

/// In a process of its own, because only its log tells when it could not connect.
///
/// Security checklist: 4, 61.
#[tokio::test]
async fn a_mail_server_that_is_down_is_reached_when_it_is_up_again() {
    let smtp = SmtpServer::start(SmtpSecurity::None);
    let folder = TempDir::new().unwrap();
    for name in ["alice", "bobby"] {
        enrol(folder.path(), name, &["user"]).await;
    }
    let settings = format!(
        "profile = \"production\"\ndatabase = \"sqlite://denizen.db\"\nmail_from = \"accounts@example.com\"\n\
         public_url = \"https://id.example.com\"\nmail = \"smtp://{}\"\nmail_workers = 1\n\
         log = \"info,denizen_services=debug\"\n",
        smtp.address()
    );
    std::fs::write(folder.path().join("denizen.toml"), settings).unwrap();
    let process = Process::start(folder.path()).await;
    let ask = async |name: &str| {
        let email = format!("{name}@example.com");
        shape(&verbs::request_reset(process.address, &email).await, &email)
    };
    let healthy = ask("alice").await;
    next_mail(&smtp).await;
    smtp.close().await;

    let answers = [ask("bobby").await, ask("ghost").await];
    // One after the other: when it is Ghost's turn, Bobby's is over.
    process.line_with(" is not sent: unknown_address").await;
    let list = run(folder.path(), &["mail", "list"]).await;
    smtp.reopen();
    let mail = next_mail(&smtp).await;

    assert_eq!((&answers[0], &answers[1]), (&healthy, &healthy));
    let list = String::from_utf8(list.stdout).unwrap();
    let row = list.lines().nth(1).unwrap_or_default();
    let cells: BTreeSet<_> = row.split("  ").map(str::trim).collect();
    for cell in ["password_reset", "waiting", "b***@example.com"] {
        assert!(cells.contains(cell), "{list}");
    }
    assert!(row.contains("  mail not sent yet: no connection to the mail server: "), "{list}");
    assert_eq!((mail.to, smtp.waiting()), (vec!["bobby@example.com".to_owned()], 0));
    verbs::reset(process.address, mail.letter.token().unwrap(), NEW).await.succeeded(200);
    api::session(process.address, "bobby", NEW).await;
    let log = process.stop().await;
    assert!(!log.iter().any(|line| line.contains("bobby") || line.contains("ghost")), "{log:#?}");
}
