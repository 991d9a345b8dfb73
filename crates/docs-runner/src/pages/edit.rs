//! Changes to files that a page tells its reader to make, and how to take them back.
//!
//! A guide about code that is already here begins where its instructions are undone, last to first, and ends where they
//! are done again: at the same bytes, or the guide is wrong.

use super::take::Take;
use crate::tree::Tree;

/// One instruction. Code ends with a newline.
#[derive(Debug, PartialEq, Eq)]
pub enum Edit {
    Create {
        path: String,
        code: String,
    },
    Append {
        path: String,
        code: String,
    },
    /// Looks for lines, whatever their indentation, that occur exactly once.
    Change {
        path: String,
        find: String,
        how: How,
        code: String,
    },
    Take(Take),
}

/// What happens to the lines that were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    AddBelow,
    AddAbove,
    Replace,
}

impl Edit {
    /// What it changes: files, or folders with all that is in them.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Create { path, .. } | Self::Append { path, .. } | Self::Change { path, .. } => vec![path],
            Self::Take(take) => take.paths().collect(),
        }
    }

    /// Does what the page says. The tree is unchanged if that is impossible. `finished` is the repository.
    pub fn apply(&self, tree: &mut Tree, finished: &Tree) -> Result<(), String> {
        match self {
            Self::Take(take) => take.apply(tree, finished),
            Self::Create { path, .. } if tree.has(path) => Err(format!("`{path}` exists already")),
            Self::Create { path, code } => {
                tree.set(path, code.clone());
                Ok(())
            }
            Self::Append { path, code } => {
                let text = read(tree, path)? + code;
                tree.set(path, text);
                Ok(())
            }
            Self::Change { path, find, how, code } => {
                let text = read(tree, path)?;
                let count = find.lines().count();
                let at = only(&text, path, &wanted(find, Exactness::Trimmed))?;
                let (kept, dropped) = match how {
                    How::AddBelow => (at + count, 0),
                    How::AddAbove => (at, 0),
                    How::Replace => (at, count),
                };
                tree.set(path, spliced(&text, kept, dropped, code));
                Ok(())
            }
        }
    }

    /// Takes back what the page says, from a tree in which it is done. `finished` is the repository.
    pub fn undo(&self, tree: &mut Tree, finished: &Tree) -> Result<(), String> {
        match self {
            Self::Take(take) => take.undo(tree, finished),
            Self::Create { path, code } => {
                if let Some(difference) = first_difference(code, &read(tree, path)?) {
                    return Err(format!("`{path}` is not what the page shows: {difference}"));
                }
                tree.remove(path);
                Ok(())
            }
            Self::Append { path, code } => {
                let text = read(tree, path)?;
                let Some(rest) = text.strip_suffix(code.as_str()) else {
                    return Err(format!("`{path}` does not end with this code"));
                };
                tree.set(path, rest.to_owned());
                Ok(())
            }
            Self::Change { path, find, how, code } => {
                let text = read(tree, path)?;
                let (find_lines, code_lines) = (find.lines().count(), code.lines().count());
                let (found, added) = (wanted(find, Exactness::Trimmed), wanted(code, Exactness::Bytes));
                let (pattern, before, restored) = match how {
                    How::AddBelow => ([found, added].concat(), find_lines, ""),
                    How::AddAbove => ([added, found].concat(), 0, ""),
                    How::Replace => (added, 0, find.as_str()),
                };
                let at = only(&text, path, &pattern)?;
                tree.set(path, spliced(&text, at + before, code_lines, restored));
                Ok(())
            }
        }
    }
}

fn read(tree: &Tree, path: &str) -> Result<String, String> {
    let text = tree.text(path).ok_or_else(|| format!("there is no file `{path}`"))?;
    if text.is_empty() || text.ends_with('\n') {
        Ok(text.to_owned())
    } else {
        Err(format!("the last line of `{path}` has no end"))
    }
}

/// How a line of a page has to be like a line of a file.
#[derive(Clone, Copy)]
enum Exactness {
    Bytes,
    Trimmed,
}

fn wanted(code: &str, exactness: Exactness) -> Vec<(&str, Exactness)> {
    code.lines().map(|line| (line, exactness)).collect()
}

/// The number of the line where the pattern begins, which must be one place exactly.
fn only(text: &str, path: &str, pattern: &[(&str, Exactness)]) -> Result<usize, String> {
    let lines: Vec<&str> = text.lines().collect();
    let fits = |(line, (wanted, exactness)): (&&str, &(&str, Exactness))| match exactness {
        Exactness::Bytes => line == wanted,
        Exactness::Trimmed => line.trim() == wanted.trim(),
    };
    let begins: Vec<usize> = (0..(lines.len() + 1).saturating_sub(pattern.len()))
        .filter(|begin| lines[*begin..].iter().zip(pattern).all(fits))
        .collect();
    match begins[..] {
        [begin] => Ok(begin),
        _ => {
            let code: Vec<_> = pattern.iter().map(|(line, _)| format!("\n    {line}")).collect();
            Err(format!("found {} times in `{path}`, where it must be once:{}", begins.len(), code.concat()))
        }
    }
}

/// The text with `code` in place of `dropped` lines behind the first `kept`.
fn spliced(text: &str, kept: usize, dropped: usize, code: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    [&lines[..kept].concat(), code, &lines[kept + dropped..].concat()].concat()
}

/// Where the file departs from the page.
fn first_difference(page: &str, file: &str) -> Option<String> {
    let (mut shown, mut found) = (page.split_inclusive('\n'), file.split_inclusive('\n'));
    let text =
        |line: Option<&str>| line.map_or("nothing".to_owned(), |line| format!("`{}`", line.trim_end()));
    (1..=page.lines().count().max(file.lines().count())).find_map(|line| {
        let (shown, found) = (shown.next(), found.next());
        (shown != found)
            .then(|| format!("line {line} is {} here and {} in the file", text(shown), text(found)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    const FILE: &str = "mod a;\n\nfn main() {\n    one();\n    two();\n}\n";

    fn change(find: &str, how: How, code: &str) -> Edit {
        Edit::Change { path: "f.rs".to_owned(), find: find.to_owned(), how, code: code.to_owned() }
    }

    fn create(path: &str, code: &str) -> Edit {
        Edit::Create { path: path.to_owned(), code: code.to_owned() }
    }

    fn append(code: &str) -> Edit {
        Edit::Append { path: "f.rs".to_owned(), code: code.to_owned() }
    }

    fn applied(edit: &Edit, text: &str) -> Result<String, String> {
        let mut tree = tree(&[("f.rs", text)]);
        edit.apply(&mut tree, &Tree::default())?;
        Ok(tree.text("f.rs").unwrap().to_owned())
    }

    fn undone(edit: &Edit, text: &str) -> Result<String, String> {
        let mut tree = tree(&[("f.rs", text)]);
        edit.undo(&mut tree, &Tree::default())?;
        Ok(tree.text("f.rs").unwrap_or("(gone)").to_owned())
    }

    #[test]
    fn code_is_put_below_above_in_place_of_what_is_found_and_at_the_end() {
        let below = change("one();\n", How::AddBelow, "    new();\n");
        assert_eq!(applied(&below, FILE).unwrap(), FILE.replace("one();\n", "one();\n    new();\n"));
        let above = change("  fn main() {\n one();\n", How::AddAbove, "// new\n");
        assert_eq!(applied(&above, FILE).unwrap(), FILE.replace("fn main", "// new\nfn main"));
        let replaced = change("    one();\n    two();\n", How::Replace, "    both();\n");
        assert_eq!(applied(&replaced, FILE).unwrap(), "mod a;\n\nfn main() {\n    both();\n}\n");
        assert_eq!(applied(&append("\n// end\n"), FILE).unwrap(), format!("{FILE}\n// end\n"));
    }

    #[test]
    fn what_was_done_is_undone_byte_for_byte() {
        let edits = [
            create("new/g.rs", "// g\n"),
            change("mod a;\n", How::AddBelow, "mod b;\nmod c;\n"),
            change("mod c;\n", How::AddAbove, "mod between;\n"),
            change("    one();\n    two();\n", How::Replace, "    both();\n    more();\n"),
            append("\nfn last() {}\n"),
            change("}\n\nfn last() {}\n", How::AddBelow, "// after\n"),
        ];
        let start = tree(&[("f.rs", FILE), ("other", "untouched")]);
        let mut there = start.clone();
        for edit in &edits {
            edit.apply(&mut there, &Tree::default()).unwrap();
        }
        let end = there.clone();
        for edit in edits.iter().rev() {
            edit.undo(&mut there, &Tree::default()).unwrap();
        }
        assert_eq!(there, start);
        for edit in &edits {
            edit.apply(&mut there, &Tree::default()).unwrap();
        }
        assert_eq!(there, end);
    }

    #[test]
    fn a_find_that_matches_never_or_twice_says_how_often_and_what() {
        let error = applied(&change("three();\n", How::AddBelow, "x\n"), FILE).unwrap_err();
        assert_eq!(error, "found 0 times in `f.rs`, where it must be once:\n    three();");
        let error = applied(&change("one();\n", How::AddBelow, "x\n"), &FILE.repeat(2)).unwrap_err();
        assert_eq!(error, "found 2 times in `f.rs`, where it must be once:\n    one();");
        let longer_than_the_file = change(&FILE.repeat(2), How::AddBelow, "x\n");
        assert!(applied(&longer_than_the_file, FILE).unwrap_err().starts_with("found 0 times"));
    }

    #[test]
    fn code_that_has_changed_since_cannot_be_undone() {
        let below = change("one();\n", How::AddBelow, "    two();\n");
        let error = undone(&below, &FILE.replace("two", "three")).unwrap_err();
        assert_eq!(error, "found 0 times in `f.rs`, where it must be once:\n    one();\n        two();");
        assert!(
            undone(&below, &FILE.replace("    two", "\ttwo")).is_err(),
            "added code is compared with its indentation"
        );
        assert_eq!(undone(&append("x\n"), FILE).unwrap_err(), "`f.rs` does not end with this code");
        assert_eq!(
            undone(&create("f.rs", "mod a;\nmod b;\n"), FILE).unwrap_err(),
            "`f.rs` is not what the page shows: line 2 is `mod b;` here and `` in the file"
        );
        assert_eq!(
            undone(&create("f.rs", &format!("{FILE}// more\n")), FILE).unwrap_err(),
            "`f.rs` is not what the page shows: line 7 is `// more` here and nothing in the file"
        );
    }

    #[test]
    fn files_must_be_there_or_not_and_end_with_a_newline() {
        assert_eq!(applied(&create("f.rs", "x\n"), FILE).unwrap_err(), "`f.rs` exists already");
        let elsewhere = Edit::Append { path: "g.rs".to_owned(), code: "x\n".to_owned() };
        assert_eq!(applied(&elsewhere, FILE).unwrap_err(), "there is no file `g.rs`");
        assert_eq!(applied(&append("x\n"), "fn f() {}").unwrap_err(), "the last line of `f.rs` has no end");
    }
}
