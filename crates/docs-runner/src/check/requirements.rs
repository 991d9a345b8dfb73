//! The page that says which test holds which requirement. The tests say it in their comments; the page is made of that.
//!
//! A row is `| number | what must hold | where it is tested |`. The first two columns are written by hand. So is the third
//! where there is no test: then it is a sentence that says why.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::config::{COMMAND, Config, Requirements};
use crate::problem::{Failure, Problem, sentences};
use crate::tree::Tree;

/// For each row, the tests that hold it.
type Claims = BTreeMap<u32, Vec<String>>;

/// What is wrong with the page, and with the tests that name rows of it.
pub fn problems(config: &Config, tree: &Tree) -> Vec<Problem> {
    let Some(requirements) = &config.requirements else { return Vec::new() };
    let page = &requirements.page;
    match (requirements.rewritten(tree), tree.text(page)) {
        (Err(problems), _) => problems,
        (Ok(wanted), Some(text)) if wanted != text => {
            let differing = (1..).zip(wanted.lines().zip(text.lines())).find(|(_, (new, old))| new != old);
            let message = format!("this is not what the tests say; run `{COMMAND} bless {page}`");
            vec![Problem::new(page, differing.map_or(1, |(line, _)| line), message)]
        }
        (Ok(_), _) => Vec::new(),
    }
}

/// Writes the names of the tests into the page.
pub fn bless(root: &Path, tree: &Tree) -> Result<(), Failure> {
    let Some(requirements) = Config::of(tree)?.requirements else { return Ok(()) };
    let (text, page) =
        (requirements.rewritten(tree).map_err(|problems| sentences(&problems))?, &requirements.page);
    Ok(fs::write(root.join(page), text).map_err(|error| format!("{page}: cannot be written: {error}"))?)
}

impl Requirements {
    /// The page as it has to be.
    fn rewritten(&self, tree: &Tree) -> Result<String, Vec<Problem>> {
        let (mut claims, mut problems) = self.claims(tree);
        let mut page = String::new();
        for (line, text) in (1..).zip(tree.text(&self.page).unwrap_or_default().lines()) {
            page += &match Row::parse(text) {
                None => text.to_owned(),
                Some(row) => {
                    let tests = claims.remove(&row.number).unwrap_or_default();
                    if tests.is_empty() && (row.tests.is_empty() || row.tests.contains("::")) {
                        let message =
                            format!("row {} has no test (any more); say in a sentence why", row.number);
                        problems.push(Problem::new(&self.page, line, message));
                    }
                    row.with(&tests)
                }
            };
            page.push('\n');
        }
        for (number, tests) in claims {
            let message =
                format!("there is no row {number} (or it is there twice), which {} names", tests.join(", "));
            problems.push(Problem::new(&self.page, 1, message));
        }
        if problems.is_empty() { Ok(page) } else { Err(problems) }
    }

    /// What the tests say that they hold.
    fn claims(&self, tree: &Tree) -> (Claims, Vec<Problem>) {
        let (mut claims, mut problems) = (Claims::new(), Vec::new());
        for path in tree.paths().filter(|path| path.starts_with(&self.tests) && path.ends_with(".rs")) {
            let mut waiting: Vec<u32> = Vec::new();
            let mut is_test = path.starts_with(&self.cases);
            for (line, text) in (1..).zip(tree.text(path).unwrap_or_default().lines()) {
                let text = text.trim();
                if let Some(said) = text.strip_prefix("///").and_then(|doc| doc.split_once(&self.mark)) {
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
                    is_test = path.starts_with(&self.cases);
                }
            }
        }
        (claims, problems)
    }
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
    use crate::config::FILE;
    use crate::testing::{Scratch, tree};

    const PAGE: &str = "docs/requirements.md";
    const CONFIG: &str = "[requirements]\npage = \"docs/requirements.md\"\nmark = \"Security checklist:\"\n\
                          tests = \"crates/\"\ncases = \"crates/kit/src/cases/\"\n";
    const TESTS: &str = "/// Long.\n/// Short. Security checklist: 1, 2.\n#[tokio::test]\nasync fn it_holds() {\n}\n\
                         \n/// Security checklist: 2.\n#[test]\nfn it_holds_too() {}\n";

    fn told(page: &str, tests: &str) -> Vec<String> {
        let tree = tree(&[(FILE, CONFIG), (PAGE, page), ("crates/a/tests/t.rs", tests)]);
        problems(&Config::of(&tree).unwrap(), &tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_page_is_made_of_what_tests_say() {
        let page = "# Title\n\n| # | what | where |\n|---|---|---|\n| 1 | this | |\n| 2 | that | gone |\n| 3 | no | Later. |\n";
        let tree = tree(&[(FILE, CONFIG), (PAGE, page), ("crates/a/tests/t.rs", TESTS)]);
        let scratch = Scratch::new();
        fs::create_dir_all(scratch.path("docs")).unwrap();

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
        let tree = tree(&[(FILE, CONFIG), ("crates/kit/src/cases/c.rs", case)]);
        let (claims, problems) = Config::of(&tree).unwrap().requirements.unwrap().claims(&tree);
        assert_eq!(
            (claims[&1].as_slice(), problems.len()),
            (&["crates/kit/src/cases/c.rs::it_holds".to_owned()][..], 0)
        );
    }
}
