//! The instructions of the pages can be followed, and those about code that is here lead to the code that is here.

use crate::pages::book::Book;
use crate::pages::sequence::Sequence;
use crate::problem::Problem;
use crate::tree::Tree;

pub fn problems(book: &Book, tree: &Tree) -> Vec<Problem> {
    book.sequences().filter_map(|sequence| follow(sequence, tree).err()).collect()
}

fn follow(sequence: Sequence<'_>, repository: &Tree) -> Result<(), Problem> {
    let mut tree = sequence.start(repository)?;
    sequence.apply(&mut tree, repository)?;
    let differing = if sequence.is_shipped() { tree.differing(repository) } else { Vec::new() };
    match (sequence.0.last(), differing.is_empty()) {
        (Some(last), false) => {
            let message =
                format!("following these pages does not lead to this repository: {}", differing.join(", "));
            Err(Problem::new(last.path(), 1, message))
        }
        _ => Ok(()),
    }
}
