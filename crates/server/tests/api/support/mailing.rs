//! A server whose mails go through a real conversation with a mail server.

use std::fs;

use denizen_mail::{Encryption, MailUrl, SmtpServer as Address};
use denizen_server::{
    Overrides,
    config::{DATABASE, MAIL, MAIL_ROOT_CERTIFICATE, Setting},
};
use denizen_testkit::SmtpServer;
use tempfile::TempDir;
use tokio::time::timeout;

use super::{
    PATIENCE, TestServer, configuration,
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
        let overrides = Overrides { create_database: true, ..Overrides::default() };
        let mut server = Self::launch(config, Default::default(), overrides).await;
        server.folder = Some(folder);
        server
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
