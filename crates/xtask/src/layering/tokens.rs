//! Rust source as words, `::` and other signs, without comments, strings and characters. As much of a lexer as a
//! search for paths needs: numbers come out as words, lifetimes as their names.

/// The tokens with the numbers of their lines.
pub fn tokens(source: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let length = if let Some(length) = raw_string(rest, word) {
            length
        } else if &rest[..word] == "r" && rest[word..].starts_with('#') {
            // `r#memory` is the word `memory`.
            word + 1
        } else if word > 0 {
            tokens.push((line, &rest[..word]));
            word
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            let mut following = rest.chars().skip(1);
            let is_character = following.next() == Some('\\') || following.next() == Some('\'');
            if is_character { quoted(rest, '\'') } else { 1 }
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push((line, &rest[..length]));
            }
            length
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of a raw string whose prefix is the word of that length, if it is one.
fn raw_string(text: &str, word: usize) -> Option<usize> {
    let hashes = text[word..].len() - text[word..].trim_start_matches('#').len();
    let start = word + hashes;
    if !["r", "br", "cr"].contains(&&text[..word]) || !text[start..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    Some(text[start + 1..].find(&end).map_or(text.len(), |at| start + 1 + at + end.len()))
}

/// The length of a literal that ends with the quote it begins with, escapes considered.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return index + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

/// The length of a block comment, nested ones included.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") || rest.starts_with("*/") {
            depth += if rest.starts_with('/') { 1 } else { -1 };
            at += 2;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn paths_come_apart_at_their_separators() {
        assert_eq!(
            words("a::{b as c, d_1::*}: &'x u8"),
            ["a", "::", "{", "b", "as", "c", ",", "d_1", "::", "*", "}", ":", "&", "x", "u8"]
        );
        assert_eq!(words("r#type r2 br"), ["type", "r2", "br"]);
    }

    #[test]
    fn comments_and_literals_leave_nothing_behind() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(words(r#"a "b \" c \\" d '"' e '\'' f"#), ["a", "d", "e", "f"]);
        assert_eq!(words(r###"a r#"b " c"# d br##"e "# f"## g r"h" i"###), ["a", "d", "g", "i"]);
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        assert_eq!(tokens("a\n/*\n*/ b \"\n\" c"), [(1, "a"), (3, "b"), (4, "c")]);
    }

    #[test]
    fn what_never_ends_ends_with_the_file() {
        assert_eq!(words("a \"b"), ["a"]);
        assert_eq!(words("a /* b"), ["a"]);
        assert_eq!(words("a r#\"b"), ["a"]);
    }
}
