//! The modules of a crate and the names in them, read from its source. Test code is left out.

use std::collections::BTreeMap;

use super::collector::Collector;
use super::files::RustFile;
use super::module::{Function, Module, Path};

/// A file of the crate and its module.
#[derive(Debug)]
pub struct ModuleFile {
    /// From the root of the workspace.
    pub path: String,
    pub module: Path,
}

/// The modules that are reached from one root file.
#[derive(Debug, Default)]
pub struct Tree {
    pub files: Vec<ModuleFile>,
    pub modules: BTreeMap<Path, Module>,
    /// The macros that are in scope without a path, each with its file.
    pub macros: BTreeMap<String, usize>,
}

/// Parses the library and the binary of the crate in that folder, such as `crates/models`.
///
/// # Errors
/// Returns the sentence of a violation if a file is not valid Rust.
pub fn trees(folder: &str, files: &[RustFile]) -> Result<Vec<Tree>, String> {
    let roots = ["lib.rs", "main.rs"].map(|name| format!("{folder}/src/{name}"));
    let roots = roots.iter().filter_map(|root| files.iter().find(|file| file.path == *root));
    roots.map(|root| Tree::parse(root, files)).collect()
}

impl Tree {
    fn parse(root: &RustFile, files: &[RustFile]) -> Result<Self, String> {
        let mut tree = Self::default();
        let mut pending = vec![(root, Path::new(), false)];
        while let Some((file, path, shares_macros)) = pending.pop() {
            let parsed = syn::parse_file(&file.text).map_err(|error| {
                let line = error.span().start().line;
                format!("{}:{line}: cannot be parsed: {error}; run `cargo check`", file.path)
            })?;
            let index = tree.files.len();
            let modules = Collector::collect(&parsed, path.clone(), index);
            tree.files.push(ModuleFile { path: file.path.clone(), module: path.clone() });
            for module in modules {
                if shares_macros || module.shares_macros {
                    tree.macros.extend(module.macros.iter().map(|name| (name.clone(), index)));
                }
                let folder = folder_of(&file.path, &module.path[path.len()..]);
                for (child, shares_macros) in &module.children {
                    let places = [format!("{folder}/{child}.rs"), format!("{folder}/{child}/mod.rs")];
                    if let Some(found) = files.iter().find(|file| places.contains(&file.path)) {
                        pending.push((
                            found,
                            [module.path.as_slice(), std::slice::from_ref(child)].concat(),
                            *shares_macros,
                        ));
                    }
                }
                tree.modules.insert(module.path.clone(), module);
            }
        }
        Ok(tree)
    }

    /// All functions outside of tests, each with the path of its file.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &Function)> {
        self.modules.values().flat_map(|module| {
            let path = self.files[module.file].path.as_str();
            module.functions.iter().map(move |function| (path, function))
        })
    }
}

/// The folder where the child modules of a file, or of an inline module in it, are looked for.
fn folder_of(path: &str, inline: &[String]) -> String {
    let stem = path.trim_end_matches(".rs");
    let folder = ["lib", "main", "mod"].iter().find_map(|name| stem.strip_suffix(&format!("/{name}")));
    [&[folder.unwrap_or(stem).to_owned()], inline].concat().join("/")
}
