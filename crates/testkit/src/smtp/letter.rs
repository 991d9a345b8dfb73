//! What arrived.

use mail_parser::{Address, MessageParser, decoders::html::html_to_text};

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

    /// The names of all fields of the header, in order.
    #[must_use]
    pub fn field_names(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.raw);
        let header = text.split("\r\n\r\n").next().unwrap_or_default();
        let lines = header.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
    }

    /// The names, decoded, and addresses in the field of that name. A name that is not there is empty.
    #[must_use]
    pub fn mailboxes(&self, field: &str) -> Vec<(String, String)> {
        let message = MessageParser::default().parse(&self.raw);
        let value = message.as_ref().and_then(|message| message.header(field)?.as_address());
        let mailboxes = value.into_iter().flat_map(Address::iter);
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        mailboxes.map(|mailbox| (text(mailbox.name()), text(mailbox.address()))).collect()
    }

    /// The line of the text part that is a link with a token.
    #[must_use]
    pub fn text_link(&self) -> Option<&str> {
        self.text.lines().find(|line| line.starts_with("http") && line.contains("?token="))
    }

    /// Where the link of the HTML part leads that carries a token, as a browser reads it.
    #[must_use]
    pub fn html_link(&self) -> Option<String> {
        let links = self.html.split("<a href=\"").skip(1).filter_map(|rest| rest.split_once('"'));
        links.map(|(link, _)| html_to_text(link)).find(|link| link.contains("?token="))
    }

    /// The token of the link in the text part.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        let (_, rest) = self.text.split_once("token=")?;
        rest.split(|c: char| !c.is_ascii_hexdigit()).next().filter(|token| !token.is_empty())
    }
}
