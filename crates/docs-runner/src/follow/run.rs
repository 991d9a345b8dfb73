//! Following pages, one after the other, in a copy of the repository.

use std::time::Instant;

use super::bless::Blessing;
use super::checks::expect_good_tree;
use super::place::Place;
use super::session::{Mode, Session};
use crate::git::Git;
use crate::pages::book::Book;
use crate::pages::chapter::Chapter;
use crate::pages::sequence::Sequence;
use crate::pages::take::FINISHED;
use crate::problem::Problem;
use crate::tree::Tree;

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
        let mut tree = match self.begin(sequence, repository) {
            Ok(tree) => tree,
            Err(problem) => return reports.push(Err(problem)),
        };
        let first = sequence.0.iter().position(Chapter::has_actions);
        for (index, chapter) in sequence.0.iter().enumerate().take(last + 1) {
            let report = if is_due(chapter) {
                Some(self.page(chapter, &mut tree, repository, sequence.is_shipped(), Some(index) == first))
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

    /// Gives the tree in which the sequence begins. A guide begins as `docs start` leaves it: in a git repository whose tag
    /// `finished` has the feature, on a branch that has not.
    fn begin(&self, sequence: Sequence<'_>, repository: &Tree) -> Result<Tree, Problem> {
        let start = sequence.start(repository)?;
        let (work, git) = (&self.place.work, Git::new(&self.place.work));
        let lay = |tree: &Tree| tree.lay(work, &self.place.root);
        let make = || {
            git.forget()?;
            if sequence.is_shipped() {
                lay(repository)?;
                git.ask(&["init", "--quiet", "--initial-branch", "main"])?;
                git.commit("--all", "The finished repository")?;
                git.ask(&["tag", "--no-sign", FINISHED])?;
                git.ask(&["switch", "--quiet", "--create", sequence.name()])?;
                lay(&start)?;
                git.commit("--all", "The beginning of the guide")?;
            }
            Ok(())
        };
        make().map_err(|error: String| Problem::new(sequence.folder(), 1, error))?;
        Ok(start)
    }

    fn page(
        &self,
        chapter: &Chapter,
        tree: &mut Tree,
        repository: &Tree,
        in_guide: bool,
        is_first: bool,
    ) -> Result<Blessing, Problem> {
        let page = chapter.path();
        let start = Instant::now();
        let wrong = |error: String| Problem::new(page, 1, error);
        tree.lay(&self.place.work, &self.place.root).map_err(wrong)?;
        let expect_good = |when: &str| {
            let good = expect_good_tree(self.place, in_guide);
            good.map_err(|error| wrong(format!("{when} this page, {error}")))
        };
        if in_guide && is_first {
            expect_good("before")?;
        }
        let session = Session::start(self.place, page, self.mode)?;
        let rewrites = session.follow(&chapter.blocks, tree, repository)?;
        let changed = tree.differing_from_folder(&self.place.work);
        if !changed.is_empty() {
            return Err(wrong(format!("its commands changed files: {}", changed.join(", "))));
        }
        if chapter.has_edits() {
            expect_good("after")?;
        }
        println!("        {page}: followed in {:.1} s", start.elapsed().as_secs_f64());
        Ok(Blessing { page: page.to_owned(), rewrites })
    }
}

#[cfg(test)]
mod tests;
