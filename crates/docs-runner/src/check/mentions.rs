//! Files that pages name in their text exist.

use std::collections::BTreeSet;

use crate::pages::book::Book;
use crate::pages::edit::Edit;
use crate::pages::grammar::Action;
use crate::problem::Problem;
use crate::tree::Tree;

pub fn problems(book: &Book, tree: &Tree) -> Vec<Problem> {
    let blocks = book.chapters.iter().flat_map(|chapter| &chapter.blocks);
    let created: BTreeSet<&str> = blocks
        .filter_map(|block| {
            let Action::Edit(Edit::Create { path, .. }) = &block.action else { return None };
            Some(path.as_str())
        })
        .collect();
    let exists = |path: &str| tree.has(path) || created.contains(path);
    let mut problems = Vec::new();
    for chapter in &book.chapters {
        for (line, text) in chapter.page.prose() {
            let missing = mentions(text, &book.config.folders).filter(|path| !exists(path));
            problems.extend(missing.map(|path| {
                Problem::new(chapter.path(), line, format!("`{path}` is neither a file nor a folder"))
            }));
        }
    }
    problems
}

/// What stands in backticks and has the form of a path from the root.
fn mentions<'a>(line: &'a str, folders: &[String]) -> impl Iterator<Item = &'a str> {
    let is_path = |code: &&str| {
        folders.iter().any(|folder| code.starts_with(folder))
            && code.chars().all(|c| c.is_ascii_alphanumeric() || ['/', '.', '-', '_'].contains(&c))
            && !code.contains("...")
    };
    line.split('`').skip(1).step_by(2).filter(is_path)
}
