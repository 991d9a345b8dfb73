//! A small book that is right, damaged in every way that a page can be wrong.

use super::*;
use crate::testing::{problems, problems_if, tree};

const README: &str = "# House\n\n[The book](docs/index.md), [why](docs/index.md#why-so), [here](#house)\n\n\
    This is what CI runs:\n\n```console\n$ cargo xtask test\n```\n";
const INDEX: &str = "# Index\n\n## Why *so*?\n\nSee `crates/a/src/lib.rs`, `crates/new.rs` and `crates/*`.\n\n\
    ```rust src=\"crates/a/src/lib.rs\"\nfn inner() {\n    one();\n}\n```\n";
const GUIDE: &str = "# Guide\n\nBegin with:\n\n```console\n$ cargo xtask docs start guide\n```\n\nCreate `crates/a/src/feature.rs`:\n\n```rust\npub fn feature() {}\n```\n\n\
    In `crates/a/src/lib.rs`, find:\n\n```rust\nmod first;\n```\n\nand add below it:\n\n```rust\nmod feature;\n```\n";
const TUTORIAL: &str = "# Tutorial\n\nCreate `crates/new.rs`:\n\n```rust\n// new\n```\n";
const LIB: &str = "mod first;\nmod feature;\n\nmod outer {\n    fn inner() {\n        one();\n    }\n}\n";

fn house() -> Tree {
    tree(&[
        ("README.md", README),
        (".ci/run", "#!/bin/sh\n  cargo xtask test\n"),
        ("docs/SUMMARY.md", "# Summary\n\n- [I](index.md)\n- [G](guide/1.md)\n  - [T](tutorial/1.md)\n"),
        ("docs/index.md", INDEX),
        ("docs/guide/1.md", GUIDE),
        ("docs/tutorial/1.md", TUTORIAL),
        ("crates/a/src/lib.rs", LIB),
        ("crates/a/src/feature.rs", "pub fn feature() {}\n"),
    ])
}

/// What is found when `from` is `to` in one file of the house.
fn damaged(path: &str, from: &str, to: &str) -> Vec<String> {
    problems_if(house(), path, from, to)
}

#[test]
fn a_house_in_order_passes_and_its_blocks_are_counted() {
    let expected =
        "4 pages; blocks: 3 edit, 0 console, 0 log, 1 ci, 1 source, 1 typed, 0 list, 0 illustration";
    assert_eq!(check(&house()).unwrap(), expected);
}

#[test]
fn a_stale_source_block_is_named_with_the_line_that_differs() {
    assert_eq!(
        damaged("crates/a/src/lib.rs", "one()", "two()"),
        [
            "docs/index.md:7: this code is not in `crates/a/src/lib.rs`, so the page is stale; line 2 is `one();` here \
          and `two();` there"
        ]
    );
    assert_eq!(
        damaged("docs/index.md", "fn inner", "fn outer"),
        ["docs/index.md:7: this code is not in `crates/a/src/lib.rs`, so the page is stale"]
    );
    assert_eq!(
        damaged("docs/index.md", "    one", "one"),
        ["docs/index.md:7: this code is not in `crates/a/src/lib.rs`, so the page is stale"]
    );
    assert_eq!(
        damaged("docs/index.md", "src/lib.rs\"", "src/lab.rs\""),
        ["docs/index.md:7: there is no file `crates/a/src/lab.rs`"]
    );
}

#[test]
fn a_source_block_that_is_there_twice_is_ambiguous() {
    assert_eq!(
        damaged("docs/index.md", "fn inner() {\n    one();\n}\n", "}\n"),
        ["docs/index.md:7: this code is 2 times in `crates/a/src/lib.rs`; show more of it"]
    );
}

#[test]
fn an_unowned_block_is_found() {
    let problems = damaged("README.md", "```console", "```sh");
    assert_eq!(problems, ["README.md:7: commands are ```console, not ```sh"]);
}

#[test]
fn a_dead_link_and_a_dead_heading_are_found() {
    assert_eq!(
        damaged("README.md", "docs/index.md)", "docs/indx.md)"),
        ["README.md:3: the link `docs/indx.md` leads to no file"]
    );
    assert_eq!(
        damaged("docs/index.md", "## Why *so*?", "## How?"),
        ["README.md:3: `docs/index.md` has no heading `#why-so`; it has index, how"]
    );
    assert_eq!(
        damaged("README.md", "(#house)", "(#home)"),
        ["README.md:3: `README.md` has no heading `#home`; it has house"]
    );
    assert_eq!(
        damaged("README.md", "(#house)", "(crates/a/src/lib.rs#L1)"),
        [
            "README.md:3: the link `crates/a/src/lib.rs#L1` names a heading of a file that is no page of docs/SUMMARY.md"
        ]
    );
    assert_eq!(damaged("README.md", "(#house)", "(https://example.com/#x)"), [""; 0]);
}

#[test]
fn a_missing_page_and_a_page_without_a_place_are_found() {
    let mut house = house();
    house.remove("docs/tutorial/1.md");
    house.set("docs/more.md", "# More\n".to_owned());
    assert_eq!(
        problems(&house),
        [
            "docs/more.md:1: this page is not in `docs/SUMMARY.md`",
            "docs/SUMMARY.md:5: there is no page `docs/tutorial/1.md`",
            "docs/index.md:5: `crates/new.rs` is neither a file nor a folder",
        ]
    );
    house.remove("docs/SUMMARY.md");
    let problems = problems(&house);
    assert!(
        problems.contains(&"docs/SUMMARY.md:1: there is no such file, so no page has a place".to_owned())
    );
}

#[test]
fn a_page_may_be_listed_once() {
    assert_eq!(
        damaged("docs/SUMMARY.md", "(guide/1.md)", "(index.md)")[0],
        "docs/SUMMARY.md:4: `docs/index.md` is in line 3 already"
    );
}

#[test]
fn files_named_in_the_text_exist() {
    assert_eq!(
        damaged("docs/index.md", "See `crates/a/src/lib.rs`", "See `crates/a/src/gone.rs`"),
        ["docs/index.md:5: `crates/a/src/gone.rs` is neither a file nor a folder"]
    );
}

#[test]
fn what_ci_runs_is_what_the_page_says() {
    assert_eq!(
        damaged(".ci/run", "cargo xtask test", "cargo xtask test --fast"),
        ["README.md:7: `cargo xtask test` is no line of `.ci/run`, so this is not what CI runs"]
    );
}

#[test]
fn a_guide_about_code_that_is_here_must_lead_to_it() {
    assert_eq!(
        damaged("crates/a/src/feature.rs", "feature()", "renamed()"),
        [
            "docs/guide/1.md:11: the page is stale, its edit cannot be undone: `crates/a/src/feature.rs` is not what the \
          page shows: line 1 is `pub fn feature() {}` here and `pub fn renamed() {}` in the file"
        ]
    );
    assert_eq!(
        damaged("docs/guide/1.md", "mod first;\n", "mod frist;\n"),
        [
            "docs/guide/1.md:17: the page is stale, its edit cannot be undone: found 0 times in `crates/a/src/lib.rs`, \
          where it must be once:\n    mod frist;\n    mod feature;"
        ]
    );
    let twice = damaged("crates/a/src/lib.rs", "mod first;\n", "mod first;\nmod feature;\nmod first;\n");
    assert!(twice[0].contains("found 2 times in `crates/a/src/lib.rs`"), "{twice:#?}");
    // Undone, this is a tree in which the lines to find are there twice.
    let ambiguous = damaged("crates/a/src/lib.rs", "mod feature;\n", "mod feature;\nmod first;\n");
    assert_eq!(
        ambiguous,
        [
            "docs/guide/1.md:17: found 2 times in `crates/a/src/lib.rs`, where it must be once:\n    mod first;"
        ]
    );
}

#[test]
fn a_tutorial_must_fit_the_code_that_is_here() {
    assert_eq!(
        damaged("docs/tutorial/1.md", "`crates/new.rs`", "`crates/a/src/lib.rs`"),
        [
            "docs/index.md:5: `crates/new.rs` is neither a file nor a folder",
            "docs/tutorial/1.md:5: `crates/a/src/lib.rs` exists already",
        ]
    );
}
