//! What the engine must know of its repository: the file `docs/docs-runner.toml`. Each key has a default.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::problem::Problem;
use crate::tree::Tree;

/// What readers type in front of the engine's arguments.
pub const COMMAND: &str = "cargo xtask docs";

pub const FILE: &str = "docs/docs-runner.toml";

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The script that CI runs.
    pub ci: String,
    /// Folders of pages about code that is already here. They begin where their own edits are undone.
    pub guides: Vec<String>,
    /// Words in backticks that begin with one of these are files or folders of the repository.
    pub folders: Vec<String>,
    /// Where the feature of a guide may stand: "In the starting tree, `WORD` occurs only in:" searches these folders.
    pub feature_folders: Vec<String>,
    /// Members of JSON answers whose values are numbers that change from run to run.
    pub numbers: Numbers,
    pub server: Server,
    pub checks: Checks,
    pub requirements: Option<Requirements>,
}

pub type Numbers = BTreeMap<String, Number>;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// A whole number, between the years 2001 and 2100.
    UnixSeconds,
    /// Not negative.
    Duration,
}

/// The program of the first terminal.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// What it prints when it is ready; the rest of the line is its address.
    pub ready: String,
    /// The port that pages show. The server takes another one, because this one may be in use.
    pub port: u16,
    /// The variables that make it take any free port.
    pub environment: BTreeMap<String, String>,
    /// The beginnings of the variables that hold a developer's own settings; commands of pages do not see them.
    pub hidden: Vec<String>,
}

/// The commands that must succeed behind a page with edits, as they are typed behind `cargo`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// After a page that adds to the repository.
    pub after_page: Vec<String>,
    /// After a page of a guide, and before its first one.
    pub after_page_of_guide: Vec<String>,
}

/// A page with a table of requirements, which says for each which test holds it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    pub page: String,
    /// Stands in the documentation of a test before the numbers of the rows, with a period behind the last one.
    pub mark: String,
    /// The folder with the tests.
    pub tests: String,
    /// Functions in this folder count as tests.
    pub cases: String,
}

impl Default for Config {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            ci: ".ci/run".to_owned(),
            guides: owned(&["docs/guide/"]),
            folders: owned(&["crates/", "docs/", "examples/", ".ci/"]),
            feature_folders: Vec::new(),
            numbers: Numbers::new(),
            server: Server::default(),
            checks: Checks::default(),
            requirements: None,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        let ready = "listening on ".to_owned();
        Self { ready, port: 8080, environment: BTreeMap::new(), hidden: Vec::new() }
    }
}

impl Config {
    /// Reads the file of a repository; without one, everything is as by default.
    pub fn of(tree: &Tree) -> Result<Self, Problem> {
        let text = tree.text(FILE).unwrap_or_default();
        toml::from_str(text).map_err(|error| {
            let line = 1 + error.span().map_or(0, |span| text[..span.start].matches('\n').count());
            Problem::new(FILE, line, error.message())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let problem = Config::of(&tree(&[(FILE, "ci = \"x\"\nserve = 1\n")])).unwrap_err().to_string();
        assert!(problem.starts_with("docs/docs-runner.toml:2: unknown field `serve`"), "{problem}");
    }

    #[test]
    fn without_a_file_the_defaults_hold_and_a_table_keeps_those_that_it_does_not_name() {
        assert_eq!(Config::of(&Tree::default()).unwrap().ci, ".ci/run");
        let config = Config::of(&tree(&[(FILE, "[server]\nport = 80\n")])).unwrap();
        assert_eq!((config.server.port, &*config.server.ready), (80, "listening on "));
    }
}
