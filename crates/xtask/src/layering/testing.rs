//! A small house that keeps every rule, for tests to damage.

use std::path::PathBuf;

use super::files::RustFile;
use super::modules::{Tree, trees};
use super::rules::layer;

use crate::workspace::{Kind, Package, Workspace};

const HOUSE: &[(&str, &[&str])] = &[
    ("denizen-models", &["serde"]),
    ("denizen-services", &["denizen-models", "tokio"]),
    ("denizen-handlers", &["denizen-models", "denizen-services", "actix-web"]),
    ("denizen-storage-sqlite", &["denizen-models", "denizen-services", "rusqlite"]),
    ("denizen-storage-postgres", &["denizen-models", "denizen-services", "tokio-postgres"]),
    ("denizen-hashing", &["denizen-models", "denizen-services"]),
    ("denizen-storage-memory", &["denizen-models", "denizen-services"]),
    ("denizen-client", &["denizen-models"]),
    ("denizen-mail", &["denizen-models", "denizen-services", "lettre"]),
    ("denizen-testkit", &["denizen-models", "denizen-services"]),
    (
        "denizen-server",
        &[
            "denizen-handlers",
            "denizen-hashing",
            "denizen-storage-memory",
            "denizen-storage-sqlite",
            "denizen-mail",
            "denizen-models",
        ],
    ),
    ("denizen-example-embed", &["denizen-services", "denizen-testkit"]),
    ("docs-runner", &[]),
    ("xtask", &["serde"]),
];

const OUTSIDE: &[(&str, &[&str])] = &[
    ("serde", &[]),
    ("tokio", &[]),
    ("actix-web", &["tokio"]),
    ("rusqlite", &["libsqlite3-sys"]),
    ("libsqlite3-sys", &[]),
    ("tokio-postgres", &["tokio"]),
    ("lettre", &["tokio"]),
];

pub fn file(path: &str, text: &str) -> RustFile {
    RustFile { path: path.to_owned(), text: text.to_owned() }
}

/// The library `crates/a` of these files under `src`.
pub fn tree(files: &[(&str, &str)]) -> Tree {
    let files: Vec<_> =
        files.iter().map(|(path, text)| file(&format!("crates/a/src/{path}"), text)).collect();
    trees("crates/a", &files).unwrap().remove(0)
}

pub fn house() -> Workspace {
    let mut house =
        Workspace { root: PathBuf::from("/w"), target: PathBuf::from("/w/target"), packages: Vec::new() };
    for (name, _) in HOUSE {
        let short = name.trim_start_matches("denizen-");
        let folder = match short.strip_prefix("example-") {
            Some(example) => format!("examples/{example}"),
            None => format!("crates/{short}"),
        };
        house.add(name, &folder);
    }
    for (name, _) in OUTSIDE {
        house.add_outsider(name);
    }
    for (from, dependencies) in HOUSE.iter().chain(OUTSIDE) {
        for to in *dependencies {
            let index = house.index(to);
            let package = house.package(from);
            package.declared.push((to.to_string(), Kind::Normal));
            package.resolved.push((index, Kind::Normal));
        }
    }
    house
}

impl Workspace {
    pub fn add(&mut self, name: &str, folder: &str) {
        let folder = self.root.join(folder);
        let is_default = layer(name).is_some_and(|layer| layer.is_product);
        let package = Package { name: name.to_owned(), folder, ours: true, is_default, ..Package::default() };
        self.packages.push(package);
    }

    pub fn add_outsider(&mut self, name: &str) -> usize {
        self.packages.push(Package { name: name.to_owned(), ..Package::default() });
        self.packages.len() - 1
    }

    pub fn index(&self, name: &str) -> usize {
        self.packages.iter().position(|package| package.name == name).unwrap()
    }

    pub fn package(&mut self, name: &str) -> &mut Package {
        let index = self.index(name);
        &mut self.packages[index]
    }

    pub fn rename(&mut self, from: &str, to: &str) {
        self.package(from).name = to.to_owned();
        for (name, _) in self.packages.iter_mut().flat_map(|package| &mut package.declared) {
            if name == from {
                *name = to.to_owned();
            }
        }
    }
}
