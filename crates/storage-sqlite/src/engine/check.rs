//! Looking for damage in a database that may be in use.

use std::{path::Path, time::Duration};

use crate::engine::{
    error::{OpenError, failed},
    migrations::{applied, identify},
    open::{expect_file, reader},
};

/// How long another process may keep the database locked.
const PATIENCE: Duration = Duration::from_secs(5);
/// At most 100 faults, SQLite's default.
const INTEGRITY: &str = "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
const ORPHANS: &str = "SELECT printf('row %s of %s refers to a row of %s that does not exist', \
     ifnull(rowid, '?'), \"table\", parent) FROM pragma_foreign_key_check LIMIT 100";

/// Returns the faults of the database at `path`, none if it is sound. Reads every page and writes nothing.
///
/// # Errors
/// Returns an error if the file cannot be read as a database of ours.
pub(crate) fn check(path: &Path) -> Result<Vec<String>, OpenError> {
    expect_file(path)?;
    let connection = reader(path, PATIENCE)?;
    identify(&connection, path)?;
    if applied(&connection, path)? == 0 {
        return Err(OpenError::Empty { path: path.to_owned() });
    }
    let list = |sql| -> rusqlite::Result<Vec<String>> {
        connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    // Rows that are damaged refer to anything.
    let found = list(INTEGRITY).and_then(|found| if found.is_empty() { list(ORPHANS) } else { Ok(found) });
    found.map_err(|error| failed(path, &error))
}
