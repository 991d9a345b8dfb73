//! A guide about code that is here: its starting tree has no trace of the feature but where the page says so, and its
//! reader gets there first.

use super::word::mentions;
use crate::pages::book::Book;
use crate::pages::chapter::Chapter;
use crate::pages::grammar::{Action, Block, Typed};
use crate::pages::sequence::Sequence;
use crate::problem::Problem;
use crate::tree::Tree;

pub fn problems(book: &Book, tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for sequence in book.sequences() {
        // If it cannot be undone, that is reported elsewhere.
        let start = sequence.start(tree).ok();
        let mut has_begun = false;
        for (chapter, block) in blocks(sequence) {
            let wrong = match (&block.action, &start) {
                (Action::Typed(_) | Action::OccursOnlyIn { .. }, _) if !sequence.is_shipped() => {
                    vec![(block.line, "this is for guides about code that is here".to_owned())]
                }
                (Action::Typed(Typed::Goto(name)), _) if sequence.page(name).is_none() => {
                    vec![(block.line, format!("there is no page `{name}` in `{}`", chapter.folder()))]
                }
                (Action::Typed(Typed::Start), _) if has_begun => {
                    vec![(block.line, "the guide has begun already".to_owned())]
                }
                (Action::Edit(_) | Action::Run(_) | Action::Start(_), _)
                    if !has_begun && sequence.is_shipped() =>
                {
                    vec![(
                        block.line,
                        "the reader still has the finished repository; \"Begin with:\" comes first"
                            .to_owned(),
                    )]
                }
                (Action::OccursOnlyIn { word, paths }, Some(start)) => {
                    occurs_only_in(word, paths, block.line, start, &book.config.feature_folders)
                }
                _ => Vec::new(),
            };
            has_begun |= sequence.is_shipped() && executes(&block.action);
            problems
                .extend(wrong.into_iter().map(|(line, message)| Problem::new(chapter.path(), line, message)));
        }
    }
    problems
}

fn blocks<'a>(sequence: Sequence<'a>) -> impl Iterator<Item = (&'a Chapter, &'a Block)> {
    sequence.0.iter().flat_map(|chapter| chapter.blocks.iter().map(move |block| (chapter, block)))
}

/// Whether what is in the working folder matters here, or changes.
fn executes(action: &Action) -> bool {
    match action {
        Action::Edit(_) | Action::Run(_) | Action::Start(_) | Action::Typed(Typed::Start) => true,
        Action::Log(_)
        | Action::WhatCiRuns(_)
        | Action::Source { .. }
        | Action::Typed(Typed::Compare | Typed::Goto(_))
        | Action::OccursOnlyIn { .. }
        | Action::Illustration => false,
    }
}

/// The block has one path per line; it begins at `line` of its page.
fn occurs_only_in(
    word: &str,
    listed: &[String],
    line: usize,
    start: &Tree,
    folders: &[String],
) -> Vec<(usize, String)> {
    let is_room = |path: &str| path.ends_with(".rs") && folders.iter().any(|folder| path.starts_with(folder));
    let text = |path: &str| start.text(path).unwrap_or_default();
    let mut problems = Vec::new();
    for (line, path) in (line + 1..).zip(listed) {
        if !is_room(path) || !start.has_file(path) {
            let folders = folders.join(", ");
            problems.push((line, format!("`{path}` is no Rust file of the starting tree in {folders}")));
        } else if !mentions(text(path), word) {
            problems.push((line, format!("in the starting tree, `{path}` does not mention `{word}`")));
        }
    }
    for path in start.paths().filter(|path| is_room(path) && !listed.iter().any(|listed| listed == path)) {
        if let Some((at, code)) = (1..).zip(text(path).lines()).find(|(_, code)| mentions(code, word)) {
            let code = code.trim();
            problems.push((
                line,
                format!("in the starting tree, `{path}` mentions `{word}`, too, in its line {at}: {code}"),
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
