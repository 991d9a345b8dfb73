//! Links in mails.

/// Makes the links, all of which begin where users reach the service from outside: `https://accounts.example.com`.
///
/// They are built from this setting alone, never from a request's `Host`: whoever asks for a reset must not choose
/// where the victim's click goes (OWASP, Forgot Password cheat sheet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links(String);

impl Links {
    /// Takes a URL that the configuration has checked, with or without a slash at its end.
    #[must_use]
    pub fn below(url: &str) -> Self {
        Self(url.trim_end_matches('/').to_owned())
    }

    /// The page on which a reset token is used. The token is hexadecimal and needs no escaping.
    #[must_use]
    pub fn password_reset(&self, token: &str) -> String {
        format!("{}/reset-password?token={token}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Links;

    #[test]
    fn one_slash_joins_url_and_page() {
        for url in ["https://accounts.example.com", "https://accounts.example.com/"] {
            let link = Links::below(url).password_reset("cafe");
            assert_eq!(link, "https://accounts.example.com/reset-password?token=cafe");
        }
    }
}
