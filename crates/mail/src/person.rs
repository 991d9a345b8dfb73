//! Names that people chose, in mails that others read.

/// A name as a mail may show it: one line without invisible characters, or nothing at all if it is long or looks like a
/// link.
///
/// Who signs up with somebody else's address chooses the name in a mail to that person. Mail programs make a link of
/// whatever looks like one, so such a name would be an advertisement, or worse, with the service as its sender.
pub(crate) fn presentable(name: &str) -> String {
    const MAX_CHARS: usize = 100;
    let shown = one_line(name);
    let long = shown.chars().count() > MAX_CHARS;
    if long || looks_like_a_link(&shown) { String::new() } else { shown }
}

/// The visible characters of a name, in one line.
pub(crate) fn one_line(name: &str) -> String {
    let shown: String =
        name.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(is_visible).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Not a control character, and none that reorders the text around it or breaks the line (UAX #9, section 2). The joiner
/// of emoji stays.
fn is_visible(c: &char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Dots within words, and the marks of URLs and addresses. "J. R. R." is none.
fn looks_like_a_link(text: &str) -> bool {
    let dotted = |word: &str| word.trim_end_matches('.').contains(['.', '。', '．', '｡']);
    text.contains(['@', '/', '\\', ':', '＠', '／', '：']) || text.split_whitespace().any(dotted)
}

#[cfg(test)]
mod tests {
    use super::presentable;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in [
            "Ada",
            "Jürgen Müller-Lüdenscheidt",
            "J. R. R. Tolkien",
            "O'Brien",
            "王秀英",
            "Zoë 👩‍👩‍👧 🦀",
            "Sammy Davis Jr.",
        ] {
            assert_eq!(presentable(name), name);
        }
    }

    #[test]
    fn what_is_not_seen_is_left_out() {
        assert_eq!(presentable(" Ada\r\nBcc\t\u{0}Love\u{202E}lace\u{2028} "), "Ada Bcc Lovelace");
    }

    #[test]
    fn what_looks_like_a_link_is_no_name() {
        for name in [
            "Win at evil.example",
            "https://evil",
            "evil。example",
            "me@evil",
            "evil/x",
            "call tel:1",
            "www.evil",
        ] {
            assert_eq!(presentable(name), "", "{name}");
        }
        assert_eq!(presentable(&"a".repeat(101)), "");
        assert_eq!(presentable(&"a".repeat(100)).len(), 100);
    }
}
