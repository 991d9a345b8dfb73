//! The Rust files of the repository, and how long they may be.

use std::fs;
use std::path::Path;

use crate::workspace::Workspace;

/// Where a reader gives up. Aim at half of it.
const MOST_LINES: usize = 400;

pub struct RustFile {
    /// From the root of the workspace, with `/` between the parts.
    pub path: String,
    pub text: String,
}

/// Every `.rs` file under `crates/` and `examples/`, ordered by path.
pub fn rust_files(workspace: &Workspace) -> Result<Vec<RustFile>, String> {
    let mut files = Vec::new();
    for folder in ["crates", "examples"] {
        collect(workspace, &workspace.root.join(folder), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(workspace: &Workspace, folder: &Path, files: &mut Vec<RustFile>) -> Result<(), String> {
    let failed = |error| format!("{}: cannot be read: {error}", workspace.relative(folder));
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            // An example that was tried out as a copy may have left its build folder behind.
            if path.file_name().is_some_and(|name| name != "target") {
                collect(workspace, &path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let shown = workspace.relative(&path).replace('\\', "/");
            let text =
                fs::read_to_string(&path).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
            files.push(RustFile { path: shown, text });
        }
    }
    Ok(())
}

pub fn too_long(files: &[RustFile]) -> Vec<String> {
    let sentence = |file: &RustFile| {
        let lines = file.text.lines().count();
        let path = &file.path;
        (lines > MOST_LINES)
            .then(|| format!("{path}: {lines} lines, at most {MOST_LINES}; split it by what it does"))
    };
    files.iter().filter_map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> RustFile {
        RustFile { path: path.to_owned(), text: "//\n".repeat(lines) }
    }

    #[test]
    fn a_file_may_have_four_hundred_lines_and_not_one_more() {
        let files = [file("crates/a/src/lib.rs", 400), file("crates/a/src/b.rs", 401)];
        assert_eq!(too_long(&files), ["crates/a/src/b.rs: 401 lines, at most 400; split it by what it does"]);
    }

    #[test]
    fn the_files_of_this_very_crate_are_found() {
        let files = rust_files(&Workspace::load().unwrap()).unwrap();
        let this = files.iter().find(|file| file.path == "crates/xtask/src/layering/files.rs").unwrap();
        assert!(this.text.starts_with("//! The Rust files of the repository"));
    }
}
