//! Resets whose mails really travel: a mail server that fails in every way it can, links as they arrive, and what strangers
//! write that could end up in a mail.

mod dead_letters;
mod flood;
mod hostile;
mod kinds;
mod links;
mod outages;

use std::collections::BTreeSet;

use denizen_mail::Encryption;
use denizen_server::config::Setting;
use denizen_testkit::{Letter, ReceivedMail, SmtpCommand, SmtpSecurity, SmtpServer};
use serde_json::Value;

use super::verbs;
use crate::support::{
    TestServer, api,
    http::{Request, Response},
    mailing::next_mail,
    production::PASSWORD,
};

const NEW: &str = "another horse battery";

/// A server and its mail server. Alice, Bobby and Carol have accounts, Ghost has none; Olga administrates.
struct Scene {
    server: TestServer,
    smtp: SmtpServer,
    /// Olga's session.
    olga: String,
}

/// All of an answer that could tell one from another.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    status: u16,
    headers: BTreeSet<(String, String)>,
    body: String,
}

impl Scene {
    /// With TLS from the first byte.
    async fn start() -> Self {
        Self::start_with(SmtpSecurity::Implicit, Encryption::Implicit, &[]).await
    }

    async fn start_with(
        security: SmtpSecurity,
        encryption: Encryption,
        settings: &[(&'static Setting, &str)],
    ) -> Self {
        let smtp = SmtpServer::start(security);
        let server = TestServer::start_mailing(&smtp, encryption, settings).await;
        for name in ["alice", "bobby", "carol"] {
            server.enrol(name).await;
        }
        server.enrol_administrator("olga").await;
        let olga = server.session_of("olga").await;
        Self { server, smtp, olga }
    }

    /// Asks for a reset in this person's name.
    async fn ask(&self, name: &str) -> Shape {
        let email = format!("{name}@example.com");
        shape(&verbs::request_reset(self.server.address, &email).await, &email)
    }

    /// What is answered while all is well. Alice gets her mail; the next one needs a new conversation.
    async fn healthy_answer(&self) -> Shape {
        let answer = self.ask("alice").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.arrived("alice").await;
        self.smtp.close().await;
        self.smtp.reopen();
        answer
    }

    /// The next mail that arrives, which is this person's alone.
    async fn arrived(&self, name: &str) -> Letter {
        let ReceivedMail { to, letter, .. } = next_mail(&self.smtp).await;
        assert_eq!(to, [format!("{name}@example.com")]);
        letter
    }

    /// Waits until the turn of everything that was asked for is over: what Carol asks for now comes next. Works once.
    async fn let_turns_end(&self) -> Shape {
        let answer = self.ask("carol").await;
        self.arrived("carol").await;
        answer
    }

    /// Bobby's mail in the queue, if it is still there.
    async fn job(&self) -> Option<Value> {
        let mut jobs = self.server.mail_jobs(&self.olga).await;
        jobs.retain(|job| job["kind"] == "password_reset" && job["address"] == "b***@example.com");
        assert!(jobs.len() < 2, "{jobs:?}");
        jobs.pop()
    }

    /// Presents the token of this mail.
    async fn reset(&self, letter: &Letter) -> Response {
        verbs::reset(self.server.address, letter.token().expect("a token"), NEW).await
    }

    /// Bobby chooses a new password with the token of this mail, and signs in with it. No other mail arrives before the
    /// notice of that, nor is there another one to be sent.
    async fn works_for_bobby(&self, letter: &Letter) {
        self.reset(letter).await.succeeded(200);
        api::session(self.server.address, "bobby", NEW).await;
        api::login(self.server.address, "bobby", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
        let notice = self.arrived("bobby").await;
        assert_eq!(notice.subject, "denizen: your password was changed");
        assert_eq!((self.job().await, self.smtp.waiting()), (None, 0));
    }
}

/// Leaves out what differs by its nature: when it was answered, which request it was, the address that was typed, and the
/// order of the headers, which the server draws at random.
fn shape(answer: &Response, email: &str) -> Shape {
    let body = answer.json();
    let id = body["request_id"].as_str().expect("a request id");
    let at = body["timestamp"].to_string();
    let headers = answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    Shape {
        status: answer.status,
        headers: headers.filter(|(name, _)| !matches!(&**name, "date" | "x-request-id")).collect(),
        body: answer.text().replace(id, "ID").replace(&at, "AT").replace(email, "EMAIL"),
    }
}
