//! Pages that execute.
//!
//! A page says what to do in sentences of a small grammar, and this engine does what its reader does: it makes the edits,
//! types the commands and compares the answers. So a page that is wrong fails, with its line. `README.md` of this crate
//! has the commands and the settings; the grammar is `docs/contributing-docs.md`, written for authors of pages.
#![expect(clippy::print_stdout, reason = "a command line tool talks on its standard streams")]

mod cargo;
mod check;
mod config;
mod follow;
mod git;
mod pages;
mod problem;
mod reader;
#[cfg(test)]
mod testing;
mod tree;

use cargo::Workspace;
pub use config::COMMAND;
use follow::{Mode, follow};
pub use problem::Failure;
use problem::sentences;
use tree::Tree;

/// Executes a command line.
///
/// # Errors
/// The command line makes no sense, or the pages are wrong.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["check"] => Ok(check_pages(&repository()?.1)?),
        ["run", ref pages @ ..] => {
            let (workspace, tree) = repository()?;
            follow(&workspace, &tree, pages, Mode::Run)
        }
        ["bless", ref pages @ ..] => {
            let (workspace, tree) = repository()?;
            check::requirements::bless(&workspace.root, &tree)?;
            follow(&workspace, &Tree::of_repository(&workspace.root)?, pages, Mode::Bless)
        }
        ["start", guide] => reader::help(&Workspace::load()?, |desk| reader::start(desk, guide)),
        ["compare"] => reader::help(&Workspace::load()?, reader::compare),
        ["goto", page] => reader::help(&Workspace::load()?, |desk| reader::goto(desk, page)),
        _ => Err(Failure::Usage(format!(
            "docs needs `check`, `run`, `bless`, `start GUIDE`, `compare` or `goto PAGE`, but got `{}`",
            words.join(" ")
        ))),
    }
}

fn repository() -> Result<(Workspace, Tree), String> {
    let workspace = Workspace::load()?;
    let tree = Tree::of_repository(&workspace.root)?;
    Ok((workspace, tree))
}

/// Checks every page without executing it; the error holds one problem per line.
fn check_pages(tree: &Tree) -> Result<(), String> {
    println!("        {}", check::check(tree).map_err(|problems| sentences(&problems))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(line: &str) -> Result<(), Failure> {
        run(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_pages_of_this_repository_pass() {
        check_pages(&repository().unwrap().1).unwrap_or_else(|problems| panic!("\n{problems}"));
    }

    #[test]
    fn the_book_is_made_of_this_folder_and_never_of_pages_that_mdbook_makes_up() {
        let (_, tree) = repository().unwrap();
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
    fn the_product_whose_pages_these_are_is_named_nowhere_in_this_crate() {
        let (_, tree) = repository().unwrap();
        let product = concat!("deni", "zen");
        let here = |path: &&str| path.starts_with("crates/docs-runner/");
        let named = |path: &&str| tree.text(path).is_some_and(|text| text.to_lowercase().contains(product));
        assert!(tree.paths().any(|path| here(&path)), "this crate is somewhere else");
        assert_eq!(tree.paths().filter(here).filter(named).collect::<Vec<_>>(), [""; 0]);
    }
}
