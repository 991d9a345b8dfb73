//! The list of users: what can be asked for, and a page of it.

use async_trait::async_trait;
use denizen_models::{User, ValidationErrors, fold};

use crate::{
    common::{AccountService, Directory, Failure, pagination},
    ports::{
        AccessContext,
        store::{Cursor, PageRequest, UserFilter, UserPage, UserSort},
    },
};

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Text to be found in names and addresses, at most 200 characters. Case and surrounding blanks do not matter;
    /// blank lists everybody. Fewer than three characters are looked for at the beginning only.
    pub search: String,
    /// Only users with exactly this role.
    pub role: Option<String>,
    /// Only users of this status.
    pub active: Option<bool>,
    /// The order; with a search only [`UserSort::Id`].
    pub sort: UserSort,
    /// At most this many, 1 to 200; 50 when absent.
    pub limit: Option<usize>,
    /// Where the page before ended ([`UserList::next_cursor`]).
    pub cursor: Option<String>,
    /// Whether to count all that match, which takes time in proportion.
    pub total: bool,
}

impl UserQuery {
    /// The most users on a page.
    pub const MAX_LIMIT: usize = pagination::MAX_LIMIT;
    /// The users on a page when nothing is said.
    pub const DEFAULT_LIMIT: usize = pagination::DEFAULT_LIMIT;
    /// The longest search text, in characters.
    pub const MAX_SEARCH: usize = 200;

    /// Searches, and leaves the rest as it is by default.
    #[must_use]
    pub fn search(text: &str) -> Self {
        Self { search: text.to_owned(), ..Self::default() }
    }

    fn validate(&self) -> Result<(UserFilter, PageRequest), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let search = self.search.trim();
        let long = search.chars().count() > Self::MAX_SEARCH;
        errors.check(long, "search", format_args!("search cannot exceed {} characters", Self::MAX_SEARCH));
        let limit = pagination::check_limit(&mut errors, self.limit);
        let sorted_search = !search.is_empty() && self.sort != UserSort::Id;
        errors.check(sorted_search, "sort", "a search can only be sorted by id");
        let after = self.cursor.as_deref().map(Cursor::decode);
        let fits = after
            .as_ref()
            .is_none_or(|cursor| cursor.as_ref().is_some_and(|cursor| cursor.sort == self.sort));
        errors.check(!fits, "cursor", "cursor was not made for this list");
        let filter = UserFilter {
            search: fold(search),
            search_email: true,
            role: self.role.clone(),
            active: self.active,
        };
        errors.into_result((filter, PageRequest { sort: self.sort, after: after.flatten(), limit }))
    }
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserList {
    /// In the order asked for, without metadata.
    pub users: Vec<User>,
    /// Where the next page begins; none if this is the last.
    pub next_cursor: Option<String>,
    /// How many match in all, if asked for.
    pub total: Option<u64>,
}

/// Listing and searching users.
#[async_trait]
pub trait UserLists: Send + Sync {
    /// Returns a page of the users that match `query`; an empty query matches all. Administrators only, or all
    /// signed-in users, as [`Directory`] says: members find active users by name, and filter neither by role nor by status.
    async fn list_users(&self, context: &AccessContext, query: &UserQuery) -> Result<UserList, Failure>;

    /// Returns the first page of the users in whose names or, for administrators, e-mail address `text` occurs.
    async fn search_users(&self, context: &AccessContext, text: &str) -> Result<UserList, Failure> {
        self.list_users(context, &UserQuery::search(text)).await
    }
}

#[async_trait]
impl UserLists for AccountService {
    async fn list_users(&self, context: &AccessContext, query: &UserQuery) -> Result<UserList, Failure> {
        let is_allowed = match self.settings.directory {
            Directory::Admins => context.may_read_users(),
            Directory::Members => context.may_read_users() || context.actor.user().is_some(),
        };
        if !is_allowed {
            return Err(Failure::forbidden("only administrators can list users"));
        }
        if !context.may_read_users() && (query.role.is_some() || query.active.is_some()) {
            return Err(Failure::forbidden("only administrators can filter by role or active"));
        }
        let (mut filter, page) = query.validate().map_err(Failure::InvalidQuery)?;
        // What an actor may not see cannot be found out by searching for it either.
        if !context.may_read_users() {
            (filter.search_email, filter.active) = (false, Some(true));
        }
        let store = &self.ports.store;
        let UserPage { users, next } = store.list_users(&filter, &page).await?;
        let total = if query.total { Some(store.count_users(&filter).await?) } else { None };
        Ok(UserList { users, next_cursor: next.as_ref().map(Cursor::encode), total })
    }
}
