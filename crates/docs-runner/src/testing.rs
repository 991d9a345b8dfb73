//! Small repositories and folders for tests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};

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
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("docs-runner-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}
