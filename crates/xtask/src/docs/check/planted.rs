//! Faults planted into a copy of this repository's own book, in memory. That the same checks work on small books is
//! tested elsewhere; here, that no page of ours escapes them.

use super::source;
use crate::docs::book::{Book, README};
use crate::docs::check::check;
use crate::docs::edit::Edit;
use crate::docs::grammar::Action;
use crate::docs::sequence::Sequence;
use crate::docs::tree::Tree;
use crate::workspace::Workspace;

fn repository() -> Tree {
    Tree::of_repository(&Workspace::load().unwrap().root).unwrap()
}

fn problems(tree: &Tree) -> Vec<String> {
    check(tree).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_broken_link_and_an_unowned_block_in_the_readme_are_named_with_their_lines() {
    let tree = repository();
    let before = problems(&tree);
    let text = tree.text(README).unwrap();
    let end = text.lines().count();
    let found_with = |more: &str| {
        let mut damaged = tree.clone();
        damaged.set(README, format!("{text}{more}"));
        problems(&damaged).into_iter().find(|problem| !before.contains(problem))
    };
    assert_eq!(
        found_with("\nSee [this](docs/nowhere.md).\n"),
        Some(format!("README.md:{}: the link `docs/nowhere.md` leads to no file", end + 2))
    );
    assert_eq!(
        found_with("\nLook. It is like this:\n\n```rust\nfn f() {}\n```\n"),
        Some(format!(
            "README.md:{}: a code block without an instruction that I know; the sentence in front of it is \"It is \
             like this:\"",
            end + 4
        ))
    );
}

#[test]
fn a_name_that_changes_in_a_crate_is_named_by_every_page_that_shows_it() {
    let tree = repository();
    let (book, _) = Book::read(&tree);
    let mut shown = 0;
    for chapter in &book.chapters {
        for block in &chapter.blocks {
            let Action::Source { path, code } = &block.action else { continue };
            let line = code.iter().find(|line| line.contains(char::is_alphabetic)).unwrap();
            let name: String =
                line.chars().skip_while(|c| !c.is_alphabetic()).take_while(|c| c.is_alphabetic()).collect();
            let text = tree.text(path).unwrap().replace(&name, &format!("{name}Renamed"));
            let mut damaged = tree.clone();
            damaged.set(path, text);
            let found = source::problems(&book, &damaged);
            let expected = format!("{}:{}: this code is not in `{path}`", chapter.path(), block.line);
            let is_named = found.iter().any(|problem| problem.to_string().starts_with(&expected));
            assert!(is_named, "{name}: {found:#?}");
            shown += 1;
        }
    }
    assert!(shown > 0, "no page shows code");
}

#[test]
fn code_that_is_deleted_from_a_page_of_the_guide_is_missed_on_that_page() {
    let tree = repository();
    let (book, _) = Book::read(&tree);
    let mut deleted = 0;
    for guide in book.sequences().filter(|sequence| sequence.is_shipped()) {
        // One line of each edit stands for the others: all are compared in one go.
        for placed in guide.edits() {
            let (Edit::Create { code, .. } | Edit::Append { code, .. } | Edit::Change { code, .. }) =
                placed.edit
            else {
                continue;
            };
            let path = placed.chapter.path();
            let (start, text) = (placed.line, tree.text(path).unwrap());
            let block =
                text.lines().enumerate().skip(start).position(|(_, line)| Some(line) == code.lines().last());
            let at = start + block.unwrap();
            let left: String = text
                .lines()
                .enumerate()
                .filter(|(line, _)| *line != at)
                .flat_map(|(_, line)| [line, "\n"])
                .collect();
            let mut damaged = tree.clone();
            damaged.set(path, left);
            let (book, unreadable) = Book::read(&damaged);
            let guide: Vec<_> =
                book.sequences().filter(|sequence: &Sequence<'_>| sequence.is_shipped()).collect();
            let stale = guide.iter().find_map(|guide| guide.start(&damaged).err());
            let problem = unreadable.into_iter().next().or(stale).map(|problem| problem.to_string());
            assert!(
                problem.as_ref().is_some_and(|problem| problem.starts_with("docs/guide/")),
                "{path}:{}: {problem:?}",
                at + 1
            );
            deleted += 1;
        }
    }
    assert!(deleted > 0 || !tree.has("docs/guide"), "the guide has no edits");
}
