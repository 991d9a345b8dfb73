//! Running statements, and reading rows.

use std::cell::Cell;

use denizen_services::store::{CommitError, Precondition};
use rusqlite::{CachedStatement, Connection, Params, Row, types::ToSqlOutput};

use crate::engine::{column::Decode, error::Failure};

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
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $sql)),*];
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

/// A parameter by name.
pub(crate) type Param<'a> = (&'static str, ToSqlOutput<'a>);

/// Parameters by name: `named!(user, at: now)` gives `:user` the value of `user`, and `:at` that of `now`.
macro_rules! named {
    (@value $name:ident) => { $name };
    (@value $name:ident $value:expr) => { $value };
    ($($name:ident $(: $value:expr)?),* $(,)?) => {
        [$((
            concat!(":", stringify!($name)),
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

statements! {
    /// The way to the first row of the tables that matter most: their pages must be there and make sense.
    PROBE = "SELECT (SELECT id FROM users WHERE id > 0 ORDER BY id LIMIT 1), \
         (SELECT id FROM sessions WHERE id > 0 ORDER BY id LIMIT 1), \
         (SELECT id FROM mail_jobs WHERE id > 0 ORDER BY id LIMIT 1), \
         (SELECT id FROM audit WHERE id > 0 ORDER BY id LIMIT 1)";
}

/// How many statements each connection keeps prepared: more than there are.
pub(crate) const STATEMENT_CACHE: usize = 128;

/// The one row of a statement, if there is one.
///
/// The statement is run to its end also if it has given its row: an `INSERT … RETURNING` looks at its foreign keys
/// last, and what it found would be lost.
pub(crate) fn find<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement: CachedStatement<'_> = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let found = rows.next()?.map(read).transpose()?;
    if found.is_some() {
        rows.next()?;
    }
    Ok(found)
}

/// Every row of a statement.
pub(crate) fn list<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    connection.prepare_cached(sql)?.query_and_then(params, read)?.collect()
}

/// Runs a statement that gives no rows. How many rows it changed, without those of cascades and triggers.
pub(crate) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<u64, Failure> {
    let changed = connection.prepare_cached(sql)?.execute(params)?;
    Ok(u64::try_from(changed).unwrap_or(u64::MAX))
}

/// Runs a statement that must change exactly one row, or find one.
pub(crate) fn require(
    connection: &Connection,
    Required { sql, otherwise }: Required,
    params: impl Params,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let held = if statement.readonly() { statement.exists(params)? } else { statement.execute(params)? == 1 };
    if held { Ok(()) } else { Err(CommitError::PreconditionFailed(otherwise).into()) }
}

/// `LIMIT` for at most `limit` rows.
pub(crate) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
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
    row: &'a Row<'a>,
    /// The column after the one that was read last. Reading in the order of the statement searches nothing.
    next: Cell<usize>,
    pub id: i64,
}

impl<'a> Record<'a> {
    pub fn new(table: &'static str, row: &'a Row<'a>) -> Result<Self, Failure> {
        Ok(Self { table, row, next: Cell::new(1), id: row.get(0)? })
    }

    fn index(&self, column: &str) -> Result<usize, Failure> {
        let next = self.next.get();
        let statement = self.row.as_ref();
        let index = match statement.column_name(next) {
            Ok(name) if name == column => next,
            _ => statement.column_index(column)?,
        };
        self.next.set(index + 1);
        Ok(index)
    }

    pub fn get<T: Decode>(&self, column: &str) -> Result<T, Failure> {
        T::decode(self.row.get_ref(self.index(column)?)?).ok_or_else(|| self.corrupt(column))
    }

    /// Says where the fault is, never what is there.
    pub fn corrupt(&self, column: &str) -> Failure {
        Failure::corrupt(&format!("{}.{column}", self.table), self.id)
    }
}
