//! How far a reader has come, from nothing but the pages and the files. Whitespace does not count.

use std::collections::BTreeMap;

use crate::pages::edit::Edit;
use crate::pages::sequence::Sequence;
use crate::problem::Problem;
use crate::tree::Tree;

/// A file that the guide changes, before its first edit and after each.
struct History {
    first: Option<String>,
    versions: Vec<Version>,
}

struct Version {
    /// The index of the page with the edit.
    page: usize,
    /// The lines that the edit adds; none if it takes the whole file.
    code: Option<String>,
    text: Option<String>,
}

/// What became of a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Status {
    /// It has no edits.
    NothingToDo,
    Done,
    /// The files that are not what the page leads to; at least one.
    Differs(Vec<Difference>),
    NotBegun,
}

/// A file as it is and as it should be after the page. `None` where there is no such file.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub yours: Option<String>,
    pub wanted: Option<String>,
}

/// Where the reader is in one file.
struct Position {
    /// How many of the versions are behind the reader.
    reached: usize,
    /// If the file is none of the versions: the page that is not followed, and the version to compare with.
    lost: Option<(usize, usize)>,
}

/// The status of each page.
pub fn statuses(guide: Sequence<'_>, finished: &Tree, yours: &Tree) -> Result<Vec<Status>, Problem> {
    let histories = histories(guide, finished)?;
    let positions: Vec<_> =
        histories.iter().map(|(path, history)| (path, history, history.position(yours.text(path)))).collect();
    let statuses = (0..guide.0.len()).map(|page| {
        let mut differences = Vec::new();
        let (mut has_edits, mut has_begun) = (false, false);
        for (path, history, position) in &positions {
            let Some(last) = history.last_of(page) else { continue };
            let is_lost_here = position.lost.is_some_and(|(lost, _)| lost == page);
            has_edits = true;
            has_begun |= is_lost_here || position.reached > history.first_of(page);
            let is_done = match position.lost {
                Some((lost, _)) => page < lost,
                None => position.reached > last,
            };
            if !is_done {
                let version = position.lost.filter(|_| is_lost_here).map_or(last, |(_, version)| version);
                differences.push(Difference {
                    path: (*path).clone(),
                    yours: yours.text(path).map(str::to_owned),
                    wanted: history.versions[version].text.clone(),
                });
            }
        }
        match (has_edits, differences.is_empty(), has_begun) {
            (false, ..) => Status::NothingToDo,
            (true, true, _) => Status::Done,
            (true, false, true) => Status::Differs(differences),
            (true, false, false) => Status::NotBegun,
        }
    });
    Ok(statuses.collect())
}

fn histories(guide: Sequence<'_>, finished: &Tree) -> Result<BTreeMap<String, History>, Problem> {
    let mut tree = guide.start(finished)?;
    let start = tree.clone();
    let mut histories: BTreeMap<String, History> = BTreeMap::new();
    for (page, chapter) in guide.0.iter().enumerate() {
        for placed in Sequence(std::slice::from_ref(chapter)).edits() {
            placed.apply(&mut tree, finished)?;
            let code = match placed.edit {
                Edit::Create { code, .. } | Edit::Append { code, .. } | Edit::Change { code, .. } => {
                    Some(code)
                }
                Edit::Take(_) => None,
            };
            for path in placed.edit.paths().into_iter().flat_map(|path| tree.under(path)) {
                let text = |tree: &Tree| tree.text(path).map(str::to_owned);
                let version = Version { page, code: code.cloned(), text: text(&tree) };
                let new = || History { first: text(&start), versions: Vec::new() };
                histories.entry(path.to_owned()).or_insert_with(new).versions.push(version);
            }
        }
    }
    Ok(histories)
}

impl History {
    fn first_of(&self, page: usize) -> usize {
        self.versions.iter().take_while(|version| version.page < page).count()
    }

    /// The version behind the page; `None` if the page does not change this file.
    fn last_of(&self, page: usize) -> Option<usize> {
        self.versions.iter().rposition(|version| version.page == page)
    }

    fn position(&self, yours: Option<&str>) -> Position {
        let is_yours = |version: &Version| same(version.text.as_deref(), yours);
        if let Some(at) = self.versions.iter().rposition(is_yours) {
            return Position { reached: at + 1, lost: None };
        }
        if same(self.first.as_deref(), yours) {
            return Position { reached: 0, lost: None };
        }
        // The last edit that can be seen, then the first that should be seen with it and cannot, or else the next one.
        let shows = |text: Option<&str>, version: &Version| {
            version.code.as_deref().is_some_and(|code| contains(text.unwrap_or_default(), code))
        };
        let reached = self.versions.iter().rposition(|version| shows(yours, version)).map_or(0, |at| at + 1);
        let then = reached.checked_sub(1).and_then(|at| self.versions[at].text.as_deref());
        let missing = |version: &Version| shows(then, version) && !shows(yours, version);
        let last = self.versions.len() - 1;
        let lost = self.versions[..reached].iter().position(missing).unwrap_or(reached.min(last));
        let page = self.versions[lost].page;
        let page_reached = self.versions[reached.saturating_sub(1)].page.max(page);
        Position { reached, lost: Some((page, self.last_of(page_reached).unwrap_or(last))) }
    }
}

fn same(a: Option<&str>, b: Option<&str>) -> bool {
    let words = |text: Option<&str>| text.map(|text| text.split_whitespace().collect::<String>());
    words(a) == words(b)
}

/// Whether the text has the lines of `code` in their order, perhaps with others between them, which later edits have added.
fn contains(text: &str, code: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    code.lines().map(str::trim).filter(|line| !line.is_empty()).all(|wanted| lines.any(|line| line == wanted))
}
