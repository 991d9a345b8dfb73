//! `denizen check`

use denizen_storage_sqlite::SqliteStore;

use super::{CommandError, expect_file};
use crate::config::Config;

pub(super) fn run(config: &Config) -> Result<String, CommandError> {
    let path = expect_file(config)?;
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
