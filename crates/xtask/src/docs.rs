//! `cargo xtask docs`: pages that execute.
//!
//! A page says what to do in sentences of a small grammar, and this tool does what its reader does: it makes the edits,
//! types the commands and compares the answers. So a page that is wrong fails, with its line. `docs/contributing-docs.md`
//! is written for authors of pages.
//!
//! [`check()`] is what can be known in a second; [`execute`] follows the pages in a copy of the repository.

mod bless;
mod book;
mod check;
mod checks;
mod compare;
mod edit;
mod git;
mod grammar;
mod json;
mod page;
mod place;
mod problem;
mod reader;
mod run;
mod seed;
mod sequence;
mod session;
mod shape;
mod shell;
mod take;
#[cfg(test)]
mod testing;
mod transcript;
mod tree;
mod values;
mod word;
mod wording;

use crate::Failure;
use crate::workspace::Workspace;
use book::{Book, Chapter};
use place::Place;
use problem::Problem;
use run::Runner;
use session::Mode;
use tree::Tree;

/// The command.
pub fn command(arguments: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["check"] => Ok(check(&Workspace::load()?)?),
        ["run", ref pages @ ..] => execute(&Workspace::load()?, pages, Mode::Run),
        ["bless", ref pages @ ..] => bless(&Workspace::load()?, pages),
        ["start", guide] => reader::start(&Workspace::load()?, guide),
        ["compare"] => reader::compare(&Workspace::load()?),
        ["goto", page] => reader::goto(&Workspace::load()?, page),
        _ => Err(Failure::Usage(format!(
            "docs needs `check`, `run`, `bless`, `start GUIDE`, `compare` or `goto PAGE`, but got `{}`",
            words.join(" ")
        ))),
    }
}

/// Checks every page without executing it; the error holds one problem per line.
pub fn check(workspace: &Workspace) -> Result<(), String> {
    let checked =
        check::check(&Tree::of_repository(&workspace.root)?).map_err(|problems| sentences(&problems))?;
    println!("        {checked}");
    Ok(())
}

/// Writes into pages what the repository says and what their commands print.
fn bless(workspace: &Workspace, pages: &[&str]) -> Result<(), Failure> {
    check::security::bless(&workspace.root, &Tree::of_repository(&workspace.root)?)?;
    execute(workspace, pages, Mode::Bless)
}

/// Follows every page.
pub fn run_all(workspace: &Workspace) -> Result<(), String> {
    execute(workspace, &[], Mode::Run).map_err(|failure| match failure {
        Failure::Usage(message) | Failure::Failed(message) => message,
    })
}

/// Follows these pages, or all.
fn execute(workspace: &Workspace, pages: &[&str], mode: Mode) -> Result<(), Failure> {
    let tree = Tree::of_repository(&workspace.root)?;
    let (book, problems) = Book::read(&tree);
    if !problems.is_empty() {
        return Err(Failure::Failed(sentences(&problems)));
    }
    let wanted = |chapter: &Chapter| pages.is_empty() || pages.iter().any(|page| names(page, chapter.path()));
    if let Some(page) = pages.iter().find(|page| !book.chapters.iter().any(|c| names(page, c.path()))) {
        return Err(Failure::Usage(format!("there is no page `{page}`; name one like `docs/index.md`")));
    }
    let place = Place::of(workspace);
    let _alone = place.lock()?;
    let ours: Vec<&str> = workspace.members().iter().map(|package| package.name.as_str()).collect();
    let built = seed::seed(&workspace.target.join("debug"), &place.out.join("debug"), &ours)?;
    if built > 0 {
        println!("        {built} packages from outside are built already");
    }
    let runner = Runner { place: &place, mode, checks: checks::OURS };
    let reports = runner.follow(&book, &tree, &wanted);
    let (mut problems, mut passed) = (Vec::new(), 0);
    for report in reports {
        match report {
            Ok(rewrites) => {
                passed += 1;
                bless::write(&workspace.root, &tree, rewrites)?;
            }
            Err(problem) => problems.push(problem),
        }
    }
    let last = format!("cargo xtask docs: {passed} pages passed, {} failed", problems.len());
    if problems.is_empty() {
        println!("        {last}");
        return Ok(());
    }
    Err(Failure::Failed(format!("{}\n{last}", sentences(&problems))))
}

/// Whether an argument means this page: its path, or a folder above it.
fn names(argument: &str, path: &str) -> bool {
    let argument = argument.trim_end_matches('/');
    path.strip_prefix(argument).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn sentences(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(line: &str) -> Result<(), Failure> {
        command(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_pages_of_this_repository_pass() {
        check(&Workspace::load().unwrap()).unwrap_or_else(|problems| panic!("\n{problems}"));
    }

    #[test]
    fn the_book_is_made_of_this_folder_and_never_of_pages_that_mdbook_makes_up() {
        let tree = Tree::of_repository(&Workspace::load().unwrap().root).unwrap();
        let settings: Vec<_> = tree.text("docs/book.toml").unwrap().lines().collect();
        assert!(
            settings.contains(&"src = \".\"") && settings.contains(&"create-missing = false"),
            "{settings:#?}"
        );
    }

    #[test]
    fn what_it_does_not_know_is_a_usage_error() {
        for line in ["", "chekc", "check README.md"] {
            assert!(matches!(docs(line), Err(Failure::Usage(_))), "{line}");
        }
        let Err(Failure::Usage(message)) = docs("run docs/nowhere.md") else { panic!("it was accepted") };
        assert_eq!(message, "there is no page `docs/nowhere.md`; name one like `docs/index.md`");
    }

    #[test]
    fn a_page_is_named_by_its_path_or_a_folder_above_it() {
        for argument in ["docs/guide/1.md", "docs/guide", "docs/", "docs"] {
            assert!(names(argument, "docs/guide/1.md"), "{argument}");
        }
        for argument in ["docs/gui", "guide", "docs/guide/1.md/x"] {
            assert!(!names(argument, "docs/guide/1.md"), "{argument}");
        }
    }
}
