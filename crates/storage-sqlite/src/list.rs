//! The list of users in all its orders.

use denizen_services::store::{Cursor, PageRequest, UserFilter, UserPage, UserSort};
use rusqlite::Connection;

use crate::{
    engine::{
        error::Failure,
        sql::{at_most, find, list, named, statements},
    },
    search,
    users::{self, listed_columns},
};

// `:key` and `:id` are the name and the id of the last user that was seen.
macro_rules! everybody {
    ($behind:literal, $order:literal) => {
        concat!(
            "SELECT ",
            listed_columns!(),
            " FROM users u WHERE ",
            $behind,
            " ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

// `:active` is NULL for both. Both halves are in order, and SQLite merges them row by
// row up to the limit.
macro_rules! listed {
    ($behind:literal, $order:literal) => {
        concat!(
            "SELECT ",
            listed_columns!(),
            " FROM (SELECT user_id, username_key FROM user_lists WHERE list = :list AND active = 0 AND :active IS NOT 1 AND ",
            $behind,
            " UNION ALL SELECT user_id, username_key FROM user_lists WHERE list = :list AND active = 1 AND :active IS NOT 0 AND ",
            $behind,
            " ORDER BY ",
            $order,
            " LIMIT :limit) l CROSS JOIN users u ON u.id = l.user_id ORDER BY l.",
            $order
        )
    };
}

statements! {
    ALL_BY_ID = everybody!("u.id > :id", "u.id");
    ALL_BY_ID_DESCENDING = everybody!("u.id < :id", "u.id DESC");
    ALL_BY_NAME = everybody!("(u.username_key, u.id) > (:key, :id)", "u.username_key");
    ALL_BY_NAME_DESCENDING = everybody!("(u.username_key, u.id) < (:key, :id)", "u.username_key DESC");
    LISTED_BY_ID = listed!("user_id > :id", "user_id");
    LISTED_BY_ID_DESCENDING = listed!("user_id < :id", "user_id DESC");
    LISTED_BY_NAME = listed!("(username_key, user_id) > (:key, :id)", "username_key");
    LISTED_BY_NAME_DESCENDING = listed!("(username_key, user_id) < (:key, :id)", "username_key DESC");
    COUNT_ALL = "SELECT count(*) FROM users";
    COUNT_LISTED = "SELECT count(*) FROM user_lists WHERE list = :list \
         AND active BETWEEN ifnull(:active, 0) AND ifnull(:active, 1)";
}

/// Above every user name, which consist of ASCII characters.
const LAST_NAME: &str = "\u{10ffff}";

pub(crate) fn page(
    connection: &Connection,
    filter: &UserFilter,
    page: &PageRequest,
) -> Result<UserPage, Failure> {
    page.check(filter)?;
    // One more than asked for tells whether there is more.
    let limit = at_most(page.limit.saturating_add(1));
    let (key, id) = seen(page);
    let (all, listed, by_name) = match page.sort {
        UserSort::Id => (ALL_BY_ID, LISTED_BY_ID, false),
        UserSort::IdDescending => (ALL_BY_ID_DESCENDING, LISTED_BY_ID_DESCENDING, false),
        UserSort::Username => (ALL_BY_NAME, LISTED_BY_NAME, true),
        UserSort::UsernameDescending => (ALL_BY_NAME_DESCENDING, LISTED_BY_NAME_DESCENDING, true),
    };
    let mut params = Vec::from(named!(id, limit));
    if by_name {
        params.extend(named!(key));
    }
    let name = list_name(filter);
    let mut users = if !filter.search.is_empty() {
        search::page(connection, filter, id, limit)?
    } else if is_unfiltered(filter) {
        list(connection, all, params.as_slice(), users::read)?
    } else {
        params.extend(named!(list: name, active: filter.active));
        list(connection, listed, params.as_slice(), users::read)?
    };
    let more = users.len() > page.limit;
    users.truncate(page.limit);
    let next = users.last().filter(|_| more).map(|user| Cursor::at(page.sort, user));
    Ok(UserPage { users, next })
}

pub(crate) fn count(connection: &Connection, filter: &UserFilter) -> Result<u64, Failure> {
    let name = list_name(filter);
    let counted: Option<i64> = if !filter.search.is_empty() {
        search::count(connection, filter)?
    } else if is_unfiltered(filter) {
        find(connection, COUNT_ALL, [], |row| Ok(row.get(0)?))?
    } else {
        let params = named!(list: name, active: filter.active);
        find(connection, COUNT_LISTED, params.as_slice(), |row| Ok(row.get(0)?))?
    };
    Ok(counted.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

fn is_unfiltered(filter: &UserFilter) -> bool {
    filter.role.is_none() && filter.active.is_none()
}

/// As the migration names them.
fn list_name(filter: &UserFilter) -> String {
    filter.role.as_ref().map_or_else(|| "*".to_owned(), |role| format!("={role}"))
}

/// Behind which name and id the page begins.
fn seen(page: &PageRequest) -> (&str, i64) {
    match (&page.after, page.sort) {
        (Some(cursor), _) => (&cursor.key, cursor.id.get()),
        (None, UserSort::Id | UserSort::Username) => ("", 0),
        (None, UserSort::IdDescending | UserSort::UsernameDescending) => (LAST_NAME, i64::MAX),
    }
}
