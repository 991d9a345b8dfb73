//! What only a server on PostgreSQL does: several instances, and a database that goes away.

mod instances;
mod lost;

use std::path::Path;

use crate::support::{database, process::Process};

/// Three instances on one database, with these settings.
pub async fn start_three(folder: &Path, settings: &[(&str, &str)]) -> [Process; 3] {
    let url = database::of_folder(folder).url();
    let environment = [&[("DENIZEN_DATABASE", url.as_str())], settings].concat();
    let start = async || Process::start_in(folder, &environment).await;
    [start().await, start().await, start().await]
}
