//! Files that a page takes whole from the finished repository, because they are too long to be typed.

use super::transcript::Step;
use crate::tree::Tree;

/// Files and folders, as they are in the finished repository.
#[derive(Debug, PartialEq, Eq)]
pub struct Take {
    /// Without a slash at the end.
    paths: Vec<String>,
}

/// The tag on the repository with the feature.
pub const FINISHED: &str = "finished";

const COMMAND: &str = "git checkout finished -- ";

impl Take {
    /// Reads `git checkout finished -- PATH…`.
    pub fn parse(step: &Step) -> Result<Self, String> {
        let command = step.alone()?.replace("\\\n", " ");
        let (wrong, paths) = match command.strip_prefix(COMMAND) {
            Some(paths) if !command.contains('\n') => {
                (paths.split_whitespace().find(|path| !is_path(path)), paths)
            }
            _ => return Err(format!("files are taken with `{COMMAND}PATH…`, not with `{}`", step.command)),
        };
        if let Some(path) = wrong {
            return Err(format!("`{path}` is no path of a file or a folder, from the root"));
        }
        let paths: Vec<_> =
            paths.split_whitespace().map(|path| path.trim_end_matches('/').to_owned()).collect();
        if paths.is_empty() {
            return Err("names no file".to_owned());
        }
        Ok(Self { paths })
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The files themselves.
    pub fn files<'a>(&'a self, finished: &'a Tree) -> impl Iterator<Item = &'a str> {
        self.paths().flat_map(|path| finished.under(path))
    }

    /// Copies the files; `finished` is the repository.
    pub fn apply(&self, tree: &mut Tree, finished: &Tree) -> Result<(), String> {
        self.expect_files(finished)?;
        if let Some(path) = self.paths().find(|path| tree.has(path)) {
            return Err(format!("`{path}` exists already"));
        }
        self.files(finished).for_each(|path| tree.copy(path, finished));
        Ok(())
    }

    /// Removes the files, which nothing else may have changed.
    pub fn undo(&self, tree: &mut Tree, finished: &Tree) -> Result<(), String> {
        self.expect_files(finished)?;
        if let Some(path) = self.files(finished).find(|path| !tree.has_same(path, finished)) {
            return Err(format!("`{path}` is taken whole, but another block changes it"));
        }
        self.files(finished).for_each(|path| tree.remove(path));
        Ok(())
    }

    fn expect_files(&self, finished: &Tree) -> Result<(), String> {
        match self.paths().find(|path| !finished.has(path)) {
            Some(path) => Err(format!("there is neither a file nor a folder `{path}` in the repository")),
            None => Ok(()),
        }
    }
}

/// What the shell takes as it is, and git as a path and not as a pattern.
fn is_path(word: &str) -> bool {
    let is_name = |part: &str| !["", ".", ".."].contains(&part) && !part.starts_with('-');
    word.chars().all(|c| c.is_ascii_alphanumeric() || ['/', '.', '-', '_'].contains(&c))
        && word.strip_suffix('/').unwrap_or(word).split('/').all(is_name)
}

#[cfg(test)]
mod tests;
