//! `cargo xtask bench`: what a running server shows to a stopwatch. The measuring is done by `denizen-bench`; here it is
//! built, and the server with it, as it is released.

use std::process::Command;

use crate::Failure;
use crate::process::{cargo, run as run_command};
use crate::workspace::Workspace;

/// The command. The arguments are those of `denizen-bench`.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let build = ["build", "--quiet", "--release", "--locked", "-p", "denizen-server", "-p", "denizen-bench"];
    run_command(&mut cargo(&workspace.root, &build))?;
    let binaries = workspace.target.join("release");
    let mut bench = Command::new(binaries.join("denizen-bench"));
    bench.arg("--server").arg(binaries.join("denizen")).args(arguments);
    Ok(run_command(&mut bench)?)
}
