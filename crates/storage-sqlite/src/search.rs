//! Finding users by a part of their name or address.
//!
//! The trigrams of the needle are ANDed, and what has them all is compared with the needle itself: trigrams can be
//! there in another order, or in two columns. Both indexes give ids in order, so that a page ends as soon as it is
//! full. How many users share the trigrams without having the needle is bounded by the time limit of reads only.

use denizen_models::User;
use denizen_services::store::UserFilter;
use rusqlite::Connection;

use crate::{
    engine::{
        error::Failure,
        sql::{Param, execute, find, list, named, statements},
    },
    users::{self, listed_columns},
};

/// How many characters a trigram has. Shorter needles are looked for at the beginning only.
const TRIGRAM: usize = 3;

/// Stands twice before each indexed text; see the migration.
const MARK: char = '\u{1}';

/// More than this do not make the answer smaller, as the needle itself is compared.
const MOST_TRIGRAMS: usize = 32;

// `:after` is the last id that was seen, `:last` the last position at which the needle may begin.
macro_rules! matches {
    ($index:literal, $found:literal) => {
        concat!(
            "SELECT f.rowid AS id FROM ",
            $index,
            " f CROSS JOIN users u ON u.id = f.rowid WHERE ",
            $index,
            " MATCH :trigrams AND f.rowid > :after AND ",
            $found,
            " AND (:active IS NULL OR u.active = :active) AND (:role IS NULL OR EXISTS (SELECT 1 FROM user_lists r \
             WHERE r.list = '=' || :role AND r.active = u.active AND r.user_id = u.id))"
        )
    };
}
macro_rules! by_names {
    () => {
        matches!(
            "user_names",
            "(instr(u.username_key, :needle) BETWEEN 1 AND :last OR instr(u.first_name_key, :needle) BETWEEN 1 AND :last \
             OR instr(u.last_name_key, :needle) BETWEEN 1 AND :last)"
        )
    };
}
macro_rules! by_names_or_email {
    () => {
        concat!(
            by_names!(),
            " UNION ",
            matches!("user_emails", "instr(u.email_key, :needle) BETWEEN 1 AND :last")
        )
    };
}
macro_rules! page {
    ($matches:expr) => {
        concat!(
            "SELECT ",
            listed_columns!(),
            " FROM (",
            $matches,
            " ORDER BY id LIMIT :limit) m CROSS JOIN users u ON u.id = m.id ORDER BY m.id"
        )
    };
}
macro_rules! count {
    ($matches:expr) => {
        concat!("SELECT count(*) FROM (", $matches, ")")
    };
}

statements! {
    PAGE_BY_NAMES = page!(by_names!());
    PAGE_BY_NAMES_OR_EMAIL = page!(by_names_or_email!());
    COUNT_BY_NAMES = count!(by_names!());
    COUNT_BY_NAMES_OR_EMAIL = count!(by_names_or_email!());
    SOMEBODY_WAITS = "SELECT user_id FROM user_search_queue LIMIT 1";
    INDEX_NAMES = "INSERT INTO user_names (rowid, username, first_name, last_name) \
         SELECT s.id, s.username, s.first_name, s.last_name \
         FROM user_search_queue q CROSS JOIN user_search s ON s.id = q.user_id";
    INDEX_EMAILS = "INSERT INTO user_emails (rowid, email) \
         SELECT s.id, s.email FROM user_search_queue q CROSS JOIN user_search s ON s.id = q.user_id";
    CLEAR_QUEUE = "DELETE FROM user_search_queue";
}

/// Brings the index up to date with the users that the open transaction inserted or changed.
pub(crate) fn index(connection: &Connection) -> Result<(), Failure> {
    if find(connection, SOMEBODY_WAITS, [], |_| Ok(()))?.is_some() {
        for sql in [INDEX_NAMES, INDEX_EMAILS, CLEAR_QUEUE] {
            execute(connection, sql, [])?;
        }
    }
    Ok(())
}

/// At most `limit` users behind the id `after`, by id.
pub(crate) fn page(
    connection: &Connection,
    filter: &UserFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<User>, Failure> {
    let Some(mut params) = searched(filter, after) else { return Ok(Vec::new()) };
    params.extend(named!(limit));
    let sql = if filter.search_email { PAGE_BY_NAMES_OR_EMAIL } else { PAGE_BY_NAMES };
    list(connection, sql, params.as_slice(), users::read)
}

/// How many users there are to find.
pub(crate) fn count(connection: &Connection, filter: &UserFilter) -> Result<Option<i64>, Failure> {
    let Some(params) = searched(filter, 0) else { return Ok(None) };
    let sql = if filter.search_email { COUNT_BY_NAMES_OR_EMAIL } else { COUNT_BY_NAMES };
    find(connection, sql, params.as_slice(), |row| Ok(row.get(0)?))
}

/// The parameters of [`matches!`]; absent if there is nothing to find.
fn searched(filter: &UserFilter, after: i64) -> Option<Vec<Param<'_>>> {
    let UserFilter { search: needle, active, role, .. } = filter;
    let Needle { trigrams, last_position } = Needle::of(needle)?;
    let mut params =
        vec![(":trigrams", trigrams.into()), (":after", after.into()), (":last", last_position.into())];
    params.extend(named!(needle: *needle, active: *active, role: *role));
    Some(params)
}

/// What is looked for, in the terms of the index.
#[derive(Debug, PartialEq, Eq)]
struct Needle {
    /// An expression of FTS5: quoted strings, all of which must be there.
    trigrams: String,
    last_position: i64,
}

impl Needle {
    /// `None`: cannot be found. FTS5 reads no further than a NUL, and names hold no control characters.
    fn of(text: &str) -> Option<Self> {
        if text.contains('\0') {
            return None;
        }
        let length = text.chars().count();
        let marks = TRIGRAM.saturating_sub(length);
        let chars: Vec<char> = std::iter::repeat_n(MARK, marks).chain(text.chars()).collect();
        let mut trigrams: Vec<String> = Vec::new();
        for window in chars.windows(TRIGRAM) {
            let quoted = format!("\"{}\"", window.iter().collect::<String>().replace('"', "\"\""));
            if trigrams.len() < MOST_TRIGRAMS && !trigrams.contains(&quoted) {
                trigrams.push(quoted);
            }
        }
        let last_position = if marks > 0 { 1 } else { i64::MAX };
        Some(Self { trigrams: trigrams.join(" "), last_position })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigrams(text: &str) -> String {
        Needle::of(text).unwrap().trigrams
    }

    #[test]
    fn a_needle_is_looked_for_by_its_distinct_trigrams() {
        assert_eq!(trigrams("alice"), r#""ali" "lic" "ice""#);
        assert_eq!(trigrams("aaaaa"), r#""aaa""#);
        assert_eq!(trigrams("дом"), r#""дом""#);
    }

    #[test]
    fn a_short_needle_is_looked_for_at_the_beginning() {
        let needle = Needle { trigrams: "\"\u{1}al\"".to_owned(), last_position: 1 };
        assert_eq!(Needle::of("al"), Some(needle));
        assert_eq!(trigrams("a"), "\"\u{1}\u{1}a\"");
    }

    #[test]
    fn no_character_of_a_needle_ends_the_quotation() {
        assert_eq!(trigrams(r#"a"b"#), r#""a""b""#);
        assert_eq!(Needle::of("a\0b"), None);
    }

    #[test]
    fn a_long_needle_does_not_make_a_long_expression() {
        let text: String = ('\u{4e00}'..).take(10_000).collect();
        assert_eq!(trigrams(&text).split(' ').count(), MOST_TRIGRAMS);
    }
}
