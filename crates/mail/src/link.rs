//! Links in mails.

use denizen_services::Token;

/// Makes links below the public URL of the service, such as `https://accounts.example.com`.
///
/// They depend on this setting alone, never on a request's `Host`: an attacker who asks for a reset must not choose where
/// the victim's click goes (OWASP, Forgot Password cheat sheet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    home: String,
    host: String,
}

/// The page on which invited users choose their password.
pub(crate) const ACCEPT_INVITATION: &str = "accept-invitation";

impl Links {
    /// Creates links below a URL that the configuration has checked, with or without a slash at its end.
    #[must_use]
    pub fn below(url: &str) -> Self {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Self {
            home: url.trim_end_matches('/').to_owned(),
            host: host.unwrap_or_else(|| "localhost".to_owned()),
        }
    }

    /// Returns the link to the page on which an invited user chooses a password.
    #[must_use]
    pub fn to_accept_invitation(&self, token: &Token) -> String {
        self.to(ACCEPT_INVITATION, token)
    }

    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// Returns the host, in brackets if it is an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the link to `page`. A token is hexadecimal and needs no escaping.
    pub(crate) fn to(&self, page: &str, token: &Token) -> String {
        format!("{}/{page}?token={}", self.home, token.expose())
    }
}

#[cfg(test)]
mod tests {
    use denizen_services::OsTokenSource;

    use super::*;

    #[test]
    fn one_slash_joins_url_and_page() {
        for url in ["https://accounts.example.com", "https://accounts.example.com/"] {
            let token = Token::mint(&OsTokenSource).unwrap();
            let link = Links::below(url).to_accept_invitation(&token);
            let expected = format!("https://accounts.example.com/accept-invitation?token={}", token.expose());
            assert_eq!(link, expected);
        }
    }

    #[test]
    fn the_host_is_that_of_the_url() {
        for (url, host) in [
            ("https://accounts.example.com:8443/below", "accounts.example.com"),
            ("http://[::1]:8080", "[::1]"),
            ("accounts", "localhost"),
        ] {
            assert_eq!(Links::below(url).host(), host);
        }
    }
}
