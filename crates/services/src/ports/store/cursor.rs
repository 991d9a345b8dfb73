//! Orders of the user list, and bookmarks in it.

use denizen_models::{User, UserId, named_enum};

named_enum! {
    /// The order of a list. Ties are broken by id, in the same direction.
    #[derive(Default)]
    pub enum UserSort {
        /// By id, which is the order of creation.
        #[default]
        Id = "id",
        /// By id, newest first.
        IdDescending = "-id",
        /// By folded user name.
        Username = "username",
        /// By folded user name, backwards.
        UsernameDescending = "-username",
    }
}

/// A bookmark: the last user that was seen in some order. Lists go on *behind* it, so that users who come or go
/// meanwhile neither repeat nor hide others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The order that it belongs to.
    pub sort: UserSort,
    /// The last user.
    pub id: UserId,
    /// The last user's folded name in an order by name, else empty.
    pub key: String,
}

impl Cursor {
    /// The bookmark at `user`.
    #[must_use]
    pub fn at(sort: UserSort, user: &User) -> Self {
        let key = match sort {
            UserSort::Id | UserSort::IdDescending => String::new(),
            UserSort::Username | UserSort::UsernameDescending => user.values.username.key().to_owned(),
        };
        Self { sort, id: user.id, key }
    }

    /// The bookmark as opaque text.
    #[must_use]
    pub fn encode(&self) -> String {
        hex::encode(format!("{} {} {}", self.sort.as_str(), self.id, self.key))
    }

    /// Reads a bookmark. Whoever forges one sees a list that begins elsewhere, and nothing that they may not see.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(hex::decode(text).ok()?).ok()?;
        let mut parts = text.splitn(3, ' ');
        let sort = UserSort::from_name(parts.next()?)?;
        let id = UserId::parse(parts.next()?)?;
        let key = parts.next()?.to_owned();
        Some(Self { sort, id, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_survives_the_journey() {
        for sort in UserSort::ALL {
            let cursor = Cursor { sort, id: UserId::new(7), key: "alice dev".to_owned() };
            assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }
    }

    #[test]
    fn damaged_bookmarks_are_refused() {
        for text in [
            "",
            "xyz",
            "00",
            "ff",
            "6964",
            &hex::encode("id 0 "),
            &hex::encode("age 1 "),
            &hex::encode("id 1"),
        ] {
            assert_eq!(Cursor::decode(text), None, "{text:?}");
        }
    }
}
