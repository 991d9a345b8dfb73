//! Whether code mentions a word, in whatever kind of name.

/// Whether the text has the word as the beginning of a part of a name: `reset`, `password_reset`, `PasswordReset`,
/// `RESETS`; not `preset`, `Preset` or `PRESET`. The word is in lower case.
pub fn mentions(text: &str, word: &str) -> bool {
    let upper = word.to_uppercase();
    let capital: String = upper.chars().take(1).chain(word.chars().skip(1)).collect();
    [word, &capital, &upper].iter().any(|form| {
        text.match_indices(form).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            // A capital behind a small letter begins a part, and one that small letters follow begins one anywhere.
            !before.is_some_and(char::is_alphabetic)
                || (*form == capital)
                || (*form == upper && before.is_some_and(char::is_lowercase))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_every_kind_of_name() {
        for text in [
            "reset",
            "a.reset(b)",
            "reset_password",
            "password_reset",
            "resets",
            "PasswordReset",
            "HTTPReset",
        ] {
            assert!(mentions(text, "reset"), "{text}");
        }
        for text in
            ["RESET", "PASSWORD_RESET", "aRESET", "x = \"reset\"", "1reset", "preset reset", "ResetToken"]
        {
            assert!(mentions(text, "reset"), "{text}");
        }
    }

    #[test]
    fn the_end_of_a_longer_word_is_another_word() {
        for text in ["preset", "Preset", "PRESET", "_preset", "rese t", "rEset", ""] {
            assert!(!mentions(text, "reset"), "{text}");
        }
    }
}
