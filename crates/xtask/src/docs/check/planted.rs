//! Faults planted into a copy of this repository's own book, in memory. That the same checks work on small books is
//! tested elsewhere; here, that no page of ours escapes them.

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

/// What is found more when a file has this text.
fn found(tree: &Tree, path: &str, text: String) -> Vec<String> {
    let before = problems(tree);
    let mut damaged = tree.clone();
    damaged.set(path, text);
    problems(&damaged).into_iter().filter(|problem| !before.contains(problem)).collect()
}

#[test]
fn a_broken_link_and_an_unowned_block_in_the_readme_are_named_with_their_lines() {
    let tree = repository();
    let text = tree.text(README).unwrap();
    let end = text.lines().count();
    let link = format!("{text}\nSee [this](docs/nowhere.md).\n");
    assert_eq!(
        found(&tree, README, link),
        [format!("README.md:{}: the link `docs/nowhere.md` leads to no file", end + 2)]
    );
    let block = format!("{text}\nIt looks like this:\n\n```rust\nfn f() {{}}\n```\n");
    let found = found(&tree, README, block);
    let expected =
        format!("README.md:{}: a code block without an instruction that I know; the sentence", end + 4);
    assert!(found[0].starts_with(&expected), "{found:#?}");
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
            let found = found(&tree, path, text);
            let expected = format!("{}:{}: this code is not in `{path}`", chapter.path(), block.line);
            assert!(found.iter().any(|problem| problem.starts_with(&expected)), "{name}: {found:#?}");
            shown += 1;
        }
    }
    assert!(shown > 0, "no page shows code");
}
