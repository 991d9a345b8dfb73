//! Where pages are executed, and how long they may take.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::cargo::Workspace;
use crate::config::Config;

/// One folder for all pages, always the same, because cargo builds again what has moved. And a build folder of its own:
/// cargo takes a package of the copy for the same package of the repository, and would mix up their binaries.
pub struct Place {
    pub root: PathBuf,
    /// The copy of the repository, in which a page's commands run.
    pub work: PathBuf,
    pub out: PathBuf,
    /// A file that hands a command to the shell.
    pub command: PathBuf,
    pub limits: Limits,
    pub config: Config,
}

#[derive(Clone, Copy)]
pub struct Limits {
    /// For anything but a build.
    pub command: Duration,
    pub build: Duration,
}

impl Place {
    pub fn of(workspace: &Workspace, config: Config) -> Self {
        let limits = Limits { command: Duration::from_secs(30), build: Duration::from_secs(30 * 60) };
        Self { config, ..Self::new(&workspace.root, &workspace.target.join("docs"), limits) }
    }

    pub fn new(root: &Path, folder: &Path, limits: Limits) -> Self {
        Self {
            root: root.to_owned(),
            work: folder.join("work"),
            out: folder.join("out"),
            command: folder.join("command"),
            limits,
            config: Config::default(),
        }
    }

    /// Waits until nobody else runs pages here; until the file is dropped, nobody else does.
    pub fn lock(&self) -> Result<File, String> {
        let failed = |error| format!("{}: cannot be locked: {error}", self.command.display());
        fs::create_dir_all(&self.work).map_err(failed)?;
        let file = File::create(self.command.with_extension("lock")).map_err(failed)?;
        if file.try_lock().is_err() {
            println!("        waiting for another `docs run` in this folder");
            file.lock().map_err(failed)?;
        }
        Ok(file)
    }

    /// The limit for a command that a page shows.
    pub fn limit(&self, command: &str) -> Duration {
        let builds = command.split(|c: char| c.is_whitespace() || c == ';').any(|word| word == "cargo");
        if builds { self.limits.build } else { self.limits.command }
    }

    /// Gives a command the surroundings that a reader has: not those that cargo makes for us, no settings of the
    /// developer's own service, no proxy between us and this machine.
    pub fn furnish(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let cargos = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_TERM_", "CARGO_BIN_", "CARGO_CRATE_"];
            let mut hidden = cargos.into_iter().chain(self.config.server.hidden.iter().map(String::as_str));
            if text == "CARGO" || hidden.any(|prefix| text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command
            .current_dir(&self.work)
            .env("CARGO_TARGET_DIR", &self.out)
            // What is typed stays as it is; only the linker's whole-program optimisation, which is most of the time of a
            // release build and changes no answer, is left to those who will run the result.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            // The copy lies inside of the repository, whose git is none of its business.
            .env("GIT_CEILING_DIRECTORIES", self.work.parent().unwrap_or(&self.root))
            .env("LC_ALL", "C.UTF-8")
            .env("no_proxy", "localhost,127.0.0.1");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_builds_get_the_time_of_a_build() {
        let limits = Limits { command: Duration::from_secs(1), build: Duration::from_secs(2) };
        let place = Place::new(Path::new("/r"), Path::new("/r/target/docs"), limits);
        for command in ["cargo run", "A=b cargo test -q", "cd x; cargo build"] {
            assert_eq!(place.limit(command), limits.build, "{command}");
        }
        for command in ["curl -s", "ls ~/.cargo", "echo mycargo"] {
            assert_eq!(place.limit(command), limits.command, "{command}");
        }
    }

    #[test]
    fn commands_do_not_see_what_cargo_tells_a_program_that_it_runs() {
        let limits = Limits { command: Duration::ZERO, build: Duration::ZERO };
        let place = Place::new(Path::new("/r"), Path::new("/r/target/docs"), limits);
        let mut command = Command::new("bash");
        place.furnish(&mut command);
        let changed: Vec<_> =
            command.get_envs().map(|(name, value)| (name.to_str().unwrap(), value)).collect();
        assert!(changed.contains(&("CARGO_MANIFEST_DIR", None)), "{changed:?}");
        assert!(changed.contains(&("CARGO_TARGET_DIR", Some("/r/target/docs/out".as_ref()))), "{changed:?}");
        assert_eq!(command.get_current_dir(), Some(Path::new("/r/target/docs/work")));
    }
}
