//! All pages in reading order: the README, then what `docs/SUMMARY.md` lists.

use super::chapter::{Chapter, folder};
use super::grammar::blocks;
use super::page::Page;
use super::sequence::Sequence;
use crate::config::Config;
use crate::problem::{Problem, sentences};
use crate::tree::Tree;

pub const README: &str = "README.md";
pub const SUMMARY: &str = "docs/SUMMARY.md";
const FOLDER: &str = "docs/";

pub struct Book {
    pub config: Config,
    pub chapters: Vec<Chapter>,
}

impl Book {
    /// Reads every page; the problems are those of the pages that could not be understood.
    pub fn read(tree: &Tree) -> (Self, Vec<Problem>) {
        let (mut problems, mut chapters) = (Vec::new(), Vec::new());
        let config = Config::of(tree).unwrap_or_else(|problem| {
            problems.push(problem);
            Config::default()
        });
        let paths = match tree.text(SUMMARY) {
            Some(summary) => listed(summary, &mut problems),
            None => {
                problems.push(Problem::new(SUMMARY, 1, "there is no such file, so no page has a place"));
                Vec::new()
            }
        };
        problems.extend(unlisted(tree, &paths));
        for (line, path) in [(1, README.to_owned())].into_iter().chain(paths) {
            let Some(text) = tree.text(&path) else {
                problems.push(Problem::new(SUMMARY, line, format!("there is no page `{path}`")));
                continue;
            };
            match Page::parse(&path, text) {
                Err(problem) => problems.push(problem),
                Ok(page) => match blocks(&page) {
                    Err(wrong) => problems.extend(wrong),
                    Ok(blocks) => {
                        let in_guide = config.guides.iter().any(|guide| guide == folder(&path));
                        chapters.push(Chapter { page, blocks, in_guide });
                    }
                },
            }
        }
        (Self { config, chapters }, problems)
    }

    /// The book, if all of its pages can be understood.
    pub fn read_all(tree: &Tree) -> Result<Self, String> {
        let (book, problems) = Self::read(tree);
        if problems.is_empty() { Ok(book) } else { Err(sentences(&problems)) }
    }

    /// Pages that are followed one after the other: those of one folder. A page right under `docs/` stands for itself.
    pub fn sequences(&self) -> impl Iterator<Item = Sequence<'_>> {
        let together =
            |a: &Chapter, b: &Chapter| a.folder() == b.folder() && !["", FOLDER].contains(&a.folder());
        self.chapters.chunk_by(together).map(Sequence)
    }
}

/// The links of the table of contents, each with its line.
fn listed(summary: &str, problems: &mut Vec<Problem>) -> Vec<(usize, String)> {
    let mut paths: Vec<(usize, String)> = Vec::new();
    for (line, text) in (1..).zip(summary.lines()) {
        let Some((_, rest)) = text.split_once("](") else { continue };
        let path = format!("{FOLDER}{}", rest.split(')').next().unwrap_or_default());
        match paths.iter().find(|(_, other)| *other == path) {
            Some((first, _)) => {
                problems.push(Problem::new(SUMMARY, line, format!("`{path}` is in line {first} already")));
            }
            None => paths.push((line, path)),
        }
    }
    paths
}

fn unlisted(tree: &Tree, paths: &[(usize, String)]) -> Vec<Problem> {
    let is_page = |path: &&str| path.starts_with(FOLDER) && path.ends_with(".md") && *path != SUMMARY;
    tree.paths()
        .filter(is_page)
        .filter(|path| !paths.iter().any(|(_, listed)| listed == path))
        .map(|path| Problem::new(path, 1, format!("this page is not in `{SUMMARY}`")))
        .collect()
}
