//! Everything about the pages that can be known without executing them. Takes a second.

mod edits;
mod guide;
mod links;
mod mentions;
pub mod requirements;
mod source;
mod word;

use crate::pages::book::Book;
use crate::pages::grammar::Counts;
use crate::problem::Problem;
use crate::tree::Tree;

/// Checks all pages; gives a sentence about what was checked.
pub fn check(tree: &Tree) -> Result<String, Vec<Problem>> {
    let (book, mut problems) = Book::read(tree);
    problems.extend(links::problems(&book, tree));
    problems.extend(source::problems(&book, tree));
    problems.extend(mentions::problems(&book, tree));
    problems.extend(edits::problems(&book, tree));
    problems.extend(guide::problems(&book, tree));
    problems.extend(requirements::problems(&book.config, tree));
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut counts = Counts::default();
    book.chapters.iter().flat_map(|chapter| &chapter.blocks).for_each(|block| counts.add(block));
    Ok(format!("{} pages; blocks: {counts}", book.chapters.len()))
}

#[cfg(test)]
mod planted;
#[cfg(test)]
mod tests;
