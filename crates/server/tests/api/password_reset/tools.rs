//! What only these tests ask of the tools that they share with others.

use serde_json::Value;
use tokio::time::{advance, pause, resume};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    TestServer,
    http::Request,
    page::{Page, attribute},
    socket::Socket,
};

impl TestServer {
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

impl Page {
    /// Where the link with this text leads.
    #[track_caller]
    pub fn link(&self, text: &str) -> String {
        let (before, _) = self.text.split_once(&format!(">{text}</a>")).expect("such a link");
        attribute(before.rsplit('<').next().unwrap_or_default(), "href").expect("an address")
    }
}

impl Socket {
    /// The messages that come before the server's goodbye, and its code.
    pub async fn rest(&mut self) -> (Vec<String>, u16) {
        let mut messages = Vec::new();
        loop {
            match self.next_frame().await {
                Message::Close(frame) => return (messages, frame.expect("a code").code.into()),
                frame => messages.push(frame.into_text().expect("text").to_string()),
            }
        }
    }
}
