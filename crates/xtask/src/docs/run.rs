//! Following pages, one after the other, in a copy of the repository.

use std::time::Instant;

use super::bless::Blessing;
use super::book::{Book, Chapter};
use super::place::Place;
use super::problem::Problem;
use super::sequence::Sequence;
use super::session::{Mode, Session};
use super::tree::Tree;
use crate::process::{cargo, shown};

/// What holds after every page with edits, as a reader would try it. Not this crate: it checks the whole repository,
/// which the guide has not built up yet.
const GOOD_TREE: &[&[&str]] = &[
    &["fmt", "--all", "--check"],
    &["clippy", "--workspace", "--exclude", "xtask", "--all-targets", "--locked", "--", "-D", "warnings"],
    &["test", "--workspace", "--exclude", "xtask", "--locked"],
];

pub struct Runner<'a> {
    pub place: &'a Place,
    pub mode: Mode,
}

impl Runner<'_> {
    /// Follows the wanted pages. Behind a page that fails, those that build on it are left out.
    pub fn follow(
        &self,
        book: &Book,
        repository: &Tree,
        wanted: &dyn Fn(&Chapter) -> bool,
    ) -> Vec<Result<Blessing, Problem>> {
        let mut reports = Vec::new();
        for sequence in book.sequences() {
            let is_due = |chapter: &Chapter| chapter.has_actions() && wanted(chapter);
            if let Some(last) = sequence.0.iter().rposition(is_due) {
                self.sequence(sequence, last, repository, &is_due, &mut reports);
            }
        }
        reports
    }

    fn sequence(
        &self,
        sequence: Sequence<'_>,
        last: usize,
        repository: &Tree,
        is_due: &dyn Fn(&Chapter) -> bool,
        reports: &mut Vec<Result<Blessing, Problem>>,
    ) {
        let mut tree = match sequence.start(repository) {
            Ok(tree) => tree,
            Err(problem) => return reports.push(Err(problem)),
        };
        for (index, chapter) in sequence.0.iter().enumerate().take(last + 1) {
            let report = if is_due(chapter) {
                let starts_a_guide = index == 0 && sequence.is_shipped();
                Some(self.page(chapter, &mut tree, repository, starts_a_guide))
            } else {
                let page = Sequence(std::slice::from_ref(chapter));
                page.apply(&mut tree, repository).err().map(Err)
            };
            let failed = matches!(report, Some(Err(_)));
            reports.extend(report);
            if failed {
                return;
            }
        }
    }

    fn page(
        &self,
        chapter: &Chapter,
        tree: &mut Tree,
        repository: &Tree,
        starts_a_guide: bool,
    ) -> Result<Blessing, Problem> {
        let page = chapter.path();
        let start = Instant::now();
        let wrong = |error: String| Problem::new(page, 1, error);
        tree.lay(&self.place.work, &self.place.root).map_err(wrong)?;
        if starts_a_guide {
            self.expect_good_tree().map_err(|error| wrong(format!("before this page, {error}")))?;
        }
        let session = Session::start(self.place, page, self.mode)?;
        let rewrites = session.follow(&chapter.blocks, tree, repository)?;
        let changed = tree.differing_from_folder(&self.place.work);
        if !changed.is_empty() {
            return Err(wrong(format!("its commands changed files: {}", changed.join(", "))));
        }
        if chapter.has_edits() {
            self.expect_good_tree().map_err(|error| wrong(format!("after this page, {error}")))?;
        }
        println!("        {page}: followed in {:.1} s", start.elapsed().as_secs_f64());
        Ok(Blessing { page: page.to_owned(), rewrites })
    }

    fn expect_good_tree(&self) -> Result<(), String> {
        for arguments in GOOD_TREE {
            let mut command = cargo(&self.place.work, arguments);
            self.place.furnish(&mut command);
            let line = shown(&command);
            println!("        $ {line}");
            let output = command.output().map_err(|error| format!("`{line}` did not start: {error}"))?;
            if !output.status.success() {
                let printed = [output.stdout, output.stderr].concat();
                return Err(format!("`{line}` fails:\n{}", String::from_utf8_lossy(&printed)));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
