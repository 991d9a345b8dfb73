//! A server whose mails go through a real conversation with a mail server.

use std::fs;

use denizen_mail::{Encryption, MailUrl, SmtpServer as Address};
use denizen_server::{
    Overrides,
    config::{DATABASE, MAIL, MAIL_ROOT_CERTIFICATE, Setting},
};
use denizen_testkit::SmtpServer;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{advance, pause, resume, timeout};

use super::{
    PATIENCE, TestServer, configuration,
    http::Request,
    production::{PRODUCTION, UNLIMITED},
};

impl TestServer {
    /// In the production profile, without limits for one IP address, with the mailer of the configuration: it talks to
    /// `smtp`, trusts its certificate, and encrypts in this way, whatever the server wants. `settings` win over the usual
    /// ones.
    pub async fn start_mailing(
        smtp: &SmtpServer,
        encryption: Encryption,
        settings: &[(&'static Setting, &str)],
    ) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (database, root) = (format!("sqlite://{}", path("denizen.db")), path("root.pem"));
        fs::write(&root, smtp.root_certificate()).expect("a file");
        let scheme = if encryption == Encryption::Implicit { "smtps" } else { "smtp" };
        let url = format!("{scheme}://{}", smtp.address());
        let usual = [(&DATABASE, &*database), (&MAIL, &*url), (&MAIL_ROOT_CERTIFICATE, &*root)];
        let mut config = configuration(&[&PRODUCTION[..], &UNLIMITED, &usual, settings].concat());
        if encryption == Encryption::StartTls {
            // A URL asks for it only of servers on other machines.
            let (host, port) = (smtp.address().ip().to_string(), smtp.address().port());
            config.mail = MailUrl::Smtp(Address { host, port, encryption, login: None });
        }
        let mut server = Self::launch(config, Default::default(), Overrides::default()).await;
        server.folder = Some(folder);
        server
    }

    /// Lets this many seconds pass, for the server's own clock as for everything in it that waits.
    pub async fn pass_seconds(&self, seconds: u32) {
        self.clock.advance(chrono::Duration::seconds(i64::from(seconds)));
        pause();
        advance(std::time::Duration::from_secs(u64::from(seconds))).await;
        resume();
    }

    /// The mails that wait or were given up, as `/api/mail/jobs` shows them to whoever has this session.
    pub async fn mail_jobs(&self, session: &str) -> Vec<Value> {
        let list = Request::get("/api/mail/jobs").bearer(session).send(self.address).await.succeeded(200);
        list["data"].as_array().expect("a list").clone()
    }
}

/// The next mail that arrives; ends the test if none does.
pub async fn next_mail(smtp: &SmtpServer) -> denizen_testkit::ReceivedMail {
    timeout(PATIENCE, smtp.next_mail()).await.expect("a mail")
}

/// What follows the public URL in a link of a mail.
#[track_caller]
pub fn path_of(link: &str) -> &str {
    link.strip_prefix("https://id.example.com").unwrap_or_else(|| panic!("a link to somewhere else: {link}"))
}
