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
    use denizen_models::{EmailAddress, Username};
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

    #[test]
    fn every_mail_with_a_token_ends_with_it() {
        let (username, valid_for) = (Username::parse("ada_l").unwrap(), chrono::Duration::hours(24));
        let token = Token::mint(&OsTokenSource).unwrap();
        for (message, words, page) in [
            (
                MailMessage::Invitation { username: username.clone(), token: token.clone(), valid_for },
                "choose a password for your account ada_l within 24 hours",
                "accept-invitation",
            ),
            (
                MailMessage::ConfirmSignUp { username, token: token.clone(), valid_for },
                "confirm your account ada_l within 24 hours",
                "verify-email",
            ),
            (
                MailMessage::VerifyEmail { token: token.clone(), valid_for },
                "confirm this address within 24 hours",
                "verify-email",
            ),
            (
                MailMessage::ConfirmEmailChange { token: token.clone(), valid_for },
                "confirm your new address within 24 hours",
                "confirm-email-change",
            ),
        ] {
            let lines = lines(message);
            assert_eq!(lines[0], format!("mail to alice@example.com: {words}"));
            assert!(lines[1].ends_with(&format!("/{page}?token={}", token.expose())), "{}", lines[1]);
            assert!(lines[2].ends_with(&format!(" token for alice@example.com: {}", token.expose())));
        }
    }

    #[test]
    fn every_notice_is_one_line() {
        let at = SystemClock.now();
        for (message, words) in [
            (MailMessage::AccountExists { at, ip: None }, "somebody wanted an account with your address"),
            (MailMessage::EmailChanged { at, ip: None }, "the address of your account was changed"),
            (MailMessage::Test { at }, "a test"),
        ] {
            let lines = lines(message);
            assert_eq!(lines.len(), 1);
            assert!(lines[0].starts_with(&format!("mail to alice@example.com: {words}")), "{}", lines[0]);
            assert!(lines[0].ends_with(&at.format(" at %F %T UTC").to_string()), "{}", lines[0]);
        }
    }
}
