//! Text from outside, made fit for one line of a log.

/// At most `most` characters, with everything that could move a cursor or start a line replaced by `?`.
pub(crate) fn printable(text: &str, most: usize) -> String {
    text.chars().take(most).map(|c| if c.is_control() || is_separator(c) { '?' } else { c }).collect()
}

/// Line and paragraph separators, and the marks that turn the direction of what follows.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_starts_a_new_line() {
        assert_eq!(printable("a\r\nb\u{1b}[2Jc\u{2028}d\u{202e}é", 100), "a??b?[2Jc?d?é");
        assert_eq!(printable(&"x".repeat(300), 200).len(), 200);
    }
}
