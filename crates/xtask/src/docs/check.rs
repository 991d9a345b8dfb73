//! Everything about the pages that can be known without executing them. Takes a second.

mod edits;
mod guide;
mod links;
mod mentions;
pub mod security;
mod source;

use super::book::Book;
use super::grammar::Counts;
use super::problem::Problem;
use super::tree::Tree;

/// Checks all pages; gives a sentence about what was checked.
pub fn check(tree: &Tree) -> Result<String, Vec<Problem>> {
    let (book, mut problems) = Book::read(tree);
    problems.extend(links::problems(&book, tree));
    problems.extend(source::problems(&book, tree));
    problems.extend(mentions::problems(&book, tree));
    problems.extend(edits::problems(&book, tree));
    problems.extend(guide::problems(&book, tree));
    problems.extend(security::problems(tree));
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
