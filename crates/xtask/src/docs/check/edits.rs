//! The instructions of the pages can be followed, and those about code that is here lead to the code that is here.

use crate::docs::book::{Book, Chapter, apply, is_shipped, start_of};
use crate::docs::problem::Problem;
use crate::docs::tree::Tree;

pub fn problems(book: &Book, tree: &Tree) -> Vec<Problem> {
    book.sequences().filter_map(|sequence| follow(sequence, tree).err()).collect()
}

fn follow(sequence: &[Chapter], repository: &Tree) -> Result<(), Problem> {
    let mut tree = start_of(sequence, repository)?;
    apply(sequence, &mut tree)?;
    let differing = if is_shipped(sequence) { tree.differing(repository) } else { Vec::new() };
    match (sequence.last(), differing.is_empty()) {
        (Some(last), false) => {
            let message =
                format!("following these pages does not lead to this repository: {}", differing.join(", "));
            Err(Problem::new(last.path(), 1, message))
        }
        _ => Ok(()),
    }
}
