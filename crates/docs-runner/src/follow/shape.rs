//! What is another value in every run, and what is compared instead: its shape.
//!
//! This is the one place that knows, but for the names of members with numbers, which the configuration has. Pages show plausible values, not placeholders.

use crate::config::Number;

/// Whether the text is such a number.
pub fn has_shape(number: Number, text: &str) -> bool {
    match number {
        Number::UnixSeconds => {
            text.parse::<u64>().is_ok_and(|seconds| (1_000_000_000..4_102_444_800).contains(&seconds))
        }
        Number::Duration => text.parse::<f64>().is_ok_and(|number| number >= 0.0),
    }
}

/// The shape of a word that is another one in every run, wherever in a text it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// RFC 3339, in UTC as `Z` or not.
    Time { zulu: bool },
    /// A hexadecimal number of so many digits, 32 or more: tokens, request ids, hashes.
    Hex(usize),
    /// 8-4-4-4-12 hexadecimal digits.
    Uuid,
}

/// Shorter ones are too likely to be numbers that matter.
const LEAST_HEX: usize = 32;

impl Word {
    /// Whether the word names something: then the same word on a page is the same value in a run.
    pub const fn is_name(self) -> bool {
        match self {
            Self::Time { .. } => false,
            Self::Hex(_) | Self::Uuid => true,
        }
    }

    /// Reads such a word at the beginning of `text`, and says where it ends.
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let (word, length) = time(text).or_else(|| uuid(text)).or_else(|| hex(text))?;
        let goes_on = text[length..].starts_with(|c: char| c.is_ascii_alphanumeric());
        (!goes_on).then_some((word, length))
    }
}

/// The length of the beginning of `text` that has the form of `pattern`: `0` is a digit, `x` a hexadecimal one.
fn form(text: &str, pattern: &str) -> Option<usize> {
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        b'x' => is_hex(byte),
        other => byte == other,
    };
    (text.len() >= pattern.len() && text.bytes().zip(pattern.bytes()).all(fits)).then_some(pattern.len())
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn time(text: &str) -> Option<(Word, usize)> {
    let mut end = form(text, "0000-00-00T00:00:00")?;
    if let Some(fraction) = text[end..].strip_prefix('.') {
        end += 1 + fraction.bytes().take_while(u8::is_ascii_digit).count();
    }
    if text[end..].starts_with('Z') {
        return Some((Word::Time { zulu: true }, end + 1));
    }
    let zone = form(&text[end..], "+00:00").or_else(|| form(&text[end..], "-00:00"))?;
    Some((Word::Time { zulu: false }, end + zone))
}

fn uuid(text: &str) -> Option<(Word, usize)> {
    Some((Word::Uuid, form(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")?))
}

fn hex(text: &str) -> Option<(Word, usize)> {
    let length = text.bytes().take_while(|byte| is_hex(*byte)).count();
    // Without a letter it is rather a long decimal number.
    let has_letter = text[..length].bytes().any(|byte| byte.is_ascii_alphabetic());
    (length >= LEAST_HEX && has_letter).then_some((Word::Hex(length), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_change_are_recognized_by_their_form() {
        let id = "01a207304aed708faa7a6550a7bbd6d6";
        let zulu = Word::Time { zulu: true };
        for (text, expected) in [
            ("2026-11-23T06:55:35.149Z INFO", Some((zulu, 24))),
            ("2026-11-23T06:55:35Z", Some((zulu, 20))),
            ("2026-11-23T06:55:35+01:00", Some((Word::Time { zulu: false }, 25))),
            ("2026-11-23T06:55:35", None),
            ("2026-11-23", None),
            ("01a20730-4aed-708f-aa7a-6550a7bbd6d6.", Some((Word::Uuid, 36))),
            (id, Some((Word::Hex(32), 32))),
            ("01A207304AED708FAA7A6550A7BBD6D6", None),
            ("01a207304aed708faa7a6550a7bbd6d", None),
            ("01a207304aed708faa7a6550a7bbd6d6g", None),
            ("10000000000000000000000000000000000", None),
            ("é", None),
        ] {
            assert_eq!(Word::read(text), expected, "{text}");
        }
        assert!(Word::Uuid.is_name() && Word::Hex(64).is_name() && !zulu.is_name());
    }

    #[test]
    fn numbers_that_change_are_recognized_by_their_size() {
        for (number, text, expected) in [
            (Number::UnixSeconds, "1795416935", true),
            (Number::UnixSeconds, "1795416936000", false),
            (Number::UnixSeconds, "null", false),
            (Number::UnixSeconds, "1", false),
            (Number::Duration, "0.25", true),
            (Number::Duration, "3", true),
            (Number::Duration, "-1", false),
        ] {
            assert_eq!(has_shape(number, text), expected, "{number:?}: {text}");
        }
    }
}
