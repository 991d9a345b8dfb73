//! `denizen check`

use denizen_storage_sqlite::SqliteStore;

use super::{CommandError, expect_shared};
use crate::config::Config;

pub(super) fn run(config: &Config) -> Result<String, CommandError> {
    expect_shared(config)?;
    let path = config.database.path().ok_or_else(|| {
        CommandError::usage(
            "this reads SQLite files; look for damage in a PostgreSQL database with `pg_amcheck`",
        )
    })?;
    let faults = SqliteStore::check(&path)?;
    if faults.is_empty() {
        return Ok(format!("the database {} is sound\n", path.display()));
    }
    let faults = faults.join("\n- ");
    Err(CommandError::state(format!(
        "the database {} is damaged; restore a backup:\n- {faults}",
        path.display()
    )))
}
