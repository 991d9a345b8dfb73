//! A page for people, used as a browser without JavaScript uses it: by its links and forms alone.

use std::net::SocketAddr;

use super::http::{Request, Response};

/// A page, and where it was found.
pub struct Page {
    pub address: String,
    pub text: String,
}

impl Page {
    pub async fn open(at: SocketAddr, address: &str) -> Self {
        Self::read(address, &Request::get(address).send(at).await, 200)
    }

    #[track_caller]
    pub fn read(address: &str, response: &Response, status: u16) -> Self {
        let text = response.text();
        assert_eq!(response.status, status, "{text}");
        assert_eq!(response.header("Content-Type"), Some("text/html; charset=utf-8"));
        Self { address: address.to_owned(), text }
    }

    /// Fills in the one field of the one form, and sends it as a browser would.
    pub async fn submit(&self, at: SocketAddr, value: &str, status: u16) -> Self {
        let mut fields = self.fields();
        let (Some(field), None) = (fields.pop(), fields.pop()) else {
            panic!("not one field: {}", self.text)
        };
        self.send(at, format!("{field}={}", encoded(value)), status).await
    }

    /// Fills in all fields of the one form, in their order, and sends it as a browser would.
    pub async fn fill(&self, at: SocketAddr, values: &[(String, String)], status: u16) -> Self {
        let names: Vec<&String> = values.iter().map(|(name, _)| name).collect();
        assert_eq!(self.fields().iter().collect::<Vec<_>>(), names, "{}", self.text);
        let pairs = values.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        self.send(at, pairs.collect::<Vec<_>>().join("&"), status).await
    }

    /// Presses the button of the one form, which has no field.
    pub async fn press(&self, at: SocketAddr, status: u16) -> Self {
        assert_eq!(self.fields(), [""; 0], "{}", self.text);
        self.send(at, String::new(), status).await
    }

    fn form(&self) -> &str {
        let (_, form) = self.text.split_once("<form ").expect("a form");
        form
    }

    fn fields(&self) -> Vec<String> {
        let inputs = self.form().split("<input ").skip(1);
        inputs.filter_map(|input| attribute(input, "name")).collect()
    }

    async fn send(&self, at: SocketAddr, body: String, status: u16) -> Self {
        let tag = self.form().split('>').next().unwrap_or_default();
        assert_eq!(attribute(tag, "method").as_deref(), Some("post"), "{tag}");
        let action = attribute(tag, "action").unwrap_or_else(|| self.address.clone());
        let request = Request::post(&action)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", "null")
            .header("Sec-Fetch-Site", "same-origin")
            .body(body);
        let response = request.send(at).await;
        // A form that was accepted leads to a page that says so.
        match response.header("Location") {
            Some(place) if response.status == 303 => {
                Self::read(place, &Request::get(place).anonymous().send(at).await, status)
            }
            _ => Self::read(&action, &response, status),
        }
    }
}

/// As a browser encodes a value, only more of it.
fn encoded(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
