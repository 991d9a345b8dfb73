//! The git of a reader, or of the copy in which pages are followed.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cargo::shown;

pub struct Git {
    root: PathBuf,
}

impl Git {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Whether the folder itself is a repository.
    pub fn is_here(&self) -> bool {
        self.root.join(".git").exists()
    }

    /// Removes the repository, if there is one, and leaves the files.
    pub fn forget(&self) -> Result<(), String> {
        let folder = self.root.join(".git");
        remove_folder(&folder).map_err(|error| format!("{}: cannot be removed: {error}", folder.display()))
    }

    /// What git prints, without the newline at its end; or what it says is wrong.
    pub fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        Self::answer(self.command().args(arguments))
    }

    /// The same with another index than the repository's.
    pub fn ask_with_index(&self, index: &Path, arguments: &[&str]) -> Result<String, String> {
        Self::answer(self.command().args(arguments).env("GIT_INDEX_FILE", index))
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.root).stdin(Stdio::null());
        // A hook that runs us has set them, for another repository perhaps.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(name);
        }
        command
    }

    fn answer(command: &mut Command) -> Result<String, String> {
        let output = command.output().map_err(|error| format!("git did not start: {error}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`{}` failed: {}", shown(command), said.trim()));
        }
        let text = String::from_utf8(output.stdout);
        let text = text.map_err(|_| format!("`{}` printed something that is not UTF-8", shown(command)))?;
        Ok(text.trim_end().to_owned())
    }

    pub fn has_tag(&self, name: &str) -> bool {
        self.has(&format!("refs/tags/{name}"))
    }

    pub fn has_branch(&self, name: &str) -> bool {
        self.has(&format!("refs/heads/{name}"))
    }

    fn has(&self, reference: &str) -> bool {
        self.ask(&["rev-parse", "--verify", "--quiet", reference]).is_ok()
    }

    /// The current branch; `None` if a commit without one is checked out.
    pub fn branch(&self) -> Option<String> {
        self.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"]).ok()
    }

    /// Commits changes of the working tree: those of tracked files (`--update`) or all (`--all`). Without the reader's
    /// hooks and signature, and whoever has told git no name is not asked for one.
    pub fn commit(&self, which: &str, message: &str) -> Result<(), String> {
        self.ask(&["add", which])?;
        let is_unset = |key: &str| self.ask(&["config", "--get", key]).is_err();
        let mut arguments = vec!["-c", "commit.gpgSign=false"];
        for (key, setting) in
            [("user.name", "user.name=Reader of the guide"), ("user.email", "user.email=reader@localhost")]
        {
            if is_unset(key) {
                arguments.extend(["-c", setting]);
            }
        }
        arguments.extend(["commit", "--quiet", "--no-verify", "--message", message]);
        self.ask(&arguments).map(drop)
    }
}

pub fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
