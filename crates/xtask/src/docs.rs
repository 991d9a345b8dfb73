//! `cargo xtask docs`: the pages. They are checked and followed by `docs-runner`, a program of its own.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::process::{cargo, run};

/// The command. Becomes the other program, whose exit status and signals are then ours.
pub fn command(arguments: &[String]) -> Result<(), Failure> {
    let error = runner(Path::new(".")).args(arguments).exec();
    Err(Failure::Failed(format!("cargo did not start: {error}")))
}

/// Runs one command on all pages.
pub fn on_all_pages(root: &Path, command: &str) -> Result<(), String> {
    run(runner(root).arg(command))
}

fn runner(folder: &Path) -> Command {
    cargo(folder, &["run", "--quiet", "--locked", "--package", "docs-runner", "--"])
}
