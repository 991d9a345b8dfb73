//! Names that users chose, in mails that other people read.

use denizen_models::text;

/// Returns `name` as a mail may show it: on one line, or empty if the name is long or looks like a link.
///
/// An attacker who signs up with another person's e-mail address chooses the name in the mail to that person. Mail
/// programs turn text that looks like a link into one, so the mail would advertise the attacker's site with the service
/// as its sender.
pub(crate) fn display_name(name: &str) -> String {
    const MAX_CHARS: usize = 100;
    let shown = text::single_line(name);
    let long = shown.chars().count() > MAX_CHARS;
    if long || looks_like_a_link(&shown) { String::new() } else { shown }
}

/// Returns whether `text` has dots within words, or the punctuation of URLs and e-mail addresses. "J. R. R." has neither.
fn looks_like_a_link(text: &str) -> bool {
    let dotted = |word: &str| word.trim_end_matches('.').contains(['.', '。', '．', '｡']);
    text.contains(['@', '/', '\\', ':', '＠', '／', '：']) || text.split_whitespace().any(dotted)
}

#[cfg(test)]
mod tests {
    use super::display_name;

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
            assert_eq!(display_name(name), name);
        }
    }

    #[test]
    fn what_is_not_seen_is_left_out() {
        assert_eq!(display_name(" Ada\r\nBcc\t\u{0}Love\u{202E}lace\u{2028} "), "Ada Bcc Lovelace");
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
            assert_eq!(display_name(name), "", "{name}");
        }
        assert_eq!(display_name(&"a".repeat(101)), "");
        assert_eq!(display_name(&"a".repeat(100)).len(), 100);
    }
}
