//! Links to other files and headings lead somewhere. Addresses on the web are not tried: the network is no test.

use std::collections::BTreeMap;

use crate::pages::book::{Book, SUMMARY};
use crate::pages::page::Page;
use crate::problem::Problem;
use crate::tree::Tree;

pub fn problems(book: &Book, tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for chapter in &book.chapters {
        for (line, text) in chapter.page.prose() {
            let wrong =
                targets(text).into_iter().filter_map(|target| problem(chapter.path(), target, book, tree));
            problems.extend(wrong.map(|message| Problem::new(chapter.path(), line, message)));
        }
    }
    problems
}

/// What the links of a line point at: `[text](target "title")`, `[label]: target`.
fn targets(line: &str) -> Vec<&str> {
    // A link in code is no link.
    let prose: Vec<&str> = line.split('`').step_by(2).collect();
    let mut targets = Vec::new();
    for part in prose {
        for rest in part.split("](").skip(1) {
            targets.extend(rest.split([')', ' ']).next());
        }
    }
    if let Some((label, target)) = line.split_once("]: ")
        && label.starts_with('[')
    {
        targets.extend(target.split_whitespace().next());
    }
    targets
}

fn problem(page: &str, target: &str, book: &Book, tree: &Tree) -> Option<String> {
    let is_elsewhere = target.split_once(':').is_some_and(|(scheme, _)| !scheme.contains(['/', '#', '.']));
    if is_elsewhere {
        return None;
    }
    let (path, fragment) = target.split_once('#').map_or((target, None), |(path, name)| (path, Some(name)));
    let file = if path.is_empty() { Some(page.to_owned()) } else { resolved(page, path) };
    let Some(file) = file.filter(|file| tree.has(file)) else {
        return Some(format!("the link `{target}` leads to no file"));
    };
    let name = fragment?;
    let Some(chapter) = book.chapters.iter().find(|chapter| chapter.path() == file) else {
        return Some(format!("the link `{target}` names a heading of a file that is no page of {SUMMARY}"));
    };
    let names = anchors(&chapter.page);
    (!names.contains(&name.to_owned()))
        .then(|| format!("`{file}` has no heading `#{name}`; it has {}", names.join(", ")))
}

/// The path from the root; `None` if it leads out of the repository.
fn resolved(page: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The names that headings get, on code hosts and from mdBook: lower case, hyphens for blanks, no punctuation, and a
/// number behind the second of the same name.
fn anchors(page: &Page) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let mut names = Vec::new();
    for heading in page.headings() {
        let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
        let name: String = without_targets(heading).to_lowercase().chars().filter(kept).collect();
        let name = name.replace(' ', "-");
        let count: &mut usize = seen.entry(name.clone()).or_default();
        names.push(if *count == 0 { name } else { format!("{name}-{count}") });
        *count += 1;
    }
    names
}

/// `[text](target)` as `text`.
fn without_targets(heading: &str) -> String {
    let mut parts = heading.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(')').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_wherever_they_stand_but_not_in_code() {
        assert_eq!(targets("[a](b.md), ![c](d.png \"e\") and `[f](g)`"), ["b.md", "d.png"]);
        assert_eq!(targets("[a `b`](c.md) [`d`](e)"), ["c.md", "e"]);
        assert_eq!(targets("[a]: b.md"), ["b.md"]);
        assert_eq!(targets("text](c.md), goes on"), ["c.md"]);
        assert_eq!(targets("<https://example.com> (see `]:`)"), [""; 0]);
    }

    #[test]
    fn paths_are_relative_to_their_page() {
        assert_eq!(resolved("docs/guide/a.md", "../b.md").as_deref(), Some("docs/b.md"));
        assert_eq!(resolved("docs/a.md", "./guide/b.md").as_deref(), Some("docs/guide/b.md"));
        assert_eq!(resolved("README.md", "docs/").as_deref(), Some("docs"));
        assert_eq!(resolved("README.md", "../other"), None);
    }

    #[test]
    fn headings_get_the_names_that_code_hosts_give_them() {
        let text = "# The `PUT`: it's\n## [Link](x.md) & more\n## Twice\n## Twice\n";
        let page = Page::parse("p.md", text).unwrap();
        assert_eq!(anchors(&page), ["the-put-its", "link--more", "twice", "twice-1"]);
    }
}
