//! Running statements, and reading rows.

use std::cell::Cell;

use chrono::{DateTime, Utc};
use denizen_services::store::{CommitError, Precondition};
use rusqlite::{
    CachedStatement, Connection, Params, Row,
    types::{FromSql, ToSqlOutput},
};

use crate::engine::error::Failure;

/// Names the statements of a feature, and lists them for the test that examines every one of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: &str = $sql;)*
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
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

/// Parameters by name.
pub(crate) type Named<'a> = Vec<(&'static str, ToSqlOutput<'a>)>;

statements! {
    PING = "SELECT 1";
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

/// Runs a statement that must change exactly one row. `otherwise` is what does not hold if it changes none.
pub(crate) fn execute_one(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    otherwise: Precondition,
) -> Result<(), Failure> {
    match execute(connection, sql, params)? {
        1 => Ok(()),
        _ => Err(CommitError::PreconditionFailed(otherwise).into()),
    }
}

/// Runs a statement that must find a row. `otherwise` is what does not hold if it finds none.
pub(crate) fn expect(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    otherwise: Precondition,
) -> Result<(), Failure> {
    match find(connection, sql, params, |_| Ok(()))? {
        Some(()) => Ok(()),
        None => Err(CommitError::PreconditionFailed(otherwise).into()),
    }
}

/// `LIMIT` for at most `limit` rows.
pub(crate) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

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

    pub fn get<T: FromSql>(&self, column: &str) -> Result<T, Failure> {
        self.row.get(self.index(column)?).map_err(|_| self.corrupt(column))
    }

    /// The text of a column as `read` understands it.
    pub fn parse<T>(&self, column: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
        let text = self.row.get_ref(self.index(column)?)?.as_str().ok();
        text.and_then(read).ok_or_else(|| self.corrupt(column))
    }

    /// The same for a column that may be empty.
    pub fn parse_optional<T>(
        &self,
        column: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let text =
            self.row.get_ref(self.index(column)?)?.as_str_or_null().map_err(|_| self.corrupt(column))?;
        text.map(|text| read(text).ok_or_else(|| self.corrupt(column))).transpose()
    }

    pub fn time(&self, column: &str) -> Result<DateTime<Utc>, Failure> {
        DateTime::from_timestamp_micros(self.get(column)?).ok_or_else(|| self.corrupt(column))
    }

    /// Says where the fault is, never what is there.
    pub fn corrupt(&self, column: &str) -> Failure {
        Failure::corrupt(&format!("{}.{column}", self.table), self.id)
    }
}
