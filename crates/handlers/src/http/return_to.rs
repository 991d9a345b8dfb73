//! Where a browser goes after sign-in.

use crate::HandlerSettings;

/// A place that a browser may be sent to: a path of our own host, or a URL of an origin in
/// [`HandlerSettings::return_origins`]. To be sent anywhere else would lend our name to other sites (OWASP, Unvalidated
/// Redirects and Forwards cheat sheet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnTo {
    url: String,
    /// The length of the origin, 0 for a path.
    origin: usize,
}

impl ReturnTo {
    /// Returns the place that `text` names, or `None` if a browser may not be sent there.
    ///
    /// Browsers drop tabs and line ends from URLs, and take `\` for `/`: a text with either is refused, so what is
    /// compared here is what they read.
    pub(crate) fn parse(text: &str, settings: &HandlerSettings) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let begins = |rest: &str| rest.is_empty() || rest.starts_with(['/', '?', '#']);
        let origin = if text.starts_with('/') && !text.starts_with("//") {
            0
        } else {
            let is_origin = |origin: &&String| text.strip_prefix(origin.as_str()).is_some_and(begins);
            settings.return_origins.iter().filter(|origin| !origin.is_empty()).find(is_origin)?.len()
        };
        plain.then(|| Self { url: text.to_owned(), origin })
    }

    /// Returns the URL for `Location` and links.
    pub(crate) fn as_str(&self) -> &str {
        &self.url
    }

    /// Returns the origin, unless it is our own: a form that leads there needs it in its policy.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.url.get(..self.origin).filter(|origin| !origin.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> HandlerSettings {
        let return_origins = ["https://app.example.com", "http://localhost:5173"].map(str::to_owned).to_vec();
        HandlerSettings { return_origins, ..HandlerSettings::default() }
    }

    #[test]
    fn paths_of_ours_and_listed_origins_are_places_to_return_to() {
        for (text, origin) in [
            ("/", None),
            ("/notes/7?page=2&sort=%2Ba#top", None),
            ("https://app.example.com", Some("https://app.example.com")),
            ("https://app.example.com/", Some("https://app.example.com")),
            ("https://app.example.com?a=https://evil.example/", Some("https://app.example.com")),
            ("https://app.example.com#x", Some("https://app.example.com")),
            ("http://localhost:5173/a", Some("http://localhost:5173")),
        ] {
            let place = ReturnTo::parse(text, &settings()).expect(text);
            assert_eq!((place.as_str(), place.origin()), (text, origin));
        }
    }

    #[test]
    fn all_other_places_are_ignored() {
        for text in [
            "",
            "notes",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "\n//evil.example",
            " /notes",
            "/a b",
            "/\u{e9}",
            "https://app.example.com.evil.example",
            "https://app.example.com@evil.example/",
            "https://app.example.com:8443/",
            "https://app.example.com\\@evil.example",
            "https://app.example.com/\r\nSet-Cookie: a=b",
            "http://app.example.com/",
            "HTTPS://APP.EXAMPLE.COM/",
            "https://sub.app.example.com/",
            "http://localhost:51730/",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert_eq!(ReturnTo::parse(text, &settings()), None, "{text:?}");
        }
        let careless = HandlerSettings { return_origins: vec![String::new()], ..HandlerSettings::default() };
        assert_eq!(ReturnTo::parse("//evil.example", &careless), None);
        assert_eq!(ReturnTo::parse("https://app.example.com", &HandlerSettings::default()), None);
    }
}
