use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::config::Checks;
use crate::follow::place::Limits;
use crate::testing::{Scratch, tree};

const MANIFEST: &str = "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\n";
const LIB: &str = "//! Tiny.\n\npub fn one() -> u8 {\n    1\n}\n";

/// In a guide, they leave the slow test out.
fn checks() -> Checks {
    let owned = |test: &str| {
        let clippy = "clippy --workspace --all-targets --locked -- -D warnings";
        ["fmt --all --check", clippy, test].map(str::to_owned).to_vec()
    };
    Checks { after_page: owned("test --locked"), after_page_of_guide: owned("test --locked -- --skip slow") }
}

/// A page that creates a file and looks at the one of the page before.
fn creates(path: &str, commands: &str) -> String {
    format!("# Page\n\nCreate `{path}`:\n\n```text\n{path}\n```\n\nRun:\n\n```console\n{commands}\n```\n")
}

/// A crate with pages, and the SUMMARY that lists them.
fn house(pages: &[(&str, &str)]) -> Tree {
    let mut house = tree(&[
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", LOCK),
        ("src/lib.rs", LIB),
        ("README.md", "# Tiny\n"),
    ]);
    let mut summary = String::new();
    for (path, text) in pages {
        house.set(&format!("docs/{path}"), (*text).to_owned());
        summary.push_str(&format!("- [P]({path})\n"));
    }
    house.set("docs/SUMMARY.md", summary);
    house
}

/// What became of each page that was followed.
fn follow(house: &Tree, wanted: &str) -> BTreeMap<String, Result<(), String>> {
    let scratch = Scratch::new();
    let limits = Limits { command: Duration::from_secs(60), build: Duration::from_secs(600) };
    let mut place = Place::new(&scratch.path("root"), &scratch.path("docs"), limits);
    place.config.checks = checks();
    let (book, problems) = Book::read(house);
    assert_eq!(problems, []);
    let runner = Runner { place: &place, mode: Mode::Run };
    let reports = runner.follow(&book, house, &|chapter| chapter.path().starts_with(wanted));
    let by_page = |report| match report {
        Ok(Blessing { page, .. }) => (page, Ok(())),
        Err(problem @ Problem { .. }) => (problem.page.clone(), Err(problem.message)),
    };
    reports.into_iter().map(by_page).collect()
}

#[test]
fn pages_of_a_folder_build_on_each_other_and_others_begin_afresh() {
    let house = house(&[
        ("alone.md", &creates("a", "$ ls a src\na\n\nsrc:\nlib.rs")),
        (
            "t/1.md",
            &creates(
                "b",
                "$ cat a\n[..]No such file[..]\n? 1\n\n$ git status\nfatal: not a git repository[..]\n? 128",
            ),
        ),
        ("t/2.md", &creates("c", "$ cat b\nb")),
    ]);
    let reports = follow(&house, "docs/");
    assert_eq!(reports.keys().collect::<Vec<_>>(), ["docs/alone.md", "docs/t/1.md", "docs/t/2.md"]);
    assert!(reports.values().all(Result::is_ok), "{reports:#?}");
    let last = follow(&house, "docs/t/2.md");
    assert_eq!(last.into_iter().collect::<Vec<_>>(), [("docs/t/2.md".to_owned(), Ok(()))]);
}

#[test]
fn behind_a_page_that_fails_those_that_build_on_it_are_left_out() {
    let house = house(&[
        ("t/1.md", &creates("b", "$ false")),
        ("t/2.md", &creates("c", "$ true")),
        ("u/1.md", "# U\n\nRun:\n\n```console\n$ true\n```\n"),
    ]);
    let reports = follow(&house, "docs/");
    assert_eq!(reports.keys().collect::<Vec<_>>(), ["docs/t/1.md", "docs/u/1.md"]);
    assert!(reports["docs/t/1.md"].is_err() && reports["docs/u/1.md"].is_ok(), "{reports:#?}");
}

#[test]
fn a_page_may_not_change_files_by_its_commands() {
    let house = house(&[("a.md", "# A\n\nRun:\n\n```console\n$ echo >> README.md\n```\n")]);
    let expected = Err("its commands changed files: README.md".to_owned());
    assert_eq!(follow(&house, "docs/a.md")["docs/a.md"], expected);
}

#[test]
fn behind_a_page_with_edits_the_tree_is_formatted_free_of_warnings_and_passes_its_tests() {
    for (code, failing) in [
        ("pub fn two()->u8 { 2 }", "cargo fmt --all --check"),
        ("fn two() {}", "cargo clippy "),
        ("#[test]\nfn fails() {\n    assert_eq!(one(), 2);\n}", "cargo test "),
    ] {
        let page = format!("# A\n\nAt the end of `src/lib.rs`, add:\n\n```rust\n\n{code}\n```\n");
        let error = follow(&house(&[("a.md", &page)]), "docs/")["docs/a.md"].clone().unwrap_err();
        assert!(error.starts_with(&format!("after this page, `{failing}")), "{failing}: {error}");
    }
}

#[test]
fn a_guide_begins_where_its_edits_are_undone_with_a_tree_that_is_good() {
    // The plan has nothing to execute, so it is the second page that begins with the starting tree.
    let plan = "# Plan\n\nBegin with:\n\n```console\n$ cargo xtask docs start guide\n```\n";
    let page = "# G\n\nAt the end of `src/lib.rs`, add:\n\n```rust\n\npub fn one() -> u8 {\n    1\n}\n```\n\n\
                Run:\n\n```console\n$ grep -c fn src/lib.rs\n2\n```\n\n\
                Take these files from the finished repository:\n\n```console\n$ git checkout finished -- tests\n```\n\n\
                Run:\n\n```console\n$ git diff --stat finished\n\n$ git status --short\n M src/lib.rs\nA  tests/one.rs\n\n\
                $ git log --oneline --no-decorate\n[..] The beginning of the guide\n[..] The finished repository\n```\n";
    let shipped = |lib: &str| {
        let mut house = house(&[("guide/0.md", plan), ("guide/1.md", page)]);
        house.set("src/lib.rs", lib.to_owned());
        house.set(
            "tests/one.rs",
            "#[test]\nfn slow() {\n    panic!(\"left out in a guide\");\n}\n".to_owned(),
        );
        follow(&house, "docs/")["docs/guide/1.md"].clone()
    };
    assert_eq!(shipped(&LIB.replace("//! Tiny.\n", "//! Tiny.\n\npub fn zero() {}\n")), Ok(()));
    let error = shipped(&LIB.replace("//! Tiny.\n", "//! Tiny.\n\nfn zero() {}\n")).unwrap_err();
    assert!(error.starts_with("before this page, `cargo clippy "), "{error}");
    assert!(shipped("//! Tiny.\n").unwrap_err().starts_with("the page is stale"), "not there to be undone");
}
