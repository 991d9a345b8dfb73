//! Text for people; text from outside, made safe for a log, a terminal or a mail header.

/// Returns whether `c` is not visible itself but changes how the text around it is shown.
///
/// These are the control characters (C0 and C1), the line and paragraph separators, the byte order mark, and the marks,
/// embeddings, overrides and isolates of bidirectional text (UAX #9, section 2). The joiners of emoji are not among them.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Returns `text` with every unprintable character escaped, so that it can neither start a line nor steer a terminal
/// (OWASP ASVS 5.0, V16.4.1). Nothing is lost: `\n` becomes `\\n`, U+202E becomes `\\u{202e}`.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unprintable(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Returns `text` with every unprintable character but line feeds escaped, as [`escaped`] does.
#[must_use]
pub fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// Returns the first `max_chars` characters of `text`, with `?` in place of the unprintable ones.
#[must_use]
pub fn printable(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).map(|c| if is_unprintable(c) { '?' } else { c }).collect()
}

/// Returns the words of `text` on one line, separated by single spaces, without unprintable characters.
#[must_use]
pub fn single_line(text: &str) -> String {
    let visible = |c: &char| c.is_whitespace() || !is_unprintable(*c);
    let text: String = text.chars().filter(visible).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a count with its unit, in the plural unless it is one: "1 hour", "30 minutes".
#[must_use]
pub fn counted(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\r\nb\u{1b}[2J\u{9b}c\u{2028}d\u{202e}e\u{2066}f\u{200f}g\u{61c}h\u{feff} é👩‍👧";

    /// Security checklist: 12.
    #[test]
    fn no_character_steers_the_text_around_it() {
        assert_eq!(printable(HOSTILE, 100), "a??b?[2J?c?d?e?f?g?h? é👩‍👧");
        assert_eq!(single_line(HOSTILE), "a b[2Jc defgh é👩‍👧");
        let escapes = r"a\r\nb\u{1b}[2J\u{9b}c\u{2028}d\u{202e}e\u{2066}f\u{200f}g\u{61c}h\u{feff} é👩‍👧";
        assert_eq!(escaped(HOSTILE), escapes);
        assert_eq!(escaped_lines(HOSTILE), escapes.replace("\\n", "\n"));
    }

    #[test]
    fn printable_text_is_cut_and_a_single_line_is_trimmed() {
        assert_eq!(printable(&"x".repeat(300), 200).len(), 200);
        assert_eq!(single_line(" \t\u{202e} a \n\n b\u{a0} "), "a b");
        assert_eq!(single_line("\u{0}\u{feff}"), "");
    }
}
