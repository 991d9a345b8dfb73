//! `cargo xtask layering`: the rules of the house that the compiler does not know.
//!
//! Every rule is a pure function from what was read to the violations found, one sentence each: which crate or file,
//! which rule, what to do. A rule that bans a name also checks that the name still occurs where it belongs; otherwise
//! renaming a crate or a module would switch the rule off without a word.

mod circles;
mod collector;
mod concrete;
mod edges;
mod files;
mod folders;
mod imports;
mod layout;
mod lints;
mod module;
mod modules;
mod reach;
pub mod rules;
#[cfg(test)]
mod testing;
mod tools;

use std::env;
use std::path::Path;

use files::RustFile;

use crate::Failure;
use crate::workspace::{Package, Workspace};

/// The command.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(argument) = arguments.first() {
        return Err(Failure::Usage(format!("layering takes no arguments, but got `{argument}`")));
    }
    Ok(check(&load()?)?)
}

/// Reads the workspace. The manifests come first: cargo resolves no edge that the lock file lacks, and a forbidden one
/// should be named by its rule and not by cargo's error about that file.
pub fn load() -> Result<Workspace, String> {
    load_from(&env::current_dir().map_err(|error| format!("the working directory is gone: {error}"))?)
}

fn load_from(folder: &Path) -> Result<Workspace, String> {
    let manifests = Workspace::load_manifests(folder)?;
    let mut violations = edges::violations(&manifests);
    violations.extend(reach::banned(&manifests));
    if violations.is_empty() { Workspace::load_from(folder) } else { Err(violations.join("\n")) }
}

/// Checks all rules; the error holds one violation per line.
pub fn check(workspace: &Workspace) -> Result<(), String> {
    let files = files::rust_files(workspace)?;
    let mut violations = edges::violations(workspace);
    violations.extend(reach::violations(workspace));
    violations.extend(files::too_long(&files));
    violations.extend(layout::module_style(&files));
    violations.extend(tools::violations(workspace, &files));
    for package in workspace.members() {
        violations.extend(crate_violations(workspace, package, &files));
    }
    violations.extend(lints::violations(workspace)?);
    if violations.is_empty() {
        println!(
            "        {} crates and {} Rust files keep the rules",
            workspace.members().len(),
            files.len()
        );
        return Ok(());
    }
    let count = violations.len();
    violations.push(format!("cargo xtask layering: {count} violation{}", if count == 1 { "" } else { "s" }));
    Err(violations.join("\n"))
}

/// The rules about the source of one crate.
fn crate_violations(workspace: &Workspace, package: &Package, files: &[RustFile]) -> Vec<String> {
    let folder = workspace.relative(&package.folder).replace('\\', "/");
    let layer = rules::layer(&package.name);
    let trees = match modules::trees(&folder, files) {
        Ok(trees) => trees,
        Err(violation) => return vec![violation],
    };
    let most_names = layer.and_then(|layer| layer.most_names);
    let mut violations = Vec::from_iter(layout::too_many_names(&folder, most_names, files));
    // The table of folders is about the library, which comes first.
    if let Some(library) = trees.first() {
        violations.extend(folders::violations(&package.name, library, &imports::imports(library)));
        if package.name == rules::SERVICES {
            violations.extend(concrete_violations(workspace, library));
        }
    }
    for tree in &trees {
        violations.extend(circles::violations(tree, &imports::imports(tree)));
        if layer.is_some_and(|layer| layer.is_product) {
            violations.extend(layout::long_functions(tree));
        }
    }
    violations
}

fn concrete_violations(workspace: &Workspace, services: &modules::Tree) -> Vec<String> {
    let Some(handlers) = workspace.member(rules::HANDLERS) else { return Vec::new() };
    let path = format!("{}/clippy.toml", workspace.relative(&handlers.folder));
    concrete::violations(services, &lints::entries_of(handlers), &path)
}

#[cfg(test)]
mod tests {
    use std::{fs, process};

    use super::*;

    /// A workspace on disk in which one crate depends on another, with a lock file that does not know it yet.
    fn message_about(dependent: &str, dependency: &str) -> String {
        let root = env::temp_dir().join(format!("denizen-layering-{}-{dependent}", process::id()));
        for name in ["denizen-models", "denizen-services", "xtask"] {
            let package = root.join(name);
            fs::create_dir_all(package.join("src")).unwrap();
            fs::write(package.join("src/lib.rs"), "").unwrap();
            let used = if name == dependent {
                format!("{dependency} = {{ path = \"../{dependency}\" }}")
            } else {
                String::new()
            };
            let manifest = format!("[package]\nname = \"{name}\"\n[dependencies]\n{used}\n");
            fs::write(package.join("Cargo.toml"), manifest).unwrap();
        }
        let packages = ["denizen-models", "denizen-services", "xtask"]
            .map(|name| format!("[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\n"));
        fs::write(root.join("Cargo.lock"), format!("version = 4\n\n{}", packages.join("\n"))).unwrap();
        fs::write(root.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n").unwrap();
        let message = load_from(&root).unwrap_err();
        fs::remove_dir_all(&root).unwrap();
        message
    }

    #[test]
    fn a_forbidden_edge_is_named_although_the_lock_file_lacks_it() {
        let message = message_about("denizen-models", "denizen-services");
        assert!(
            message.starts_with("denizen-models -> denizen-services (normal dependency): denizen-models may")
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }

    #[test]
    fn an_allowed_edge_that_the_lock_file_lacks_is_left_to_cargo() {
        let message = message_about("denizen-services", "denizen-models");
        assert!(message.starts_with("`cargo metadata --format-version 1 --locked` ended with"), "{message}");
    }
}
