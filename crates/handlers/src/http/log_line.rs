//! Text from outside, made fit for one line of a log.

/// At most `most` characters, with everything that could move a cursor or start a line replaced by `?`.
pub(crate) fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_control() || is_separator(c) { '?' } else { c }).collect()
}

/// `text` with `…` in the place of whatever could be a token: 64 hexadecimal digits or more in a row.
pub(crate) fn without_tokens(text: &str) -> String {
    let is_other = |c: char| !c.is_ascii_hexdigit();
    let parts = text.split_inclusive(is_other).map(|part| {
        let digits = part.find(is_other).unwrap_or(part.len());
        if digits < 64 { part.to_owned() } else { format!("…{}", &part[digits..]) }
    });
    parts.collect()
}

/// Line and paragraph separators, and the marks that turn the direction of what follows.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{printable, without_tokens};

    #[test]
    fn nothing_starts_a_new_line() {
        assert_eq!(printable("a\r\nb\u{1b}[2Jc\u{2028}d\u{202e}é", 100), "a??b?[2Jc?d?é");
        assert_eq!(printable(&"x".repeat(300), 200).len(), 200);
    }

    #[test]
    fn whatever_could_be_a_token_is_left_out() {
        let token = "0123456789abcdefABCDEF0123456789".repeat(2);
        for (text, expected) in [
            (format!("/a/{token}/é/{token}"), "/a/…/é/…"),
            (format!("{token}0 {token}"), "… …"),
            (token[1..].to_owned(), &token[1..]),
            (String::new(), ""),
        ] {
            assert_eq!(without_tokens(&text), expected);
        }
    }
}
