//! What ships and what only helps: default members, and development dependencies that stay out of `src`.

use proc_macro2::{TokenStream, TokenTree};

use super::files::RustFile;
use super::rules::{LAYERS, MEMORY, TESTKIT};
use crate::workspace::{Kind, Package, Workspace};

pub fn violations(workspace: &Workspace, files: &[RustFile]) -> Vec<String> {
    let mut violations = Vec::new();
    for layer in LAYERS {
        let Some(package) = workspace.member(layer.name) else { continue };
        match (layer.is_product, package.is_default) {
            (true, false) => violations.push(format!(
                "Cargo.toml: `default-members` lacks {}, which ships; add it, so that `cargo test` covers it",
                layer.name
            )),
            (false, true) => violations.push(format!(
                "Cargo.toml: `default-members` has {}, which does not belong to the product; remove it",
                layer.name
            )),
            _ => {}
        }
        for tool in [TESTKIT, MEMORY].into_iter().filter(|tool| *tool != layer.name) {
            violations.extend(misuses(workspace, package, tool, files));
        }
    }
    violations
}

/// How the package misuses a development dependency; cargo itself would refuse to package it.
fn misuses(workspace: &Workspace, package: &Package, tool: &str, files: &[RustFile]) -> Vec<String> {
    let name = &package.name;
    let mut violations = Vec::new();
    if package.dev_versions.iter().any(|versioned| versioned == tool) {
        violations.push(format!(
            "{name} -> {tool} (dev dependency): has a version, so {name} could not be published before it; write \
             `{tool} = {{ path = \"…\" }}`"
        ));
    }
    if package.declared.iter().any(|(declared, kind)| declared == tool && *kind != Kind::Dev) {
        return violations;
    }
    let source = format!("{}/src/", workspace.relative(&package.folder).replace('\\', "/"));
    let word = tool.replace('-', "_");
    for file in files.iter().filter(|file| file.path.starts_with(&source)) {
        // A file that is no Rust is reported where its modules are read.
        let tokens = file.text.parse().unwrap_or_default();
        if let Some(line) = line_of(tokens, &word) {
            violations.push(format!(
                "{}:{line}: names `{word}`, a development dependency; move the test to tests/",
                file.path
            ));
        }
    }
    violations
}

/// The first line with the word, outside of comments and strings.
fn line_of(tokens: TokenStream, word: &str) -> Option<usize> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == word => Some(ident.span().start().line),
        TokenTree::Group(group) => line_of(group.stream(), word),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{file, house};
    use super::*;

    #[test]
    fn the_house_as_designed_passes() {
        assert_eq!(violations(&house(), &[]), [] as [&str; 0]);
    }

    #[test]
    fn default_members_are_the_product() {
        let mut house = house();
        house.package("denizen-mail").is_default = false;
        house.package("xtask").is_default = true;
        let [mail, xtask] = violations(&house, &[]).try_into().unwrap();
        assert!(mail.starts_with("Cargo.toml: `default-members` lacks denizen-mail"));
        assert!(xtask.starts_with("Cargo.toml: `default-members` has xtask"));
    }

    #[test]
    fn a_development_dependency_has_no_version_and_stays_in_the_tests() {
        let mut house = house();
        let services = house.package("denizen-services");
        services.declared.push(("denizen-testkit".to_owned(), Kind::Dev));
        services.dev_versions.push("denizen-testkit".to_owned());
        let files = [
            file("crates/services/src/a.rs", "// denizen_testkit\nfn f() { g(\"denizen_testkit\") }"),
            file("crates/services/src/b.rs", "mod tests {\n    use denizen_testkit::Clock;\n}"),
            file("crates/services/tests/c.rs", "use denizen_testkit::Clock;"),
        ];
        let [version, place] = violations(&house, &files).try_into().unwrap();
        assert!(version.starts_with("denizen-services -> denizen-testkit (dev dependency): has a version"));
        assert!(place.starts_with("crates/services/src/b.rs:2: names `denizen_testkit`"), "{place}");
    }

    #[test]
    fn the_server_ships_the_store_in_memory_and_may_name_it() {
        let files = [file("crates/server/src/storage.rs", "use denizen_storage_memory::InMemoryStore;")];
        assert_eq!(violations(&house(), &files), [] as [&str; 0]);
    }
}
