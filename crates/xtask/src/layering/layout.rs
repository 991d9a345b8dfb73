//! What a crate looks like from outside: one module style, few names at the root, short functions.

use std::collections::BTreeSet;

use super::files::RustFile;
use super::module::Function;
use super::modules::Tree;

/// A function that does not fit on a screen does more than one thing.
const MOST_LINES: usize = 60;

/// `x.rs` beside `x/`, never `x/mod.rs`. Integration tests are free: cargo would take `x.rs` there for a test of its own.
pub fn module_style(files: &[RustFile]) -> Vec<String> {
    let is_old = |file: &&RustFile| file.path.ends_with("/mod.rs") && file.path.contains("/src/");
    let sentence = |file: &RustFile| {
        let new = file.path.trim_end_matches("/mod.rs");
        format!("{}: modules are written `x.rs` beside `x/`; rename it to {new}.rs", file.path)
    };
    files.iter().filter(is_old).map(sentence).collect()
}

/// The names at the root of the crate's `src`.
pub fn too_many_names(folder: &str, most: Option<usize>, files: &[RustFile]) -> Option<String> {
    let source = format!("{folder}/src/");
    let names: BTreeSet<_> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix(&source)?.split('/').next())
        .map(|name| name.trim_end_matches(".rs"))
        .filter(|name| !["lib", "main", "tests"].contains(name))
        .collect();
    let (count, most) = (names.len(), most?);
    (count > most).then(|| {
        format!(
            "{source}: {count} names, at most {most}; features stand here, move what is none into a folder"
        )
    })
}

pub fn long_functions(tree: &Tree) -> Vec<String> {
    let long = tree.functions().filter(|(_, function)| function.lines > MOST_LINES);
    let mut long: Vec<_> = long.collect();
    long.sort_by_key(|(path, function)| (*path, function.line));
    let sentence = |(path, function): (&str, &Function)| {
        format!(
            "{path}:{}: `{}` has {} lines, at most {MOST_LINES}; give its steps names of their own",
            function.line, function.name, function.lines
        )
    };
    long.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, tree};
    use super::*;

    #[test]
    fn a_module_stands_beside_its_folder() {
        let files = ["crates/a/src/b/mod.rs", "crates/a/src/c.rs", "crates/a/tests/support/mod.rs"];
        let expected =
            "crates/a/src/b/mod.rs: modules are written `x.rs` beside `x/`; rename it to crates/a/src/b.rs";
        assert_eq!(module_style(&files.map(|path| file(path, ""))), [expected]);
    }

    #[test]
    fn a_file_and_its_folder_are_one_name() {
        let files = ["lib.rs", "a.rs", "a/x.rs", "a/y.rs", "b.rs", "tests.rs"];
        let files = files.map(|name| file(&format!("crates/a/src/{name}"), ""));
        assert_eq!(too_many_names("crates/a", Some(2), &files), None);
        let violation = too_many_names("crates/a", Some(1), &files).unwrap();
        assert!(violation.starts_with("crates/a/src/: 2 names, at most 1;"));
        assert_eq!(too_many_names("crates/a", None, &files), None);
    }

    #[test]
    fn a_function_may_have_sixty_lines_and_not_one_more() {
        let body = |lines: usize| "\n".repeat(lines - 1);
        let text = format!(
            "fn fits() {{{}}}\nimpl A {{\n/// Doc.\n#[must_use]\npub async fn a() {{{}}}}}\n\
             #[cfg(test)] mod tests {{ fn c() {{{}}} }}",
            body(60),
            body(61),
            body(99),
        );
        assert_eq!(
            long_functions(&tree(&[("lib.rs", &text)])),
            ["crates/a/src/lib.rs:64: `a` has 61 lines, at most 60; give its steps names of their own"]
        );
    }
}
