//! The page that says which test holds which requirement. The tests say it in their comments; the page is made of that.
//!
//! A row is `| number | what must hold | where it is tested |`. The first two columns are written by hand. So is the third
//! where there is no test: then it is a sentence that says why.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::docs::problem::Problem;
use crate::docs::tree::Tree;

pub const PAGE: &str = "docs/reference/security.md";
/// Stands in the documentation of a test before the numbers of the rows, with a period behind the last one.
const MARK: &str = "Security checklist:";
/// Functions here are run against every store, without being tests themselves.
const CONTRACT: &str = "crates/testkit/src/contract/cases/";

/// For each row, the tests that hold it.
type Claims = BTreeMap<u32, Vec<String>>;

/// What is wrong with the page, and with the tests that name rows of it.
pub fn problems(tree: &Tree) -> Vec<Problem> {
    match (rewritten(tree), tree.text(PAGE)) {
        (Err(problems), _) => problems,
        (Ok(wanted), Some(page)) if wanted != page => {
            let differing = (1..).zip(wanted.lines().zip(page.lines())).find(|(_, (new, old))| new != old);
            let message = format!("this is not what the tests say; run `cargo xtask docs bless {PAGE}`");
            vec![Problem::new(PAGE, differing.map_or(1, |(line, _)| line), message)]
        }
        (Ok(_), _) => Vec::new(),
    }
}

/// Writes the names of the tests into the page.
pub fn bless(root: &Path, tree: &Tree) -> Result<(), String> {
    let text = rewritten(tree)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    fs::write(root.join(PAGE), text).map_err(|error| format!("{PAGE}: cannot be written: {error}"))
}

/// The page as it has to be.
fn rewritten(tree: &Tree) -> Result<String, Vec<Problem>> {
    let (mut claims, mut problems) = claims(tree);
    let mut page = String::new();
    for (line, text) in (1..).zip(tree.text(PAGE).unwrap_or_default().lines()) {
        page += &match Row::parse(text) {
            None => text.to_owned(),
            Some(row) => {
                let tests = claims.remove(&row.number).unwrap_or_default();
                if tests.is_empty() && (row.tests.is_empty() || row.tests.contains("::")) {
                    let message = format!("row {} has no test (any more); say in a sentence why", row.number);
                    problems.push(Problem::new(PAGE, line, message));
                }
                row.with(&tests)
            }
        };
        page.push('\n');
    }
    for (number, tests) in claims {
        let message =
            format!("there is no row {number} (or it is there twice), which {} names", tests.join(", "));
        problems.push(Problem::new(PAGE, 1, message));
    }
    if problems.is_empty() { Ok(page) } else { Err(problems) }
}

struct Row<'a> {
    number: u32,
    requirement: &'a str,
    tests: &'a str,
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let number = cells.next()?.parse().ok()?;
        Some(Self { number, requirement: cells.next()?, tests: cells.next()? })
    }

    fn with(&self, tests: &[String]) -> String {
        let Self { number, requirement, tests: reason } = self;
        let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
        let tests = if tests.is_empty() { (*reason).to_owned() } else { tests.join("<br>") };
        format!("| {number} | {requirement} | {tests} |")
    }
}

/// What the tests say that they hold.
fn claims(tree: &Tree) -> (Claims, Vec<Problem>) {
    let (mut claims, mut problems) = (Claims::new(), Vec::new());
    for path in tree.paths().filter(|path| path.starts_with("crates/") && path.ends_with(".rs")) {
        let mut waiting: Vec<u32> = Vec::new();
        let mut is_test = path.starts_with(CONTRACT);
        for (line, text) in (1..).zip(tree.text(path).unwrap_or_default().lines()) {
            let text = text.trim();
            if let Some(said) = text.strip_prefix("///").and_then(|doc| doc.split_once(MARK)) {
                match numbers(said.1) {
                    Some(numbers) => waiting = numbers,
                    None => problems.push(Problem::new(path, line, "numbers and a period belong here")),
                }
            } else if waiting.is_empty() || text.starts_with("///") {
                continue;
            } else if text.starts_with("#[") {
                is_test |= text.contains("test");
            } else {
                let rows = std::mem::take(&mut waiting);
                match name_of_function(text).filter(|_| is_test) {
                    Some(name) => {
                        for row in rows {
                            claims.entry(row).or_default().push(format!("{path}::{name}"));
                        }
                    }
                    None => problems.push(Problem::new(path, line, "rows are named, but not by a test")),
                }
                is_test = path.starts_with(CONTRACT);
            }
        }
    }
    (claims, problems)
}

/// The numbers before the period.
fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split_once('.')?.0.split(',').map(|number| number.trim().parse().ok()).collect()
}

fn name_of_function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_declaration = before.split_whitespace().all(|word| ["pub", "async", "pub(super)"].contains(&word));
    rest.split(['(', '<']).next().filter(|_| is_declaration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::testing::{Scratch, tree};

    const TESTS: &str = "/// Long.\n/// Short. Security checklist: 1, 2.\n#[tokio::test]\nasync fn it_holds() {\n}\n\
                         \n/// Security checklist: 2.\n#[test]\nfn it_holds_too() {}\n";

    fn told(page: &str, tests: &str) -> Vec<String> {
        let tree = tree(&[(PAGE, page), ("crates/a/tests/t.rs", tests)]);
        problems(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_page_is_made_of_what_tests_say() {
        let page = "# Title\n\n| # | what | where |\n|---|---|---|\n| 1 | this | |\n| 2 | that | gone |\n| 3 | no | Later. |\n";
        let tree = tree(&[(PAGE, page), ("crates/a/tests/t.rs", TESTS)]);
        let scratch = Scratch::new();
        fs::create_dir_all(scratch.path("docs/reference")).unwrap();

        bless(&scratch.path(""), &tree).unwrap();

        let blessed = fs::read_to_string(scratch.path(PAGE)).unwrap();
        let rows: Vec<&str> = blessed.lines().skip(4).collect();
        let expected = [
            "| 1 | this | `crates/a/tests/t.rs::it_holds` |",
            "| 2 | that | `crates/a/tests/t.rs::it_holds`<br>`crates/a/tests/t.rs::it_holds_too` |",
            "| 3 | no | Later. |",
        ];
        assert_eq!(rows, expected);
        assert_eq!(told(&blessed, TESTS), [""; 0]);
        let stale = told(page, TESTS);
        assert_eq!(
            stale,
            [format!("{PAGE}:5: this is not what the tests say; run `cargo xtask docs bless {PAGE}`")]
        );
    }

    #[test]
    fn a_row_without_a_test_says_why_and_a_test_names_rows_that_are_there() {
        let missing = format!("{PAGE}:1: row 1 has no test (any more); say in a sentence why");
        assert_eq!(told("| 1 | this | |\n", ""), [&*missing]);
        assert_eq!(told("| 1 | this | `crates/a/tests/t.rs::gone` |\n", ""), [&*missing]);
        assert_eq!(told("| 1 | this | It cannot be. |\n", ""), [""; 0]);
        let unknown = told("| 1 | this | |\n", TESTS);
        assert!(unknown[0].contains("there is no row 2 "), "{unknown:?}");
        assert_eq!(unknown.len(), 1);
    }

    #[test]
    fn only_tests_hold_anything() {
        for (tests, problem) in [
            (
                "/// Security checklist: one.\n#[test]\nfn f() {}\n",
                "t.rs:1: numbers and a period belong here",
            ),
            ("/// Security checklist: 1\n#[test]\nfn f() {}\n", "t.rs:1: numbers and a period belong here"),
            ("/// Security checklist: 1.\nfn f() {}\n", "t.rs:2: rows are named, but not by a test"),
            (
                "/// Security checklist: 1.\n#[test]\n\nfn f() {}\n",
                "t.rs:3: rows are named, but not by a test",
            ),
            ("/// Security checklist: 1.\n#[test]\nmod f {\n", "t.rs:3: rows are named, but not by a test"),
        ] {
            let told = told("| 1 | this | No. |\n", tests);
            assert_eq!(told, [format!("crates/a/tests/{problem}")]);
        }
    }

    #[test]
    fn a_case_of_the_contract_is_a_test() {
        let case = "/// Security checklist: 1.\npub async fn it_holds(store: &dyn Store) {\n";
        let tree = tree(&[("crates/testkit/src/contract/cases/c.rs", case)]);
        let (claims, problems) = claims(&tree);
        assert_eq!((claims[&1].as_slice(), problems.len()), (&[format!("{CONTRACT}c.rs::it_holds")][..], 0));
    }
}
