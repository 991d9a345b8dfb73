//! Mail into the log, for developers.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_services::{Mail, MailError, MailMessage, Mailer, Token};

use crate::{
    link::{Links, Page},
    words::in_words,
};

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
        let notice = |what: String| vec![format!("mail to {}: {what}", mail.to)];
        match &mail.message {
            MailMessage::PasswordReset { token, valid_for } => self.with_token(
                mail,
                &format!("choose a new password within {}", in_words(*valid_for)),
                (Page::ResetPassword, "Password reset", token),
            ),
            MailMessage::Invitation { username, token, valid_for } => self.with_token(
                mail,
                &format!("choose a password for your account {username} within {}", in_words(*valid_for)),
                (Page::AcceptInvitation, "Invitation", token),
            ),
            MailMessage::ConfirmSignUp { username, token, valid_for } => self.with_token(
                mail,
                &format!("confirm your account {username} within {}", in_words(*valid_for)),
                (Page::VerifyEmail, "Sign-up", token),
            ),
            MailMessage::VerifyEmail { token, valid_for } => self.with_token(
                mail,
                &format!("confirm this address within {}", in_words(*valid_for)),
                (Page::VerifyEmail, "Verification", token),
            ),
            MailMessage::ConfirmEmailChange { token, valid_for } => self.with_token(
                mail,
                &format!("confirm your new address within {}", in_words(*valid_for)),
                (Page::ConfirmEmailChange, "Address change", token),
            ),
            MailMessage::PasswordChanged { at, ip } => {
                notice(format!("your password was changed {}", when_and_whence(*at, *ip)))
            }
            MailMessage::AccountExists { at, ip } => notice(format!(
                "somebody wanted an account with your address, and you have one already {}",
                when_and_whence(*at, *ip)
            )),
            MailMessage::EmailChanged { at, ip } => {
                notice(format!("the address of your account was changed {}", when_and_whence(*at, *ip)))
            }
            MailMessage::Test { at } => notice(format!("a test {}", when_and_whence(*at, None))),
        }
    }

    /// The token stands on one line and last, so that a double click takes it.
    fn with_token(&self, mail: &Mail, what: &str, (page, label, token): (Page, &str, &Token)) -> Vec<String> {
        let (to, token) = (&mail.to, token.expose());
        vec![
            format!("mail to {to}: {what}"),
            format!("mail to {to}: {}", self.links.to(page, token)),
            format!("{label} token for {to}: {token}"),
        ]
    }
}

fn when_and_whence(at: DateTime<Utc>, ip: Option<IpAddr>) -> String {
    let from = ip.map(|ip| format!(" from {ip}")).unwrap_or_default();
    format!("at {}{from}", at.format("%F %T UTC"))
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
        let mail = Mail { id: "1.1.0".to_owned(), to, name: "Alice".to_owned(), message };
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
