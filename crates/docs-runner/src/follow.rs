//! Following pages in a copy of the repository, as their readers do.

mod bless;
mod checks;
mod compare;
mod json;
mod place;
mod run;
mod seed;
mod session;
mod shape;
mod shell;
mod values;
mod wording;

use crate::cargo::Workspace;
use crate::config::COMMAND;
use crate::pages::book::Book;
use crate::pages::chapter::Chapter;
use crate::problem::{Failure, sentences};
use crate::tree::Tree;
use place::Place;
use run::Runner;
pub use session::Mode;

/// Follows these pages, or all.
pub fn follow(workspace: &Workspace, tree: &Tree, pages: &[&str], mode: Mode) -> Result<(), Failure> {
    let book = Book::read_all(tree)?;
    let wanted = |chapter: &Chapter| pages.is_empty() || pages.iter().any(|page| names(page, chapter.path()));
    if let Some(page) = pages.iter().find(|page| !book.chapters.iter().any(|c| names(page, c.path()))) {
        return Err(Failure::Usage(format!("there is no page `{page}`; name one like `docs/index.md`")));
    }
    let place = Place::of(workspace, book.config.clone());
    let _alone = place.lock()?;
    let ours: Vec<&str> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    let built = seed::seed(&workspace.target.join("debug"), &place.out.join("debug"), &ours)?;
    if built > 0 {
        println!("        {built} packages from outside are built already");
    }
    let reports = Runner { place: &place, mode }.follow(&book, tree, &wanted);
    let (mut problems, mut passed) = (Vec::new(), 0);
    for report in reports {
        match report {
            Ok(rewrites) => {
                passed += 1;
                bless::write(&workspace.root, tree, rewrites)?;
            }
            Err(problem) => problems.push(problem),
        }
    }
    let last = format!("{COMMAND}: {passed} pages passed, {} failed", problems.len());
    if problems.is_empty() {
        println!("        {last}");
        return Ok(());
    }
    Err(Failure::Failed(format!("{}\n{last}", sentences(&problems))))
}

/// Whether an argument means this page: its path, or a folder above it.
fn names(argument: &str, path: &str) -> bool {
    let argument = argument.trim_end_matches('/');
    path.strip_prefix(argument).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_page_is_named_by_its_path_or_a_folder_above_it() {
        for argument in ["docs/guide/1.md", "docs/guide", "docs/", "docs"] {
            assert!(names(argument, "docs/guide/1.md"), "{argument}");
        }
        for argument in ["docs/gui", "guide", "docs/guide/1.md/x"] {
            assert!(!names(argument, "docs/guide/1.md"), "{argument}");
        }
    }
}
