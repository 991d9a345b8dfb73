//! What a reader who is lost wants to see.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::progress::{Difference, Status, statuses};
use super::{Desk, guide};
use crate::pages::book::Book;
use crate::pages::sequence::Sequence;
use crate::problem::Failure;
use crate::tree::Tree;

/// How many files of a page are named: a folder that was not taken has dozens.
const SHOWN: usize = 5;

fn some_of(paths: &[&str]) -> String {
    let (shown, more) = paths.split_at(paths.len().min(SHOWN));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    shown.join(", ") + &more
}

/// Page by page, what is done; then what is missing on the first page that is not.
pub fn compare(desk: &Desk) -> Result<String, Failure> {
    let finished = desk.finished()?;
    let book = Book::read_all(&finished)?;
    let guide = guide(&book, None)?;
    let yours = Tree::of_repository(&desk.root)?;
    let statuses = statuses(guide, &finished, &yours)?;

    let mut lines = Vec::new();
    for (chapter, status) in guide.0.iter().zip(&statuses) {
        let words = match status {
            Status::NothingToDo => "nothing to edit".to_owned(),
            Status::Done => "done".to_owned(),
            Status::NotBegun => "not begun".to_owned(),
            Status::Differs(differences) => {
                let paths: Vec<_> = differences.iter().map(|difference| difference.path.as_str()).collect();
                format!("differs in {}", some_of(&paths))
            }
        };
        lines.push(format!("{}: {words}", chapter.path()));
    }
    lines.extend(strays(guide, &finished, &yours)?);
    let first = statuses.iter().zip(guide.0).find_map(|(status, chapter)| match status {
        Status::Differs(differences) => {
            differences.first().map(|difference| (chapter, difference, differences.len()))
        }
        Status::NothingToDo | Status::Done | Status::NotBegun => None,
    });
    if let Some((chapter, difference, files)) = first {
        let which = if files == 1 { String::new() } else { format!(" (the first of {files} files)") };
        lines.push(format!(
            "\nTo get where {} ends, add the lines with + and remove those with -{which}:",
            chapter.path()
        ));
        lines.push(diff(&desk.scratch, difference)?);
    }
    Ok(lines.join("\n"))
}

/// Files that are not as the repository has them, though no page touches them.
fn strays(guide: Sequence<'_>, finished: &Tree, yours: &Tree) -> Result<Vec<String>, Failure> {
    let start = guide.start(finished)?;
    let of_guide = start.differing(finished);
    let strays = yours.differing(finished).into_iter().filter(|path| !of_guide.contains(path));
    Ok(strays
        .map(|path| match (yours.has_file(&path), finished.has_file(&path)) {
            (true, false) => format!("{path}: no page creates this file"),
            (false, _) => format!("{path}: you have removed this file, but no page asks for it"),
            (true, true) => format!("{path}: you have changed this file, but no page asks for it"),
        })
        .collect())
}

/// As `git diff` shows it; whitespace does not count.
fn diff(scratch: &Path, difference: &Difference) -> Result<String, String> {
    let failed = |error| format!("{}: cannot be written: {error}", scratch.display());
    let mut arguments = vec!["/dev/null".to_owned(), "/dev/null".to_owned()];
    for (at, (folder, text)) in
        [("yours", &difference.yours), ("page", &difference.wanted)].iter().enumerate()
    {
        let Some(text) = text else { continue };
        let path = format!("{folder}/{}", difference.path);
        let file = scratch.join(&path);
        fs::create_dir_all(file.parent().unwrap_or(scratch)).map_err(failed)?;
        fs::write(file, text).map_err(failed)?;
        arguments[at] = path;
    }
    let mut command = Command::new("git");
    command.args(["diff", "--no-index", "--no-prefix", "--no-color", "--no-ext-diff"]);
    command.args(["--ignore-all-space", "--ignore-blank-lines", "--"]).args(&arguments).current_dir(scratch);
    let output = command.output().map_err(|error| format!("git did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // The first lines are about the index of a repository, which there is none.
    let shown: Vec<_> = text.lines().skip_while(|line| !line.starts_with("--- ")).collect();
    Ok(shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::some_of;

    #[test]
    fn of_many_files_five_are_named_and_the_others_counted() {
        assert_eq!(some_of(&["a", "b", "c", "d", "e"]), "a, b, c, d, e");
        assert_eq!(some_of(&["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
    }
}
