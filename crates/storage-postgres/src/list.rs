//! The list of users in all its orders.

use denizen_services::store::{Cursor, PageRequest, UserFilter, UserPage, UserSort};

use crate::{
    engine::{
        error::Failure,
        sql::{Session, at_most, can_be_stored, find, list, named, statements},
    },
    search,
    users::{self, listed_columns},
};

/// The conditions of a filter, without its search. All lists are planned for the values at hand: what is not asked for falls
/// away.
macro_rules! filtered {
    () => {
        "(:active::boolean IS NULL OR u.active = :active) AND (:role::text IS NULL OR u.roles @> ARRAY[:role::text])"
    };
}
pub(crate) use filtered;

// `:key` and `:id` are the name and the id of the last user that was seen.
macro_rules! listed {
    ($behind:literal, $order:literal) => {
        concat!(
            "SELECT ",
            listed_columns!(),
            " FROM users u WHERE ",
            $behind,
            " AND ",
            filtered!(),
            " ORDER BY ",
            $order,
            " LIMIT :limit"
        )
    };
}

statements! {
    BY_ID = listed!("u.id > :id", "u.id");
    BY_ID_DESCENDING = listed!("u.id < :id", "u.id DESC");
    BY_NAME = listed!("u.username_key >= :key AND (u.username_key, u.id) > (:key, :id)", "u.username_key");
    BY_NAME_DESCENDING = listed!("u.username_key <= :key AND (u.username_key, u.id) < (:key, :id)", "u.username_key DESC");
    COUNT = concat!("SELECT count(*) FROM users u WHERE ", filtered!());
}

/// Above every user name, which consist of ASCII characters.
const LAST_NAME: &str = "\u{10ffff}";

pub(crate) async fn page(
    session: &Session,
    filter: &UserFilter,
    page: &PageRequest,
) -> Result<UserPage, Failure> {
    page.check(filter)?;
    // One more than asked for tells whether there is more.
    let limit = at_most(page.limit.saturating_add(1));
    let (key, id) = seen(page);
    if !is_possible(filter) || !can_be_stored(key) {
        return Ok(UserPage::default());
    }
    let mut users = if filter.search.is_empty() {
        let sql = match page.sort {
            UserSort::Id => BY_ID,
            UserSort::IdDescending => BY_ID_DESCENDING,
            UserSort::Username => BY_NAME,
            UserSort::UsernameDescending => BY_NAME_DESCENDING,
        };
        let params = named!(id, key, limit, active: filter.active, role: filter.role);
        list(session, sql, params.as_slice(), users::read).await?
    } else {
        search::page(session, filter, id, limit).await?
    };
    let more = users.len() > page.limit;
    users.truncate(page.limit);
    let next = users.last().filter(|_| more).map(|user| Cursor::at(page.sort, user));
    Ok(UserPage { users, next })
}

pub(crate) async fn count(session: &Session, filter: &UserFilter) -> Result<u64, Failure> {
    if !is_possible(filter) {
        return Ok(0);
    }
    let counted = if filter.search.is_empty() {
        let params = named!(active: filter.active, role: filter.role);
        find(session, COUNT, params.as_slice(), |row| Ok(row.try_get(0)?)).await?
    } else {
        search::count(session, filter).await?
    };
    Ok(counted.and_then(|count: i64| u64::try_from(count).ok()).unwrap_or(0))
}

fn is_possible(filter: &UserFilter) -> bool {
    can_be_stored(&filter.search) && filter.role.as_ref().is_none_or(|role| can_be_stored(role))
}

/// Behind which name and id the page begins.
fn seen(page: &PageRequest) -> (&str, i64) {
    match (&page.after, page.sort) {
        (Some(cursor), _) => (&cursor.key, cursor.id.get()),
        (None, UserSort::Id | UserSort::Username) => ("", 0),
        (None, UserSort::IdDescending | UserSort::UsernameDescending) => (LAST_NAME, i64::MAX),
    }
}
