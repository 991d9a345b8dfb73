//! A `clippy.toml` nearer to a crate replaces the root's, it does not add to it. So it must repeat every entry.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::{Package, Workspace};

const NAMES: &[&str] = &["clippy.toml", ".clippy.toml"];

pub fn violations(workspace: &Workspace) -> Result<Vec<String>, String> {
    let read = |path: &Path| {
        fs::read_to_string(path)
            .map_err(|error| format!("{}: cannot be read: {error}", workspace.relative(path)))
    };
    let root = read(&workspace.root.join(NAMES[0]))?;
    let mut violations = Vec::new();
    for path in nearer_files(workspace) {
        violations.extend(missing(&root, &read(&path)?, &workspace.relative(&path)));
    }
    Ok(violations)
}

/// The entries of the crate's own file; none if it has none.
pub fn entries_of(package: &Package) -> BTreeSet<String> {
    entries(&fs::read_to_string(package.folder.join(NAMES[0])).unwrap_or_default())
}

/// The configuration files in the folders where clippy looks before it comes to the root.
fn nearer_files(workspace: &Workspace) -> BTreeSet<PathBuf> {
    let is_below = |folder: &&Path| folder.starts_with(&workspace.root) && *folder != workspace.root;
    let members = workspace.members();
    let folders = members.iter().flat_map(|package| package.folder.ancestors().take_while(is_below));
    folders
        .flat_map(|folder| NAMES.iter().map(|name| folder.join(name)))
        .filter(|path| path.exists())
        .collect()
}

fn missing(root: &str, nearer: &str, path: &str) -> Option<String> {
    let wanted = entries(root);
    if wanted.is_empty() {
        return Some(
            "clippy.toml: no entry found; the rule about crate-level files checks nothing".to_owned(),
        );
    }
    let missing: Vec<_> = wanted.difference(&entries(nearer)).map(|entry| format!("`{entry}`")).collect();
    let sentence = || {
        format!("{path}: replaces the root's clippy.toml but lacks {}; repeat it here", missing.join(", "))
    };
    (!missing.is_empty()).then(sentence)
}

/// One text per setting, and one per element of a list that is written one element a line. Reasons may differ.
fn entries(text: &str) -> BTreeSet<String> {
    let mut entries = BTreeSet::new();
    let mut list = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match list {
            Some(_) if line.starts_with(']') => list = None,
            Some(key) => {
                let element = line.split_once("path = \"").and_then(|(_, rest)| rest.split_once('"'));
                let element = element.map_or(line.trim_end_matches(','), |(path, _)| path);
                entries.insert(format!("{key}: {element}"));
            }
            None if line.ends_with('[') => list = line.split_once('=').map(|(key, _)| key.trim()),
            None => {
                entries.insert(line.to_owned());
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = r#"
# Time comes through a port.
disallowed-methods = [
    { path = "std::thread::sleep", reason = "wait for the event" },
    { path = "chrono::Utc::now", reason = "ask the clock" },
]
allow-unwrap-in-tests = true
"#;

    #[test]
    fn a_crate_file_that_repeats_the_root_and_adds_to_it_passes() {
        let nearer =
            ROOT.replace("wait for the event", "no").replace("= [", "= [\n    \"std::process::exit\",");
        assert_eq!(missing(ROOT, &nearer, "crates/a/clippy.toml"), None);
    }

    #[test]
    fn a_crate_file_that_forgets_an_element_or_a_setting_is_named() {
        let nearer = "disallowed-types = [\n{ path = \"chrono::Utc::now\" },\n]\ndisallowed-methods = [\n\
                      { path = \"std::thread::sleep\" },\n]";
        assert_eq!(
            missing(ROOT, nearer, "crates/a/clippy.toml").unwrap(),
            "crates/a/clippy.toml: replaces the root's clippy.toml but lacks `allow-unwrap-in-tests = true`, \
             `disallowed-methods: chrono::Utc::now`; repeat it here"
        );
    }

    #[test]
    fn a_root_without_entries_is_an_error() {
        let violation = missing("# nothing\n", ROOT, "crates/a/clippy.toml").unwrap();
        assert_eq!(violation, "clippy.toml: no entry found; the rule about crate-level files checks nothing");
    }
}
