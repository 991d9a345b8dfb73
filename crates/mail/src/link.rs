//! Links in mails.

/// Where users reach the service from outside, without a slash at the end: `https://accounts.example.com`.
///
/// Links are built from this setting alone, never from a request's `Host`: whoever asks for a reset must not choose
/// where the victim's click goes (OWASP, Forgot Password cheat sheet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Takes a URL that the configuration has checked.
    #[must_use]
    pub fn new(url: &str) -> Self {
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
    use super::PublicUrl;

    #[test]
    fn one_slash_joins_url_and_page() {
        for url in ["https://accounts.example.com", "https://accounts.example.com/"] {
            let link = PublicUrl::new(url).password_reset("cafe");
            assert_eq!(link, "https://accounts.example.com/reset-password?token=cafe");
        }
    }
}
