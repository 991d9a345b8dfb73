//! Mail into the log, for developers.

use async_trait::async_trait;
use denizen_services::{Mail, MailError, MailMessage, Mailer};

use crate::link::Links;

/// "Sends" every mail as lines of the log, tokens included. Only for the developer's own machine: the server refuses
/// to start with it in production.
#[derive(Debug, Clone)]
pub struct LogMailer {
    links: Links,
}

impl LogMailer {
    /// A transport whose mails contain these links.
    #[must_use]
    pub const fn new(links: Links) -> Self {
        Self { links }
    }

    fn lines(&self, mail: &Mail) -> Vec<String> {
        let to = &mail.to;
        match &mail.message {
            // The token stands on one line and last, so that a double click takes it.
            MailMessage::PasswordReset { token, valid_for } => vec![
                format!("mail to {to}: choose a new password within {} minutes", valid_for.num_minutes()),
                format!("mail to {to}: {}", self.links.password_reset(token.expose())),
                format!("Password reset token for {to}: {}", token.expose()),
            ],
            MailMessage::PasswordChanged { at, ip } => {
                let from = ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
                vec![format!("mail to {to}: your password was changed at {}{from}", at.format("%F %T UTC"))]
            }
        }
    }
}

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        for line in self.lines(mail) {
            log::info!("{line}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use denizen_models::EmailAddress;
    use denizen_services::{Clock as _, OsTokenSource, SystemClock, Token};

    use super::*;

    fn lines(message: MailMessage) -> Vec<String> {
        let to = EmailAddress::parse("alice@example.com").unwrap();
        let mail = Mail { to, name: "Alice".to_owned(), message };
        LogMailer::new(Links::below("http://localhost:8080")).lines(&mail)
    }

    #[test]
    fn the_token_stands_at_the_end_of_one_line_and_in_the_link() {
        let token = Token::mint(&OsTokenSource).unwrap();
        let valid_for = chrono::Duration::minutes(30);
        let lines = lines(MailMessage::PasswordReset { token: token.clone(), valid_for });
        assert_eq!(lines[2], format!("Password reset token for alice@example.com: {}", token.expose()));
        assert!(
            lines[1].ends_with(&format!("http://localhost:8080/reset-password?token={}", token.expose()))
        );
        assert!(lines[0].contains("within 30 minutes"));
    }

    #[test]
    fn the_notice_says_when_and_from_where() {
        let at = SystemClock.now();
        let lines = lines(MailMessage::PasswordChanged { at, ip: "::1".parse().ok() });
        let expected = format!(
            "mail to alice@example.com: your password was changed at {} from ::1",
            at.format("%F %T UTC")
        );
        assert_eq!(lines, [expected]);
    }
}
