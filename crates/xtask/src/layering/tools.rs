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
            (true, true) => {
                for tool in [TESTKIT, MEMORY] {
                    violations.extend(misuses(workspace, package, tool, files));
                }
            }
            (false, false) => {}
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
