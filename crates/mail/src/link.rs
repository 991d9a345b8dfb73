//! Links in mails.

use denizen_services::Token;

/// Makes the links, all of which begin where users reach the service from outside: `https://accounts.example.com`.
///
/// They are built from this setting alone, never from a request's `Host`: whoever asks for a reset must not choose
/// where the victim's click goes (OWASP, Forgot Password cheat sheet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    home: String,
    host: String,
}

/// The page behind a link that carries a token. A token is hexadecimal and needs no escaping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    ResetPassword,
    AcceptInvitation,
    VerifyEmail,
    ConfirmEmailChange,
}

impl Page {
    const fn path(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset-password",
            Self::AcceptInvitation => "accept-invitation",
            Self::VerifyEmail => "verify-email",
            Self::ConfirmEmailChange => "confirm-email-change",
        }
    }
}

impl Links {
    /// Takes a URL that the configuration has checked, with or without a slash at its end.
    #[must_use]
    pub fn below(url: &str) -> Self {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Self {
            home: url.trim_end_matches('/').to_owned(),
            host: host.unwrap_or_else(|| "localhost".to_owned()),
        }
    }

    /// The page on which whoever was invited chooses a password, with the token of the invitation in it.
    #[must_use]
    pub fn to_accept_invitation(&self, token: &Token) -> String {
        self.to(Page::AcceptInvitation, token.expose())
    }

    pub(crate) fn home(&self) -> &str {
        &self.home
    }

    /// The host, in brackets if it is an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn to(&self, page: Page, token: &str) -> String {
        format!("{}/{}?token={token}", self.home, page.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_joins_url_and_page() {
        for url in ["https://accounts.example.com", "https://accounts.example.com/"] {
            let link = Links::below(url).to(Page::ResetPassword, "cafe");
            assert_eq!(link, "https://accounts.example.com/reset-password?token=cafe");
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
