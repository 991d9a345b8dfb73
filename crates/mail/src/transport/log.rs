//! Mails in the log, for developers.

use async_trait::async_trait;
use denizen_services::{Mail, MailError, MailMessage, Mailer};

use crate::compose::Composer;

/// The module that log filters and the documentation name.
const TARGET: &str = "denizen_mail::log";

/// Writes every mail into the log, with its token. For the developer's own machine only: the server refuses to start with
/// it in production.
pub struct LogMailer(Composer);

impl LogMailer {
    /// Creates a transport for the mails of this composer.
    pub(crate) const fn new(composer: Composer) -> Self {
        Self(composer)
    }

    /// Returns subject and text, and then the token alone at the end of a line, so that a double click selects it.
    fn lines(&self, mail: &Mail) -> Result<Vec<String>, MailError> {
        let rendered = self.0.render(mail)?;
        let to = &mail.to;
        let text = [rendered.subject.as_str()].into_iter().chain(rendered.text.lines());
        let text = text.filter(|line| !line.is_empty()).map(|line| format!("mail to {to}: {line}"));
        let token = match &mail.message {
            MailMessage::Link { token, .. } => Some(token.expose()),
            MailMessage::Notice { .. } => None,
        };
        let mut label = rendered.name.replace('_', " ");
        if let Some(initial) = label.get_mut(..1) {
            initial.make_ascii_uppercase();
        }
        let token = token.map(|token| format!("{label} token for {to}: {token}"));
        Ok(text.chain(token).collect())
    }
}

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        for line in self.lines(mail)? {
            log::info!(target: TARGET, "{line}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use denizen_models::{EmailAddress, Username};
    use denizen_services::{Clock as _, LinkTemplate, NoticeTemplate, OsTokenSource, SystemClock, Token};

    use super::*;
    use crate::{MailSettings, MailUrl};

    fn lines(message: MailMessage) -> Vec<String> {
        let settings = MailSettings {
            service: "Example".to_owned(),
            ..MailSettings::new(MailUrl::Log, "http://localhost:8080")
        };
        let composer = Composer::new(&settings, Arc::new(SystemClock)).unwrap();
        let to = EmailAddress::parse("alice@example.com").unwrap();
        let mail = Mail { id: "1.1.0".to_owned(), to, name: "Alice".to_owned(), message };
        LogMailer::new(composer).lines(&mail).unwrap()
    }

    #[test]
    fn every_mail_with_a_token_ends_with_it() {
        let token = Token::mint(&OsTokenSource).unwrap();
        let ada = Username::parse("ada_l").unwrap();
        for (template, page, label) in [
            (LinkTemplate::PasswordReset, "reset-password", "Password reset"),
            (LinkTemplate::Invitation(ada.clone()), "accept-invitation", "Invitation"),
            (LinkTemplate::ConfirmSignUp(ada), "verify-email", "Confirm sign up"),
            (LinkTemplate::VerifyEmail, "verify-email", "Verify email"),
            (LinkTemplate::ConfirmEmailChange, "confirm-email-change", "Confirm email change"),
        ] {
            let valid_for = chrono::Duration::minutes(30);
            let lines = lines(MailMessage::Link { template, token: token.clone(), valid_for });
            let token = token.expose();
            let link = format!("mail to alice@example.com: http://localhost:8080/{page}?token={token}");
            assert!(lines.contains(&link), "{lines:#?}");
            assert!(lines.iter().any(|line| line.contains(" works for 30 minutes ")), "{lines:#?}");
            assert_eq!(lines.last(), Some(&format!("{label} token for alice@example.com: {token}")));
        }
    }

    #[test]
    fn a_notice_says_when_and_from_where() {
        let at = SystemClock.now();
        for (template, subject) in [
            (NoticeTemplate::PasswordChanged, "your password was changed"),
            (NoticeTemplate::AccountExists, "you have an account already"),
            (NoticeTemplate::EmailChanged, "the address of your account was changed"),
            (NoticeTemplate::AccountDeleted, "your account was deleted"),
            (NoticeTemplate::Test, "test"),
        ] {
            let lines = lines(MailMessage::Notice { template, at, ip: "::1".parse().ok() });
            assert_eq!(lines[0], format!("mail to alice@example.com: Example: {subject}"));
            let text = lines.join(" ");
            assert!(text.contains(&at.format("%F at %T UTC").to_string()), "{text}");
            assert_eq!(text.contains("from ::1"), template != NoticeTemplate::Test, "{text}");
        }
    }
}
