//! Paths in the log.

/// `text` with `…` in the place of whatever could be a token: 64 hexadecimal digits or more in a row.
pub(crate) fn without_tokens(text: &str) -> String {
    let is_other = |c: char| !c.is_ascii_hexdigit();
    let parts = text.split_inclusive(is_other).map(|part| {
        let digits = part.find(is_other).unwrap_or(part.len());
        if digits < 64 { part.to_owned() } else { format!("…{}", &part[digits..]) }
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::without_tokens;

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
