//! URLs and origins.

use url::Url;

use crate::config::types::PublicUrl;

pub(in crate::config) fn public_url(text: &str) -> Result<PublicUrl, String> {
    const EXPECTED: &str = "expected an http:// or https:// URL without user name, query or fragment, \
                            such as https://accounts.example.org";
    // The URL parser forgives white space, backslashes and missing slashes; a setting says what it means.
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
    let absolute = text.starts_with("http://") || text.starts_with("https://");
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    let bare = url.username().is_empty() && url.password().is_none();
    if plain && absolute && bare && url.query().is_none() && url.fragment().is_none() {
        Ok(PublicUrl::from(&url))
    } else {
        Err(EXPECTED.to_owned())
    }
}

/// Origins are compared byte by byte with what browsers send, so they must be written exactly like that.
pub(in crate::config) fn origins(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|item| origin(item.trim())).collect()
}

/// Origins of pages: a link to one of another scheme could run a script, or start a program.
pub(in crate::config) fn web_origins(text: &str) -> Result<Vec<String>, String> {
    let origins = origins(text)?;
    let other = |origin: &&String| !origin.starts_with("http://") && !origin.starts_with("https://");
    match origins.iter().find(other) {
        Some(origin) => Err(format!("{origin:?} is not an http(s) origin")),
        None => Ok(origins),
    }
}

/// A domain of at least two labels: browsers take no cookie for a whole top-level domain.
pub(in crate::config) fn domain(text: &str) -> Result<String, String> {
    let expected = || format!("{text:?} is not a domain; expected one such as example.org, in lower case");
    let url = Url::parse(&format!("https://{text}")).map_err(|_| expected())?;
    let is_exact = url.domain() == Some(text) && text.contains('.') && !text.ends_with('.');
    if is_exact { Ok(text.to_owned()) } else { Err(expected()) }
}

fn origin(text: &str) -> Result<String, String> {
    let expected = || {
        format!("{text:?} is not an origin; expected `scheme://host[:port]`, such as https://app.example.org")
    };
    let url = Url::parse(text).map_err(|_| expected())?;
    let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('*')).ok_or_else(expected)?;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let exact = format!("{}://{host}{port}", url.scheme());
    if exact == text {
        Ok(exact)
    } else {
        Err(format!("{text:?} is not what browsers send; write {exact:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::reason;
    use super::*;

    #[test]
    fn public_urls_are_normalised_and_know_what_they_are() {
        let parsed = |text| {
            let url = public_url(text).unwrap();
            (url.to_string(), url.is_https(), url.is_loopback())
        };
        assert_eq!(parsed("https://Example.org/"), ("https://example.org".to_owned(), true, false));
        assert_eq!(parsed("https://example.org/a//"), ("https://example.org/a".to_owned(), true, false));
        assert_eq!(parsed("https://example.org:443"), ("https://example.org".to_owned(), true, false));
        assert_eq!(parsed("http://localhost:8080"), ("http://localhost:8080".to_owned(), false, true));
        assert_eq!(parsed("http://id.localhost"), ("http://id.localhost".to_owned(), false, true));
        assert_eq!(parsed("http://127.0.0.2"), ("http://127.0.0.2".to_owned(), false, true));
        assert_eq!(parsed("http://[::1]:80/x"), ("http://[::1]/x".to_owned(), false, true));
        assert_eq!(parsed("http://localhost.example"), ("http://localhost.example".to_owned(), false, false));
    }

    #[test]
    fn public_urls_carry_nothing_but_scheme_host_port_and_path() {
        for text in [
            "",
            "example.org",
            "//example.org",
            "https:example.org",
            "ftp://example.org",
            "https://",
            "https://example.org?a=b",
            "https://example.org/?",
            "https://example.org/#top",
            "https://ann@example.org",
            "https://:hunter2@example.org",
            "https://example.org/a b",
            "https://example.org\\a",
            "https://example.org:99999",
        ] {
            let expected = "expected an http:// or https:// URL without user name, query or fragment, \
                            such as https://accounts.example.org";
            assert_eq!(reason(public_url(text)), expected, "{text}");
        }
    }

    /// Security checklist: 59.
    #[test]
    fn origins_must_be_written_as_browsers_send_them() {
        for (text, exact) in [
            ("https://app.example.org/", "https://app.example.org"),
            ("https://APP.example.org", "https://app.example.org"),
            ("https://app.example.org:443", "https://app.example.org"),
            ("http://localhost:5173/path?query", "http://localhost:5173"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://ann@app.example.org", "https://app.example.org"),
        ] {
            assert_eq!(reason(origins(text)), format!("{text:?} is not what browsers send; write {exact:?}"));
            assert_eq!(origins(exact), Ok(vec![exact.to_owned()]));
        }
    }

    #[test]
    fn browsers_are_sent_back_to_pages_only() {
        let list = "https://app.example.org, http://localhost:5173";
        assert_eq!(web_origins(list).unwrap(), ["https://app.example.org", "http://localhost:5173"]);
        for text in ["javascript://app.example.org", "https://a.example,tauri://localhost"] {
            assert!(reason(web_origins(text)).ends_with("is not an http(s) origin"), "{text}");
        }
        assert!(reason(web_origins("*")).contains("is not an origin"));
    }

    /// Security checklist: 59.
    #[test]
    fn wildcards_and_opaque_origins_are_refused() {
        for text in [
            "*",
            "null",
            "https://*.example",
            "app.example.org",
            "https://a.example,",
            "file:///tmp",
            "data:x",
        ] {
            let reason = reason(origins(text));
            assert!(reason.ends_with("such as https://app.example.org"), "{reason}");
        }
    }
}
