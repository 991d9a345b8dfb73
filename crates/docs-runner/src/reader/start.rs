//! The beginning of a guide.

use super::{Desk, guide};
use crate::config::COMMAND;
use crate::pages::book::Book;
use crate::pages::sequence::Sequence;
use crate::pages::take::FINISHED;
use crate::problem::Failure;
use crate::tree::Tree;

/// Makes the tag, the branch and the commit in which the feature is gone; gives what the reader should know then.
pub fn start(desk: &Desk, name: &str) -> Result<String, Failure> {
    let git = &desk.git;
    let changed = git.ask(&["status", "--porcelain", "--untracked-files=no"])?;
    if !changed.is_empty() {
        return Err(Failure::Failed(format!(
            "you have changes that are in no commit; commit them, or put them aside with `git stash`:\n{changed}"
        )));
    }
    let in_the_way = [("branch", git.has_branch(name), name), ("tag", git.has_tag(FINISHED), FINISHED)];
    if let Some((kind, _, name_of_it)) = in_the_way.iter().find(|(_, exists, _)| *exists) {
        return Err(Failure::Failed(format!(
            "there is a {kind} `{name_of_it}` already; `git switch {name}` goes on where you were, and to begin \
             again, drop both: `git branch -D {name}; git tag -d {FINISHED}`"
        )));
    }
    let finished = Tree::of_commit(git, "HEAD", &desk.scratch)?;
    let book = Book::read_all(&finished)?;
    let guide = guide(&book, Some(name))?;
    let begin = guide.start(&finished)?;
    let feature = feature(guide);
    // By its name: behind `goto`, `git switch -` would be the branch with what the reader had.
    let home = git.branch().unwrap_or_else(|| format!("--detach {FINISHED}"));

    git.ask(&["tag", "--no-sign", FINISHED])?;
    git.ask(&["switch", "--quiet", "--create", name])?;
    desk.change(&finished, &begin)?;
    // What git does not track is not the guide's.
    git.commit("--update", &format!("Take {feature} out, to build it by the {name}"))?;
    let page = guide.0.first().map_or("", |chapter| chapter.path());
    Ok(format!(
        "You are on the branch `{name}`, from which {feature} is taken out. The tag `{FINISHED}` is where you were.\n\
         Go on with {page}\n\
         To see how far you are:  {COMMAND} compare\n\
         To go on from a page:    {COMMAND} goto PAGE\n\
         To leave the guide:      commit what you have, then git switch {home}\n\
         To forget all of it:     git add --all && git switch --discard-changes {home} && git branch -D {name} && git tag \
         -d {FINISHED}"
    ))
}

/// What the guide is about: what stands behind the colon of its first page's title.
fn feature(guide: Sequence<'_>) -> &str {
    let title = guide.0.first().and_then(|chapter| chapter.page.headings().next()).unwrap_or("the feature");
    title.rsplit(": ").next().unwrap_or(title)
}
