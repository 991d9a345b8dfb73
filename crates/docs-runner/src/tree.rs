//! The files of a repository, in memory: what instructions change, and what a page runs in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::git::{Git, remove_folder};

/// Paths from the root, with `/` between the parts, and what is in the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    /// The files that git tracks or would track, as they are on the disk: a page can be tried out before its commit,
    /// and what a run of the program left behind is not copied.
    pub fn of_repository(root: &Path) -> Result<Self, String> {
        let listed = Git::new(root).ask(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut tree = Self::default();
        for path in listed.split_terminator('\0') {
            let file = root.join(path);
            // A file that was deleted, but not yet in a commit, is still listed.
            if file.is_file() {
                let bytes = fs::read(&file).map_err(|error| format!("{path}: cannot be read: {error}"))?;
                tree.0.insert(path.to_owned(), bytes);
            }
        }
        Ok(tree)
    }

    /// The files of a commit, which are checked out into a folder below `scratch`.
    pub fn of_commit(git: &Git, commit: &str, scratch: &Path) -> Result<Self, String> {
        let (folder, index) = (scratch.join("checkout"), scratch.join("index"));
        let failed = |error| format!("{}: cannot be made: {error}", folder.display());
        remove_folder(&folder).and_then(|()| fs::create_dir_all(&folder)).map_err(failed)?;
        git.ask_with_index(&index, &["read-tree", commit])?;
        let prefix = format!("--prefix={}/", folder.display());
        git.ask_with_index(&index, &["checkout-index", "--all", &prefix])?;
        Self::of_folder(&folder)
    }

    /// All files of a folder.
    pub fn of_folder(folder: &Path) -> Result<Self, String> {
        let mut tree = Self::default();
        tree.add_folder(folder, "")?;
        Ok(tree)
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), String> {
        let failed = |error| format!("{}: cannot be read: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.add_folder(&entry.path(), &format!("{path}/"))?;
            } else {
                self.0.insert(path, fs::read(entry.path()).map_err(failed)?);
            }
        }
        Ok(())
    }

    /// The text of a file; `None` if there is no such file, or if it is not UTF-8.
    pub fn text(&self, path: &str) -> Option<&str> {
        str::from_utf8(self.0.get(path)?).ok()
    }

    pub fn set(&mut self, path: &str, text: String) {
        self.0.insert(path.to_owned(), text.into_bytes());
    }

    /// Takes one file as it is in another tree.
    pub fn copy(&mut self, path: &str, from: &Self) {
        if let Some(bytes) = from.0.get(path) {
            self.0.insert(path.to_owned(), bytes.clone());
        }
    }

    pub fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    pub fn has_file(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Whether there is a file or a folder of that name.
    pub fn has(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let folder = format!("{path}/");
        path.is_empty()
            || self.has_file(path)
            || self.0.range(folder.clone()..).next().is_some_and(|(first, _)| first.starts_with(&folder))
    }

    /// Whether both trees have this file with the same bytes, or both have no such file.
    pub fn has_same(&self, path: &str, other: &Self) -> bool {
        self.0.get(path) == other.0.get(path)
    }

    /// The file of that name, or the files in the folder of that name.
    pub fn under(&self, path: &str) -> impl Iterator<Item = &str> {
        self.paths().filter(move |file| is_under(file, path))
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The files that are not the same in both trees.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let all: BTreeMap<_, _> = self.0.iter().chain(&other.0).collect();
        all.into_keys().filter(|path| self.0.get(*path) != other.0.get(*path)).cloned().collect()
    }

    /// The files that are not on the disk as they are here.
    pub fn differing_from_folder(&self, folder: &Path) -> Vec<&str> {
        let differs = |(path, bytes): &(&String, &Vec<u8>)| {
            fs::read(folder.join(path.as_str())).ok().as_ref() != Some(*bytes)
        };
        self.0.iter().filter(differs).map(|(path, _)| path.as_str()).collect()
    }

    /// Makes `folder` hold these files and nothing else, but for git's own. A file that is right already is not touched, or
    /// cargo would build it again. Who may execute a file is taken from `original`.
    pub fn lay(&self, folder: &Path, original: &Path) -> Result<(), String> {
        fs::create_dir_all(folder)
            .map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
        self.prune(folder, "")?;
        for path in self.differing_from_folder(folder) {
            self.lay_file(path, folder)?;
        }
        for path in self.paths() {
            if let Ok(metadata) = fs::metadata(original.join(path)) {
                fs::set_permissions(folder.join(path), metadata.permissions())
                    .map_err(|error| format!("{path}: cannot get its permissions: {error}"))?;
            }
        }
        Ok(())
    }

    /// Writes one file.
    pub fn lay_file(&self, path: &str, folder: &Path) -> Result<(), String> {
        let failed = |error| format!("{path}: cannot be written: {error}");
        let target = folder.join(path);
        fs::create_dir_all(target.parent().unwrap_or(folder)).map_err(failed)?;
        fs::write(target, self.0.get(path).map_or(&[][..], Vec::as_slice)).map_err(failed)
    }

    fn prune(&self, folder: &Path, prefix: &str) -> Result<(), String> {
        let failed = |path: PathBuf| {
            move |error: std::io::Error| format!("{}: cannot be removed: {error}", path.display())
        };
        for entry in fs::read_dir(folder).map_err(failed(folder.to_owned()))? {
            let entry = entry.map_err(failed(folder.to_owned()))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if path == ".git" {
                continue;
            }
            if is_folder && self.has(&path) && !self.has_file(&path) {
                self.prune(&entry.path(), &format!("{path}/"))?;
            } else if is_folder {
                fs::remove_dir_all(entry.path()).map_err(failed(entry.path()))?;
            } else if !self.has_file(&path) {
                fs::remove_file(entry.path()).map_err(failed(entry.path()))?;
            }
        }
        Ok(())
    }
}

/// Whether a file is the one of that name or in the folder of that name, which has no slash at its end.
pub fn is_under(file: &str, path: &str) -> bool {
    file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::cargo::Workspace;
    use crate::testing::{Scratch, tree};

    #[test]
    fn files_and_the_folders_around_them_are_found() {
        let tree = tree(&[("a/b/c.rs", ""), ("a/b.rs", "")]);
        for path in ["a", "a/", "a/b", "a/b/c.rs", "a/b.rs", ""] {
            assert!(tree.has(path), "{path}");
        }
        for path in ["b", "a/b/c", "a/b/c.rs/d"] {
            assert!(!tree.has(path), "{path}");
        }
        assert!(!tree.has_file("a/b"));
    }

    #[test]
    fn the_repository_is_read_without_what_git_ignores() {
        let tree = Tree::of_repository(&Workspace::load().unwrap().root).unwrap();
        assert!(tree.text("README.md").unwrap().starts_with("# "));
        assert!(tree.has("crates/docs-runner/src/tree.rs") && !tree.has("target"));
    }

    #[test]
    fn laying_a_tree_touches_only_what_differs_and_removes_the_rest() {
        let scratch = Scratch::new();
        let (work, original) = (scratch.path("work"), scratch.path("original"));
        let first = tree(&[("same", "1"), ("changed", "1"), ("folder/gone", "1"), ("was/folder", "1")]);
        first.lay(&work, &original).unwrap();
        fs::write(work.join("folder/left-behind.db"), "x").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::options().write(true).open(work.join("same")).unwrap().set_modified(long_ago).unwrap();

        let second = tree(&[("same", "1"), ("changed", "2"), ("new/file", "3"), ("was", "4")]);
        second.lay(&work, &original).unwrap();

        assert_eq!(second.differing_from_folder(&work), Vec::<&str>::new());
        assert_eq!(first.differing_from_folder(&work), ["changed", "folder/gone", "was/folder"]);
        assert!(!work.join("folder").exists());
        assert_eq!(fs::metadata(work.join("same")).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn trees_are_compared_both_ways() {
        let a = tree(&[("same", "1"), ("changed", "1"), ("only-a", "")]);
        let b = tree(&[("same", "1"), ("changed", "2"), ("only-b", "")]);
        assert_eq!(a.differing(&b), ["changed", "only-a", "only-b"]);
    }
}
