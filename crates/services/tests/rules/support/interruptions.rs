//! What happens at a moment that a test cannot reach by calling.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use denizen_services::{Mail, MailError, Mailer};
use denizen_testkit::RecordingMailer;

type Event<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// Events in the order in which they are to happen, each of them once.
pub struct Interruptions<E>(Mutex<VecDeque<Event<E>>>);

impl<E> Default for Interruptions<E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<E> Interruptions<E> {
    pub fn add(&self, event: impl Future<Output = Result<(), E>> + Send + 'static) {
        self.0.lock().unwrap().push_back(Box::pin(event));
    }

    /// Lets the next one happen, if there is one.
    pub async fn next(&self) -> Result<(), E> {
        let event = self.0.lock().unwrap().pop_front();
        match event {
            Some(event) => event.await,
            None => Ok(()),
        }
    }
}

/// A mailer during whose work something else may happen.
pub struct InterruptedMailer {
    record: Arc<RecordingMailer>,
    pub while_sending: Interruptions<MailError>,
}

impl InterruptedMailer {
    pub fn new(record: Arc<RecordingMailer>) -> Self {
        Self { record, while_sending: Interruptions::default() }
    }

    pub fn record(&self) -> Arc<RecordingMailer> {
        self.record.clone()
    }
}

#[async_trait]
impl Mailer for InterruptedMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.while_sending.next().await?;
        self.record.send(mail).await
    }
}
