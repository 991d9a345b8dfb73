use super::*;
use crate::pages::transcript;
use crate::testing::tree;

fn take(paths: &str) -> Take {
    let steps = transcript::parse(&[format!("$ git checkout finished -- {paths}")], 1).unwrap();
    Take::parse(&steps[0]).unwrap()
}

fn finished() -> Tree {
    tree(&[
        ("a/one.rs", "1\n"),
        ("a/b/two.rs", "2\n"),
        ("a.rs", "mod one;"),
        ("ab.rs", "3\n"),
        ("kept", "4\n"),
    ])
}

#[test]
fn files_and_folders_are_removed_and_copied_byte_for_byte() {
    let finished = finished();
    let mut there = finished.clone();
    take("a/ a.rs").undo(&mut there, &finished).unwrap();
    assert_eq!(there, tree(&[("ab.rs", "3\n"), ("kept", "4\n")]));
    take("a/ a.rs").apply(&mut there, &finished).unwrap();
    assert_eq!(there, finished);
}

#[test]
fn what_is_not_in_the_repository_cannot_be_taken_nor_undone() {
    let finished = finished();
    let expected = "there is neither a file nor a folder `b` in the repository";
    let mut there = finished.clone();
    assert_eq!(take("a b").undo(&mut there, &finished).unwrap_err(), expected);
    assert_eq!(there, finished);
    assert_eq!(take("b").apply(&mut Tree::default(), &finished).unwrap_err(), expected);
}

#[test]
fn what_is_there_already_is_not_taken_again() {
    let mut there = tree(&[("a/mine.rs", "")]);
    assert_eq!(take("a.rs a").apply(&mut there, &finished()).unwrap_err(), "`a` exists already");
    assert_eq!(there, tree(&[("a/mine.rs", "")]));
}

#[test]
fn what_another_block_changes_is_not_taken_whole() {
    let finished = finished();
    let expected = "`a/one.rs` is taken whole, but another block changes it";
    let mut there = finished.clone();
    there.set("a/one.rs", "1, undone\n".to_owned());
    assert_eq!(take("a").undo(&mut there, &finished).unwrap_err(), expected);
    there.remove("a/one.rs");
    assert_eq!(take("a").undo(&mut there, &finished).unwrap_err(), expected);
}
