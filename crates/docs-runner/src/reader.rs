//! What the reader of a guide can ask for: to begin it, to see how far it has come, to go on from a page.
//!
//! The guide is about a feature that is here already, so it begins on a branch without it. No state of the guide is kept
//! anywhere: each is computed from the pages as they are in the tag that marks the finished repository.

mod compare;
mod goto;
mod progress;
mod start;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::cargo::Workspace;
use crate::config::COMMAND;
use crate::git::Git;
use crate::pages::book::Book;
use crate::pages::sequence::Sequence;
use crate::pages::take::FINISHED;
use crate::problem::Failure;
use crate::tree::Tree;
pub use compare::compare;
pub use goto::goto;
pub use start::start;

/// Where a reader works.
pub struct Desk {
    git: Git,
    root: PathBuf,
    /// A folder for what must lie on the disk to be compared; inside of cargo's.
    scratch: PathBuf,
}

impl Desk {
    fn of(workspace: &Workspace) -> Result<Self, String> {
        Self::new(&workspace.root, workspace.target.join("docs").join("reader"))
    }

    fn new(root: &Path, scratch: PathBuf) -> Result<Self, String> {
        let git = Git::new(root);
        let top = git.ask(&["rev-parse", "--show-toplevel"]).map(PathBuf::from);
        let same = |top: &PathBuf| top.canonicalize().ok() == root.canonicalize().ok();
        if !top.is_ok_and(|top| same(&top)) {
            return Err(format!("{} is no git repository; get one with `git clone`", root.display()));
        }
        Ok(Self { git, root: root.to_owned(), scratch })
    }

    /// The repository with the feature, as it was when the reader began.
    fn finished(&self) -> Result<Tree, String> {
        if !self.git.has_tag(FINISHED) {
            return Err(format!(
                "there is no tag `{FINISHED}`, so no guide has begun; `{COMMAND} start guide` begins it"
            ));
        }
        Tree::of_commit(&self.git, FINISHED, &self.scratch)
    }

    /// Makes the files that differ between two trees be as in `to`, and removes folders that get empty.
    fn change(&self, from: &Tree, to: &Tree) -> Result<(), String> {
        for path in from.differing(to) {
            if to.has_file(&path) {
                to.lay_file(&path, &self.root)?;
                continue;
            }
            let file = self.root.join(&path);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(format!("{path}: cannot be removed: {error}"));
                }
                _ => {}
            }
            let folders = file.ancestors().skip(1).take_while(|folder| *folder != self.root);
            // The first folder with something in it is where this ends.
            let _emptied = folders.take_while(|folder| fs::remove_dir(folder).is_ok()).count();
        }
        Ok(())
    }
}

/// The guide in the folder of that name, or the first one.
fn guide<'a>(book: &'a Book, name: Option<&str>) -> Result<Sequence<'a>, Failure> {
    let guides: Vec<_> = book.sequences().filter(|sequence| sequence.is_shipped()).collect();
    let wanted = guides.iter().find(|guide| name.is_none_or(|name| guide.name() == name)).copied();
    wanted.ok_or_else(|| match (name, &guides[..]) {
        (Some(name), [first, ..]) => {
            Failure::Usage(format!("there is no guide `{name}`; there is `{}`", first.name()))
        }
        _ => Failure::Failed("there is no guide in these pages".to_owned()),
    })
}

/// Does something for the reader and says what came of it.
pub fn help(
    workspace: &Workspace,
    work: impl FnOnce(&Desk) -> Result<String, Failure>,
) -> Result<(), Failure> {
    let text = work(&Desk::of(workspace)?)?;
    // A closed pipe (`… | head`) is no failure of ours.
    let _closed = writeln!(io::stdout(), "{text}");
    Ok(())
}
