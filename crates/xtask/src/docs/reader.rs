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

use super::book::Book;
use super::git::Git;
use super::sequence::Sequence;
use super::tree::Tree;
use crate::Failure;
use crate::workspace::Workspace;

/// The tag on the repository with the feature; pages name it, too.
pub const FINISHED: &str = "finished";

/// Where a reader works.
pub struct Desk {
    git: Git,
    root: PathBuf,
    /// A folder for what must lie on the disk to be compared; inside of cargo's.
    scratch: PathBuf,
}

impl Desk {
    pub fn of(workspace: &Workspace) -> Result<Self, String> {
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
                "there is no tag `{FINISHED}`, so no guide has begun; `cargo xtask docs start guide` begins it"
            ));
        }
        self.git.tree_of(FINISHED, &self.scratch)
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

/// The book, if all of its pages can be understood.
fn book(tree: &Tree) -> Result<Book, String> {
    let (book, problems) = Book::read(tree);
    if problems.is_empty() { Ok(book) } else { Err(super::sentences(&problems)) }
}

/// The guide in `docs/NAME/`, or the only one.
fn guide<'a>(book: &'a Book, name: Option<&str>) -> Result<Sequence<'a>, Failure> {
    let folder = name.map(|name| format!("docs/{name}/"));
    let mut guides = book.sequences().filter(|sequence| sequence.is_shipped());
    let wanted = guides.find(|sequence| folder.as_ref().is_none_or(|folder| sequence.folder() == folder));
    wanted.ok_or_else(|| match name {
        Some(name) => Failure::Usage(format!("there is no guide `{name}`; there is `guide`")),
        None => Failure::Failed("there is no guide in these pages".to_owned()),
    })
}

/// A closed pipe (`… | head`) is no failure of ours.
fn say(text: &str) {
    let _closed = writeln!(io::stdout(), "{text}");
}

/// Takes the feature of a guide out, on a branch.
pub fn start(workspace: &Workspace, name: &str) -> Result<(), Failure> {
    let text = start::start(&Desk::of(workspace)?, name)?;
    say(&text);
    Ok(())
}

/// Says how far the working tree has come.
pub fn compare(workspace: &Workspace) -> Result<(), Failure> {
    let text = compare::compare(&Desk::of(workspace)?)?;
    say(&text);
    Ok(())
}

/// Lays the state in which a page begins, and keeps what was there on a branch.
pub fn goto(workspace: &Workspace, page: &str) -> Result<(), Failure> {
    let text = goto::goto(&Desk::of(workspace)?, page)?;
    say(&text);
    Ok(())
}
