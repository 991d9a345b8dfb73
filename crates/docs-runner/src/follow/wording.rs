//! Whether lines are what a page shows: with wildcards, and with changing words compared by shape.

use super::shape::Word;

/// Stands for any number of lines.
pub const ANY_LINES: &str = "...";
/// Stands for any characters of a line.
const ANY_TEXT: &str = "[..]";

/// A name on the page, and what it is in this run.
pub type Pair = (String, String);

#[derive(Debug)]
enum Token<'a> {
    Character(char),
    Changing(Word, &'a str),
    Anything,
}

fn tokens(text: &str, with_wildcards: bool) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_end();
    let mut inside_a_word = false;
    while let Some(character) = rest.chars().next() {
        let length;
        if with_wildcards && rest.starts_with(ANY_TEXT) {
            tokens.push(Token::Anything);
            length = ANY_TEXT.len();
        } else if let Some((word, end)) = Word::read(rest).filter(|_| !inside_a_word) {
            tokens.push(Token::Changing(word, &rest[..end]));
            length = end;
        } else {
            tokens.push(Token::Character(character));
            length = character.len_utf8();
        }
        inside_a_word = rest[..length].ends_with(|c: char| c.is_ascii_alphanumeric());
        rest = &rest[length..];
    }
    tokens
}

fn tokens_fit(mut shown: &[Token<'_>], mut got: &[Token<'_>], pairs: &mut Vec<Pair>) -> bool {
    let known = pairs.len();
    loop {
        match (shown, got) {
            ([], []) => return true,
            ([Token::Anything], _) => return true,
            ([Token::Anything, rest @ ..], _) => {
                return (0..=got.len()).any(|skipped| tokens_fit(rest, &got[skipped..], pairs));
            }
            ([Token::Character(a), ..], [Token::Character(b), ..]) if a == b => {}
            ([Token::Changing(a, shown), ..], [Token::Changing(b, got), ..]) if a == b => {
                if a.is_name() {
                    pairs.push(((*shown).to_owned(), (*got).to_owned()));
                }
            }
            _ => {
                pairs.truncate(known);
                return false;
            }
        }
        (shown, got) = (&shown[1..], &got[1..]);
    }
}

/// Whether the line is what the page shows; blanks at its end do not count. Adds the names that it has found.
pub fn line_fits(shown: &str, got: &str, pairs: &mut Vec<Pair>) -> bool {
    tokens_fit(&tokens(shown, true), &tokens(got, false), pairs)
}

/// The same for lines.
pub fn lines_fit(shown: &[&str], got: &[&str], pairs: &mut Vec<Pair>) -> bool {
    let known = pairs.len();
    let fit = match (shown, got) {
        ([], []) => true,
        ([ANY_LINES, rest @ ..], _) => (0..=got.len()).any(|skipped| lines_fit(rest, &got[skipped..], pairs)),
        ([first, rest @ ..], [line, lines @ ..]) => {
            line_fits(first, line, pairs) && lines_fit(rest, lines, pairs)
        }
        ([], [_, ..]) | ([_, ..], []) => false,
    };
    if !fit {
        pairs.truncate(known);
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "ee6497db72b31821e4be7c415f4b37c9";
    const TWO: &str = "0a6497db72b31821e4be7c415f4b37c9";

    fn fits(shown: &str, got: &str) -> bool {
        line_fits(shown, got, &mut Vec::new())
    }

    #[test]
    fn a_line_fits_itself_and_wildcards_fit_anything() {
        for (shown, got) in [
            ("a b", "a b  "),
            ("[..]", ""),
            ("a [..] d", "a b c d"),
            ("[..]b[..]", "abc"),
            ("[..]ab", "aab"),
            ("in 0.[..]s", "in 0.12s"),
        ] {
            assert!(fits(shown, got), "{shown} / {got}");
        }
        for (shown, got) in
            [("a", "b"), ("a", "ab"), ("ab", "a"), ("a [..] d", "a b c"), (" a", "a"), ("a", "[..]")]
        {
            assert!(!fits(shown, got), "{shown} / {got}");
        }
    }

    #[test]
    fn changing_words_fit_by_shape_and_names_are_remembered() {
        let mut pairs = Vec::new();
        let shown = format!("2026-11-23T06:55:35.149Z INFO  [..] token=req_{ONE}.");
        let got = format!("2027-01-01T00:00:00Z INFO  {TWO} is it, token=req_{TWO}.");
        assert!(line_fits(&shown, &got, &mut pairs));
        assert_eq!(pairs, [(ONE.to_owned(), TWO.to_owned())]);
        assert!(!fits(&format!("x{ONE}"), &format!("x{TWO}")), "a part of a longer word is no name");
        assert!(!fits(ONE, &format!("{TWO}{TWO}")), "another length is another shape");
    }

    #[test]
    fn three_dots_fit_any_lines() {
        let check = |shown: &str, got: &str| {
            let (shown, got): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), got.lines().collect());
            lines_fit(&shown, &got, &mut Vec::new())
        };
        for (shown, got) in
            [("...", ""), ("...\nb\n...", "a\na\nb"), ("a\n...\nc", "a\nc"), ("a\n...", "a\nb\nc")]
        {
            assert!(check(shown, got), "{shown:?} / {got:?}");
        }
        for (shown, got) in [("...\nb", "a\nb\nc"), ("a\nb", "a"), ("a", "a\nb"), ("a\n...", "b")] {
            assert!(!check(shown, got), "{shown:?} / {got:?}");
        }
    }

    #[test]
    fn names_of_an_attempt_that_failed_are_forgotten() {
        let mut pairs = Vec::new();
        let (shown, got) = ([ANY_LINES, ONE, "end"], [TWO, "no", TWO, "end"]);
        assert!(lines_fit(&shown, &got, &mut pairs));
        assert_eq!(pairs.len(), 1);
    }
}
