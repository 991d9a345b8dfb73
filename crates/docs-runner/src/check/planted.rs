//! Faults planted into a copy of this repository's own book, in memory. That the same checks work on small books is
//! tested elsewhere; here, that no page of ours escapes them.

use super::source;
use crate::cargo::Workspace;
use crate::pages::book::{Book, README};
use crate::pages::edit::{Edit, How};
use crate::pages::grammar::Action;
use crate::pages::sequence::Sequence;
use crate::testing::problems;
use crate::tree::Tree;

fn repository() -> Tree {
    Tree::of_repository(&Workspace::load().unwrap().root).unwrap()
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
        for placed in guide.edits() {
            // The line next to what is there already. Without one at the other end, the rest is undone all the same, and it
            // takes `docs run` to see that the beginning has a line too many.
            let (code, is_first) = match placed.edit {
                Edit::Change { how: How::AddBelow, code, .. } => (code, true),
                Edit::Change { how: How::AddAbove, code, .. } => (code, false),
                Edit::Create { code, .. } | Edit::Append { code, .. } => (code, false),
                Edit::Change { how: How::Replace, .. } | Edit::Take(_) => continue,
            };
            let path = placed.chapter.path();
            let text = tree.text(path).unwrap();
            let lines: Vec<_> = text.lines().collect();
            let fence: Vec<_> = code.lines().chain(["```"]).collect();
            let is_fence = |at: &usize| lines[*at].starts_with("```") && lines[at + 1..].starts_with(&fence);
            let fence_at = (placed.line - 1..lines.len()).find(is_fence).unwrap();
            let at = fence_at + if is_first { 1 } else { fence.len() - 1 };
            let left: String =
                [&lines[..at], &lines[at + 1..]].concat().iter().flat_map(|line| [line, "\n"]).collect();
            let mut damaged = tree.clone();
            damaged.set(path, left);
            let (book, unreadable) = Book::read(&damaged);
            let guide: Vec<_> =
                book.sequences().filter(|sequence: &Sequence<'_>| sequence.is_shipped()).collect();
            let stale = guide.iter().find_map(|guide| guide.start(&damaged).err());
            let problem = unreadable.into_iter().next().or(stale).map(|problem| problem.to_string());
            let here = [format!("{path}:{}: ", placed.line), format!("{path}:{}: ", fence_at + 1)];
            let is_named = |problem: &String| here.iter().any(|here| problem.starts_with(here));
            assert!(problem.as_ref().is_some_and(is_named), "{path}:{}: {problem:?}", at + 1);
            deleted += 1;
        }
    }
    assert!(deleted > 0, "the guide has no edits");
}

#[test]
fn a_variant_of_an_error_that_is_renamed_in_the_crates_is_named_by_the_page_that_adds_it() {
    let tree = repository();
    let (book, _) = Book::read(&tree);
    let guide = book.sequences().find(|sequence| sequence.is_shipped()).unwrap();
    let mut variants = 0;
    for placed in guide.edits() {
        let (Edit::Create { code, .. } | Edit::Append { code, .. } | Edit::Change { code, .. }) = placed.edit
        else {
            continue;
        };
        // `pub enum …Error {`, and behind its comments and attributes the first variant without fields.
        let mut lines = code
            .lines()
            .map(str::trim)
            .skip_while(|line| !line.ends_with("Error {") || !line.contains("enum"));
        let is_name =
            |name: &&str| name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric);
        let Some(name) = lines.find_map(|line| line.strip_suffix(',').filter(is_name)) else { continue };
        let mut renamed = tree.clone();
        for path in tree.paths().filter(|path| path.ends_with(".rs")) {
            let text = tree.text(path).unwrap();
            renamed.set(path, text.replace(&format!("{name},"), &format!("{name}Now,")));
        }
        let problem = guide.start(&renamed).err().map(|problem| problem.to_string()).unwrap_or_default();
        let page = placed.chapter.path();
        assert!(
            problem.starts_with(guide.folder()) && problem.contains("the page is stale"),
            "{page}, {name}: {problem}"
        );
        variants += 1;
    }
    assert!(variants > 0, "the guide adds no error");
}
