//! Looking for secrets in whatever form they may have been written down.

use std::collections::{BTreeSet, HashMap};

/// What kind of secret. Where one kind may be kept, another may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Password,
    MailPassword,
    MailedToken,
    SessionToken,
    /// The SHA-256 of a mailed token.
    MailedTokenHash,
    /// The SHA-256 of a session token.
    SessionTokenHash,
    /// In PHC string format, or its salt or digest alone.
    PasswordHash,
    ServiceSecret,
}

/// Which secret: its kind, and whose it is or what for.
pub type Name = (Kind, String);

/// How many bytes at the beginning of a needle are looked up. No secret is shorter.
const PREFIX: usize = 8;

/// Finds secrets as they are, in hexadecimal digits, in base64 wherever it begins, percent-encoded, as
/// HTML, and as Rust prints bytes; all of these in upper and lower case.
#[derive(Default)]
pub struct Searcher(HashMap<[u8; PREFIX], Vec<(Vec<u8>, Name)>>);

impl Searcher {
    /// From now on, looks for this too.
    pub fn add(&mut self, kind: Kind, of: &str, secret: &[u8]) {
        let mut forms = forms(secret);
        // A token is 32 bytes that travel as digits: what has the bytes has the token.
        if let Some(bytes) = unhex(secret) {
            forms.extend(self::forms(&bytes));
        }
        for form in forms {
            let form = form.to_ascii_lowercase();
            let prefix = *form.first_chunk().expect("a secret of eight bytes at least");
            self.0.entry(prefix).or_default().push((form, (kind, of.to_owned())));
        }
    }

    /// Which secrets are in there.
    pub fn found_in(&self, text: &[u8]) -> BTreeSet<Name> {
        let text = text.to_ascii_lowercase();
        let mut found = BTreeSet::new();
        for (start, prefix) in text.windows(PREFIX).enumerate() {
            for (needle, name) in self.0.get(prefix).into_iter().flatten() {
                if text[start..].starts_with(needle) {
                    found.insert(name.clone());
                }
            }
        }
        found
    }
}

fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent = |keep: fn(u8) -> bool, blank: &str| -> String {
        let escaped = |byte: &u8| match *byte {
            b' ' => blank.to_owned(),
            byte if keep(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02x}"),
        };
        secret.iter().map(escaped).collect()
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let printed = format!("{secret:?}");
    let mut forms = vec![
        secret.to_vec(),
        hex.into_bytes(),
        percent(unreserved, "%20").into_bytes(),
        percent(unreserved, "+").into_bytes(),
        percent(|_| false, "%20").into_bytes(),
        printed.trim_matches(['[', ']']).as_bytes().to_vec(),
        secret.escape_ascii().to_string().into_bytes(),
        as_html(secret),
    ];
    forms.extend((0..3).flat_map(|before| {
        let base64 = inner_base64(before, secret);
        let url_safe = base64.replace('+', "-").replace('/', "_");
        [base64.into_bytes(), url_safe.into_bytes()]
    }));
    forms
}

/// The digits that base64 writes for these bytes behind `before` others, without those that others have a share in.
fn inner_base64(before: usize, secret: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = [&vec![0; before], secret].concat();
    let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let whole = bits.chunks_exact(6).skip((before * 8).div_ceil(6));
    whole
        .map(|six| char::from(DIGITS[six.iter().fold(0, |digit, bit| digit << 1 | usize::from(*bit))]))
        .collect()
}

/// As our pages escape text.
fn as_html(secret: &[u8]) -> Vec<u8> {
    let escaped = |byte: &u8| match byte {
        b'&' => b"&amp;".to_vec(),
        b'<' => b"&lt;".to_vec(),
        b'>' => b"&gt;".to_vec(),
        b'"' => b"&quot;".to_vec(),
        b'\'' => b"&#x27;".to_vec(),
        b'/' => b"&#x2f;".to_vec(),
        byte => vec![*byte],
    };
    secret.iter().flat_map(escaped).collect()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = std::str::from_utf8(text).ok().filter(|text| text.len() == 64)?;
    (0..64).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse/battery?";
    const TOKEN: &str = "00ff10203040506070809fa0b0c0d0e0f0112233445566778899aabbccddeeff";

    fn found(text: impl AsRef<[u8]>) -> Vec<Kind> {
        let mut searcher = Searcher::default();
        searcher.add(Kind::Password, "alice", PASSWORD.as_bytes());
        searcher.add(Kind::MailedToken, "bob", TOKEN.as_bytes());
        searcher.found_in(text.as_ref()).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_password_is_found_in_every_form() {
        for form in [
            "correct horse/battery?",
            "CORRECT HORSE/BATTERY?",
            "636f727265637420686f7273652f626174746572793f",
            "636F727265637420686F7273652F626174746572793F",
            "correct horse&#x2f;battery?",
            "correct%20horse%2fbattery%3F",
            "correct+horse%2Fbattery%3f",
            "%63%6f%72%72%65%63%74%20%68%6f%72%73%65%2f%62%61%74%74%65%72%79%3f",
            "[99, 111, 114, 114, 101, 99, 116, 32, 104, 111, 114, 115, 101, 47, 98, 97, 116, 116, 101, 114, 121, 63]",
            // Behind nothing, one byte and two bytes: `xcorrect…`, `xycorrect…`.
            "Y29ycmVjdCBob3JzZS9iYXR0ZXJ5Pw==",
            "eGNvcnJlY3QgaG9yc2UvYmF0dGVyeT8=",
            "eHljb3JyZWN0IGhvcnNlL2JhdHRlcnk/",
            "eHljb3JyZWN0IGhvcnNlL2JhdHRlcnk_",
        ] {
            assert_eq!(found(format!("before {form} behind")), [Kind::Password], "{form}");
            assert_eq!(found(form), [Kind::Password], "{form}");
        }
    }

    #[test]
    fn a_token_is_found_as_digits_and_as_the_bytes_that_they_mean() {
        let bytes = unhex(TOKEN.as_bytes()).unwrap();
        assert_eq!(bytes[..3], [0, 255, 16]);
        for form in [
            TOKEN.as_bytes(),
            TOKEN.to_uppercase().as_bytes(),
            &bytes,
            format!("{bytes:?}").as_bytes(),
            b"AP8QIDBAUGBwgJ+gsMDQ4PARIjNEVWZ3iJmqu8zd7v8=",
            bytes.escape_ascii().to_string().as_bytes(),
        ] {
            assert_eq!(found(form), [Kind::MailedToken], "{}", form.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_secret_is_not_found() {
        for text in ["", "correct", "correct horse/batter", "correct horse", &TOKEN[1..], &TOKEN[..63]] {
            assert_eq!(found(text), [], "{text}");
        }
        assert_eq!(found(format!("{PASSWORD}{TOKEN}")), [Kind::Password, Kind::MailedToken]);
    }
}
