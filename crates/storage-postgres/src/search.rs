//! Finding users by a part of their name or address.
//!
//! An index of trigrams (`pg_trgm`) leads to users who may have the needle, and each is compared with it. The planner
//! chooses between that and walking over the users in the order of the list, by how common it takes the needle to be.

use denizen_models::User;
use denizen_services::store::UserFilter;

use crate::{
    engine::{
        error::Failure,
        sql::{Session, find, list, named, statements},
    },
    list::filtered,
    users::{self, listed_columns},
};

/// Shorter needles are looked for at the beginning only.
const SHORTEST_SUBSTRING: usize = 3;

macro_rules! by_names {
    () => {
        "(u.username_key LIKE :pattern OR u.first_name_key LIKE :pattern OR u.last_name_key LIKE :pattern)"
    };
}
macro_rules! by_names_or_email {
    () => {
        "(u.username_key LIKE :pattern OR u.first_name_key LIKE :pattern OR u.last_name_key LIKE :pattern \
         OR u.email_key LIKE :pattern)"
    };
}
macro_rules! page {
    ($matches:expr) => {
        concat!(
            "SELECT ",
            listed_columns!(),
            " FROM users u WHERE u.id > :after AND ",
            $matches,
            " AND ",
            filtered!(),
            " ORDER BY u.id LIMIT :limit"
        )
    };
}
macro_rules! count {
    ($matches:expr) => {
        concat!("SELECT count(*) FROM users u WHERE ", $matches, " AND ", filtered!())
    };
}

statements! {
    PAGE_BY_NAMES = page!(by_names!());
    PAGE_BY_NAMES_OR_EMAIL = page!(by_names_or_email!());
    COUNT_BY_NAMES = count!(by_names!());
    COUNT_BY_NAMES_OR_EMAIL = count!(by_names_or_email!());
}

/// At most `limit` users behind the id `after`, by id.
pub(crate) async fn page(
    session: &Session,
    filter: &UserFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<User>, Failure> {
    let pattern = pattern(&filter.search);
    let sql = if filter.search_email { PAGE_BY_NAMES_OR_EMAIL } else { PAGE_BY_NAMES };
    let params = named!(pattern, after, limit, active: filter.active, role: filter.role);
    list(session, sql, params.as_slice(), users::read).await
}

/// How many users there are to find.
pub(crate) async fn count(session: &Session, filter: &UserFilter) -> Result<Option<i64>, Failure> {
    let pattern = pattern(&filter.search);
    let sql = if filter.search_email { COUNT_BY_NAMES_OR_EMAIL } else { COUNT_BY_NAMES };
    let params = named!(pattern, active: filter.active, role: filter.role);
    find(session, sql, params.as_slice(), |row| Ok(row.try_get(0)?)).await
}

/// The needle as `LIKE` takes it, every character meant as it is.
fn pattern(needle: &str) -> String {
    let literal = needle.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    if needle.chars().count() < SHORTEST_SUBSTRING { format!("{literal}%") } else { format!("%{literal}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_needle_is_a_wildcard() {
        assert_eq!(pattern("a_b%c\\"), "%a\\_b\\%c\\\\%");
    }

    #[test]
    fn a_short_needle_is_looked_for_at_the_beginning() {
        assert_eq!([pattern("al"), pattern("é"), pattern("дом")], ["al%", "é%", "%дом%"]);
    }
}
