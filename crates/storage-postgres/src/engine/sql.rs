//! Running statements, and reading rows.

use denizen_services::store::{CommitError, Precondition};
use tokio_postgres::Row;

pub(crate) use crate::engine::session::{Param, Session};
use crate::engine::{
    column::{Decode, Stored},
    error::Failure,
};

/// Names the statements of a feature, and lists them for the test that examines every one of them. With `else`, the
/// precondition that does not hold if the statement neither changes nor finds a row: see [`require`].
macro_rules! statements {
    (@type) => { &str };
    (@type $otherwise:ident) => { $crate::engine::sql::Required };
    (@value $sql:expr) => { $sql };
    (@value $sql:expr, $otherwise:ident) => {
        $crate::engine::sql::Required { sql: $sql, otherwise: ::denizen_services::store::Precondition::$otherwise }
    };
    ($($(#[$doc:meta])* $name:ident = $sql:expr $(, else $otherwise:ident)?;)*) => {
        $($(#[$doc])* pub(crate) const $name: statements!(@type $($otherwise)?) =
            statements!(@value $sql $(, $otherwise)?);)*
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &'static str)] = &[$((stringify!($name), $sql)),*];
    };
}
pub(crate) use statements;

/// Columns as the text of a statement: `columns!("u." id age)` is `u.id, u.age`, `columns!(set id age)` is
/// `id = :id, age = :age`.
macro_rules! columns {
    (set $first:ident $($column:ident)*) => {
        concat!(
            stringify!($first), " = :", stringify!($first)
            $(, ", ", stringify!($column), " = :", stringify!($column))*
        )
    };
    ($before:literal $first:ident $($column:ident)*) => {
        concat!($before, stringify!($first) $(, ", ", $before, stringify!($column))*)
    };
}
pub(crate) use columns;

/// Parameters by name: `named!(user, at: now)` gives `:user` the value of `user`, and `:at` that of `now`.
macro_rules! named {
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
    ($($name:ident $(: $value:expr)?),* $(,)?) => {
        [$((
            stringify!($name),
            $crate::engine::column::Encode::encode(&$crate::engine::sql::named!(@value $name $($value)?)),
        )),*]
    };
}
pub(crate) use named;

/// [`named!`] for a statement that is run at once.
macro_rules! params {
    ($($params:tt)*) => { $crate::engine::sql::named!($($params)*).as_slice() };
}
pub(crate) use params;

/// A statement that must change exactly one row, or find one.
#[derive(Clone, Copy)]
pub(crate) struct Required {
    pub sql: &'static str,
    /// What does not hold otherwise.
    pub otherwise: Precondition,
}

/// The one row of a statement, if there is one.
pub(crate) async fn find<T>(
    session: &Session,
    sql: &'static str,
    params: &[Param<'_>],
    read: impl FnOnce(&Row) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    session.query(sql, params).await?.first().map(read).transpose()
}

/// Every row of a statement.
pub(crate) async fn list<T>(
    session: &Session,
    sql: &'static str,
    params: &[Param<'_>],
    read: impl FnMut(&Row) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    session.query(sql, params).await?.iter().map(read).collect()
}

/// Runs a statement that gives no rows. How many rows it changed, without those of cascades and triggers.
pub(crate) async fn execute(
    session: &Session,
    sql: &'static str,
    params: &[Param<'_>],
) -> Result<u64, Failure> {
    session.execute(sql, params).await
}

/// Runs a statement that must change exactly one row, or find one.
pub(crate) async fn require(
    session: &Session,
    Required { sql, otherwise }: Required,
    params: &[Param<'_>],
) -> Result<(), Failure> {
    let held = session.execute(sql, params).await? > 0;
    if held { Ok(()) } else { Err(CommitError::PreconditionFailed(otherwise).into()) }
}

/// `LIMIT` for at most `limit` rows.
pub(crate) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Whether a text can be in the database: U+0000 cannot, so nothing equals it.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

/// Reads a struct: each field from the column of its name, but for those whose value is given.
macro_rules! read_columns {
    (@value $record:ident $field:ident) => { $record.get(stringify!($field))? };
    (@value $record:ident $field:ident $value:expr) => { $value };
    ($record:ident => $type:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        $type { $($field: read_columns!(@value $record $field $($value)?)),* }
    };
}
pub(crate) use read_columns;

/// A row whose first column identifies it. What it holds must be what this store writes.
pub(crate) struct Record<'a> {
    table: &'static str,
    row: &'a Row,
    pub id: i64,
}

impl<'a> Record<'a> {
    pub fn new(table: &'static str, row: &'a Row) -> Result<Self, Failure> {
        Ok(Self { table, row, id: row.try_get(0)? })
    }

    pub fn get<T: Decode>(&self, column: &str) -> Result<T, Failure> {
        T::decode(self.row.try_get::<_, Stored<'_>>(column)?).ok_or_else(|| self.corrupt(column))
    }

    /// Says where the fault is, never what is there.
    pub fn corrupt(&self, column: &str) -> Failure {
        Failure::corrupt(&format!("{}.{column}", self.table), self.id)
    }
}
