//! Small repositories and folders for tests.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::check::check;
use crate::tree::Tree;

pub fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.set(path, (*text).to_owned());
    }
    tree
}

/// What is found in the pages of a repository.
pub fn problems(tree: &Tree) -> Vec<String> {
    check(tree).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

/// What is found when `from` is `to` in one file.
pub fn problems_if(mut tree: Tree, path: &str, from: &str, to: &str) -> Vec<String> {
    let text = tree.text(path).unwrap();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    tree.set(path, text);
    problems(&tree)
}

/// A folder that disappears with the test.
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
