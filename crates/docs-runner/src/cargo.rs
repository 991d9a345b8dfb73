//! Cargo, and what it says of the workspace.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Workspace {
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
    /// Our own packages.
    pub packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
}

impl Workspace {
    /// Asks cargo about the workspace of the working directory. Cargo, not the path this program was compiled in:
    /// a build folder may be shared by two checkouts.
    pub fn load() -> Result<Self, String> {
        let output = cargo(Path::new("."), &["metadata", "--format-version", "1", "--no-deps", "--locked"])
            .output()
            .map_err(|error| format!("cargo did not start: {error}"))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("cargo metadata: {error}\n{}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The cargo that runs us, so that `cargo +TOOLCHAIN xtask …` stays on one toolchain.
pub fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(folder);
    command
}

/// The command as it is typed: `cargo`, not the path that rustup put into `CARGO`.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words: Vec<_> = [program].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}
