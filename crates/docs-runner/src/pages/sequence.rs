//! Pages that are followed one after the other, and the trees between them.

use super::chapter::Chapter;
use super::edit::Edit;
use super::grammar::Action;
use crate::problem::Problem;
use crate::tree::{Tree, is_under};

/// The pages of one folder, or one page that stands for itself.
#[derive(Clone, Copy)]
pub struct Sequence<'a>(pub &'a [Chapter]);

/// An edit and where it stands.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    pub chapter: &'a Chapter,
    pub line: usize,
    pub edit: &'a Edit,
}

impl Placed<'_> {
    fn problem(&self, message: String) -> Problem {
        Problem::new(self.chapter.path(), self.line, message)
    }

    pub fn apply(&self, tree: &mut Tree, repository: &Tree) -> Result<(), Problem> {
        self.edit.apply(tree, repository).map_err(|error| self.problem(error))
    }
}

impl<'a> Sequence<'a> {
    /// Whether the pages are about code that is already here.
    pub fn is_shipped(self) -> bool {
        self.0.first().is_some_and(|chapter| chapter.in_guide)
    }

    /// With a slash at the end.
    pub fn folder(self) -> &'a str {
        self.0.first().map_or("", Chapter::folder)
    }

    /// The last part of its folder.
    pub fn name(self) -> &'a str {
        self.folder().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    /// The index of the page that a reader calls so: `3`, `3-handlers` or `docs/guide/3-handlers.md`.
    pub fn page(self, name: &str) -> Option<usize> {
        self.0.iter().position(|chapter| {
            let file = chapter.path().strip_prefix(chapter.folder()).unwrap_or_default();
            let stem = file.strip_suffix(".md").unwrap_or(file);
            [chapter.path(), file, stem].contains(&name)
                || stem.split_once('-').is_some_and(|(number, _)| number == name)
        })
    }

    /// The edits in the order of the pages.
    pub fn edits(self) -> impl DoubleEndedIterator<Item = Placed<'a>> {
        self.0.iter().flat_map(|chapter| {
            chapter.blocks.iter().filter_map(move |block| {
                let Action::Edit(edit) = &block.action else { return None };
                Some(Placed { chapter, line: block.line, edit })
            })
        })
    }

    /// What its first page begins with.
    pub fn start(self, repository: &Tree) -> Result<Tree, Problem> {
        let mut tree = repository.clone();
        self.no_file_is_made_twice()?;
        if self.is_shipped() {
            for placed in self.edits().rev() {
                placed.edit.undo(&mut tree, repository).map_err(|error| {
                    placed.problem(format!("the page is stale, its edit cannot be undone: {error}"))
                })?;
            }
        }
        Ok(tree)
    }

    /// Makes the edits of all pages, without their commands.
    pub fn apply(self, tree: &mut Tree, repository: &Tree) -> Result<(), Problem> {
        self.edits().try_for_each(|placed| placed.apply(tree, repository))
    }

    /// What is taken whole from the repository has every edit in it already.
    fn no_file_is_made_twice(self) -> Result<(), Problem> {
        let mut before: Vec<(Placed<'_>, &str)> = Vec::new();
        for placed in self.edits() {
            for path in placed.edit.paths() {
                let is_taken = |edit: &Edit| matches!(edit, Edit::Take(_));
                let clash = before.iter().find(|(other, there)| {
                    (is_taken(placed.edit) && is_under(there, path))
                        || (is_taken(other.edit) && is_under(path, there))
                });
                if let Some((other, _)) = clash {
                    let (page, line) = (other.chapter.path(), other.line);
                    return Err(placed.problem(format!(
                        "`{path}`: a file that is taken whole has only one block, but {page}:{line} is another"
                    )));
                }
                before.push((placed, path));
            }
        }
        Ok(())
    }
}
