//! Writing into pages what their commands really print.

use std::fs;
use std::path::Path;

use super::session::Rewrite;
use crate::tree::Tree;

/// A page, and what has to change on it.
pub struct Blessing {
    pub page: String,
    pub rewrites: Vec<Rewrite>,
}

/// Rewrites a page of the repository.
pub fn write(root: &Path, tree: &Tree, blessing: Blessing) -> Result<(), String> {
    let Blessing { page, rewrites } = blessing;
    if rewrites.is_empty() {
        return Ok(());
    }
    let text = tree.text(&page).ok_or_else(|| format!("{page}: cannot be read"))?;
    fs::write(root.join(&page), rewritten(text, &rewrites))
        .map_err(|error| format!("{page}: cannot be written: {error}"))?;
    println!("        {page}: {} outputs rewritten; read them before you commit", rewrites.len());
    Ok(())
}

/// The rewrites are in the order of the page.
fn rewritten(text: &str, rewrites: &[Rewrite]) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    for Rewrite { lines: at, new } in rewrites.iter().rev() {
        lines.splice(at.start - 1..at.end - 1, new.iter().map(String::as_str));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rewrite_replaces_its_own_lines() {
        let rewrite =
            |lines, new: &[&str]| Rewrite { lines, new: new.iter().map(|l| (*l).to_owned()).collect() };
        let rewrites = [rewrite(2..3, &["two", "and"]), rewrite(4..4, &["new"]), rewrite(5..6, &[])];
        assert_eq!(rewritten("1\n2\n3\n4\n5\n6\n", &rewrites), "1\ntwo\nand\n3\nnew\n4\n6\n");
    }
}
