//! What arrived.

use mail_parser::MessageParser;

use crate::must;

/// A mail as the server took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The sender of the envelope, where failures go. Not necessarily the `From`.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// Who had logged in.
    pub user: Option<String>,
    /// What is in the envelope.
    pub letter: Letter,
}

/// A mail's content, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// All of it, as it travelled: header, empty line, body.
    pub raw: Vec<u8>,
    /// Empty if there is none.
    pub subject: String,
    /// The text part. Empty if there is none.
    pub text: String,
    /// The HTML part. Empty if there is none.
    pub html: String,
}

impl Letter {
    /// Reads a mail, such as the content of an `.eml` file. Ends the test if it is none.
    #[must_use]
    #[track_caller]
    pub fn parse(raw: &[u8]) -> Self {
        let message = must(MessageParser::default().parse(raw).ok_or("no mail"));
        // A mail without such a part gets one that the parser makes of the other; that one did not arrive.
        let is_html = |id: &&u32| message.part(**id).is_some_and(|part| part.is_text_html());
        let text = message.text_body.iter().find(|id| !is_html(id));
        let html = message.html_body.iter().find(is_html);
        let content = |id: Option<&u32>| {
            let part = id.and_then(|id| message.part(*id)).and_then(|part| part.text_contents());
            part.unwrap_or_default().replace("\r\n", "\n")
        };
        Self {
            raw: raw.to_vec(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: content(text),
            html: content(html),
        }
    }

    /// The field of that name as it travelled, without its name and folding, if there is exactly one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.raw);
        let header =
            text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut values = header.split("\r\n").filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        values.next().filter(|_| values.next().is_none())
    }

    /// The token of the link in the text part.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("token=")?;
        rest.split(|c: char| !c.is_ascii_hexdigit()).next().filter(|token| !token.is_empty())
    }
}
