//! Going on from a page, whatever the working tree looks like.

use super::{Desk, guide};
use crate::pages::book::Book;
use crate::pages::sequence::Sequence;
use crate::pages::take::FINISHED;
use crate::problem::Failure;
use crate::tree::Tree;

/// Commits what is there on a branch of its own, then lays the state in which the page begins on the guide's branch.
pub fn goto(desk: &Desk, page: &str) -> Result<String, Failure> {
    let finished = desk.finished()?;
    let book = Book::read_all(&finished)?;
    let guide = guide(&book, None)?;
    let index = guide.page(page).ok_or_else(|| {
        let pages: Vec<_> = guide.0.iter().map(|chapter| chapter.path()).collect();
        Failure::Usage(format!("there is no page `{page}`; there are {}", pages.join(", ")))
    })?;
    let mut state = guide.start(&finished)?;
    Sequence(&guide.0[..index]).apply(&mut state, &finished)?;
    let path = guide.0[index].path();
    let branch = guide.name();

    let git = &desk.git;
    if !git.has_branch(branch) {
        let message =
            format!("there is no branch `{branch}`; `git tag -d {FINISHED}` and begin the guide again");
        return Err(Failure::Failed(message));
    }
    let mut said = Vec::new();
    if !git.ask(&["status", "--porcelain"])?.is_empty() {
        let mut names = (1..).map(|number: u32| format!("{branch}-mine-{number}"));
        let mine = names.find(|name| !git.has_branch(name)).unwrap_or_default();
        git.ask(&["switch", "--quiet", "--create", &mine])?;
        git.commit("--all", &format!("What I had before {path}"))?;
        said.push(format!("What you had is on the branch `{mine}`."));
    }
    if git.branch().as_deref() != Some(branch) {
        git.ask(&["switch", "--quiet", branch])?;
    }
    desk.change(&Tree::of_repository(&desk.root)?, &state)?;
    if !git.ask(&["status", "--porcelain"])?.is_empty() {
        git.commit("--all", &format!("The beginning of {path}"))?;
    }
    let before = index.checked_sub(1).map_or("", |before| guide.0[before].path());
    let ends = if before.is_empty() { String::new() } else { format!(", which is the end of {before}") };
    said.push(format!("You are on the branch `{branch}`, at the beginning of {path}{ends}."));
    Ok(said.join("\n"))
}
