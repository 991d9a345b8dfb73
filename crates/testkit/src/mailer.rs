//! A mailer that keeps what it should send.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use denizen_models::fold;
use denizen_services::{Mail, MailError, MailMessage, Mailer};
use tokio::sync::Notify;

/// Keeps every mail in memory, and fails when told to.
#[derive(Debug, Default)]
pub struct RecordingMailer {
    record: Mutex<Record>,
    sent: Notify,
}

#[derive(Debug, Default)]
struct Record {
    sent: Vec<Mail>,
    /// How many of `sent` [`RecordingMailer::next_token_for`] has looked at, for each address.
    read: HashMap<String, usize>,
    failures: VecDeque<MailError>,
}

impl RecordingMailer {
    /// Nothing sent, nothing to fail.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next `times` sendings fail with `error`, after those that were already told to fail.
    pub fn fail_next(&self, times: usize, error: MailError) {
        self.with(|record| record.failures.extend(std::iter::repeat_n(error, times)));
    }

    /// Every mail that did not fail, oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<Mail> {
        self.with(|record| record.sent.clone())
    }

    /// The mails to this address, whatever its case, oldest first.
    #[must_use]
    pub fn sent_to(&self, address: &str) -> Vec<Mail> {
        let key = fold(address);
        self.sent().into_iter().filter(|mail| mail.to.key() == key).collect()
    }

    /// The token in the newest mail to this address that carries one.
    #[must_use]
    pub fn last_token_for(&self, address: &str) -> Option<String> {
        self.sent_to(address).iter().rev().find_map(token_in)
    }

    /// The token in the next mail to this address, in the order of sending. Waits until there is one that an earlier
    /// call has not returned.
    pub async fn next_token_for(&self, address: &str) -> String {
        loop {
            let notified = self.sent.notified();
            if let Some(token) = self.unread_token_for(address) {
                return token;
            }
            notified.await;
        }
    }

    /// The newest mail to this address that says what is wanted. Waits until there is one.
    pub async fn wait_for(&self, address: &str, wanted: impl Fn(&MailMessage) -> bool) -> Mail {
        loop {
            let notified = self.sent.notified();
            if let Some(mail) = self.sent_to(address).into_iter().rfind(|mail| wanted(&mail.message)) {
                return mail;
            }
            notified.await;
        }
    }

    fn unread_token_for(&self, address: &str) -> Option<String> {
        let key = fold(address);
        self.with(|record| {
            let read = record.read.entry(key.clone()).or_default();
            while let Some(mail) = record.sent.get(*read) {
                *read += 1;
                if let Some(token) = token_in(mail).filter(|_| mail.to.key() == key) {
                    return Some(token);
                }
            }
            None
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Record) -> T) -> T {
        work(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn token_in(mail: &Mail) -> Option<String> {
    match &mail.message {
        MailMessage::Link { token, .. } => Some(token.expose().to_owned()),
        MailMessage::Notice { .. } => None,
    }
}

#[async_trait]
impl Mailer for RecordingMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.with(|record| match record.failures.pop_front() {
            Some(error) => Err(error),
            None => {
                record.sent.push(mail.clone());
                Ok(())
            }
        })?;
        self.sent.notify_waiters();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use denizen_services::{LinkTemplate, NoticeTemplate, Token};

    use super::*;
    use crate::{FixedClock, SeededTokens, user_values};

    fn mail(name: &str, message: MailMessage) -> Mail {
        Mail { id: "1".to_owned(), to: user_values(name).email, name: name.to_owned(), message }
    }

    fn reset(token: &Token) -> MailMessage {
        let (template, valid_for) = (LinkTemplate::PasswordReset, Duration::minutes(30));
        MailMessage::Link { template, token: token.clone(), valid_for }
    }

    fn notice(template: NoticeTemplate) -> MailMessage {
        MailMessage::Notice { template, at: FixedClock::start(), ip: None }
    }

    #[tokio::test]
    async fn it_fails_as_often_as_told_and_keeps_the_rest() {
        let mailer = RecordingMailer::new();
        let error = MailError::Permanent("no such mailbox".into());
        mailer.fail_next(2, error.clone());
        let changed = mail("alice", notice(NoticeTemplate::PasswordChanged));
        assert_eq!(mailer.send(&changed).await, Err(error.clone()));
        assert_eq!(mailer.send(&changed).await, Err(error));
        assert_eq!(mailer.send(&changed).await, Ok(()));
        assert_eq!((mailer.sent().len(), mailer.sent_to("bob@example.com").len()), (1, 0));
    }

    #[tokio::test]
    async fn each_token_is_handed_out_once_and_waited_for() {
        let (mailer, source) = (std::sync::Arc::new(RecordingMailer::new()), SeededTokens::new(1));
        let waiting = {
            let mailer = mailer.clone();
            tokio::spawn(async move { (mailer.next_token_for("alice@example.com").await, mailer) })
        };
        let tokens = [(); 2].map(|()| Token::mint(&source).unwrap());
        for token in &tokens {
            mailer.send(&mail("alice", reset(token))).await.unwrap();
        }
        assert_eq!(waiting.await.unwrap().0, tokens[0].expose());
        assert_eq!(mailer.next_token_for("Alice@example.com").await, tokens[1].expose());
    }

    #[tokio::test]
    async fn a_mail_that_says_what_is_wanted_is_waited_for() {
        let mailer = std::sync::Arc::new(RecordingMailer::new());
        let waiting = {
            let mailer = mailer.clone();
            let wanted = |message: &MailMessage| {
                matches!(message, MailMessage::Notice { template: NoticeTemplate::PasswordChanged, .. })
            };
            tokio::spawn(async move { mailer.wait_for("Alice@example.com", wanted).await })
        };
        for (id, name, message) in [
            ("1", "bob", notice(NoticeTemplate::PasswordChanged)),
            ("2", "alice", notice(NoticeTemplate::EmailChanged)),
            ("3", "alice", notice(NoticeTemplate::PasswordChanged)),
        ] {
            mailer.send(&Mail { id: id.to_owned(), ..mail(name, message) }).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(waiting.await.unwrap().id, "3");
    }

    #[tokio::test]
    async fn the_last_token_is_that_of_the_newest_mail_with_one() {
        let (mailer, source) = (RecordingMailer::new(), SeededTokens::new(1));
        assert_eq!(mailer.last_token_for("alice@example.com"), None);
        let tokens = [(); 2].map(|()| Token::mint(&source).unwrap());
        for token in &tokens {
            mailer.send(&mail("alice", reset(token))).await.unwrap();
        }
        let changed = mail("alice", notice(NoticeTemplate::PasswordChanged));
        mailer.send(&changed).await.unwrap();
        assert_eq!(mailer.last_token_for("ALICE@example.com").as_deref(), Some(tokens[1].expose()));
    }
}
