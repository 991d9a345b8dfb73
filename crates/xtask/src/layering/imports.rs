//! Which file of a crate uses which other file, through re-exports and globs to the file that defines the name.

use std::collections::BTreeMap;

use super::module::{Module, Reference, ReferenceKind};
use super::modules::Tree;

/// The first place where one file uses another.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    pub line: usize,
    /// The path as it is written there.
    pub name: String,
}

/// The files that each file uses: indices of [`Tree::files`], from and to.
pub type Imports = BTreeMap<(usize, usize), Import>;

/// Renamed imports can lead in a circle; no real chain of re-exports is this long.
const MOST_STEPS: usize = 16;

pub fn imports(tree: &Tree) -> Imports {
    let mut imports = Imports::new();
    for module in tree.modules.values() {
        for reference in &module.references {
            let Some(to) = target(tree, module, reference) else { continue };
            // A parent that only passes a name of its own children on does not use it.
            let is_facade = reference.kind == ReferenceKind::ReExport
                && tree.files[to].module.starts_with(&tree.files[module.file].module);
            if to != module.file && !is_facade {
                let import = Import { line: reference.line, name: reference.path.join("::") };
                let first = imports.entry((module.file, to)).or_insert(import);
                if reference.line < first.line {
                    *first = Import { line: reference.line, name: reference.path.join("::") };
                }
            }
        }
    }
    imports
}

fn target(tree: &Tree, module: &Module, reference: &Reference) -> Option<usize> {
    if let [name] = reference.path.as_slice() {
        // A variable may have the name of a module; a path to a module alone has no use in code.
        let is_item = module.items.contains(name) || module.imports.contains_key(name);
        if !is_item && tree.child(module, name).is_some() {
            return None;
        }
    }
    let found = tree.resolve(module, &reference.path, 0);
    match reference.kind {
        ReferenceKind::Macro => found.or_else(|| match reference.path.as_slice() {
            [name] => tree.macros.get(name).copied(),
            // `#[macro_export]` puts it at the root.
            [root, name] if root == "crate" => tree.macros.get(name).copied(),
            _ => None,
        }),
        _ => found,
    }
}

impl Tree {
    fn child(&self, module: &Module, name: &str) -> Option<&Module> {
        self.modules.get(&[module.path.as_slice(), &[name.to_owned()]].concat())
    }

    /// The file that defines what the path means in that module; `None` for names of other crates.
    fn resolve(&self, module: &Module, path: &[String], steps: usize) -> Option<usize> {
        let Some((first, rest)) = path.split_first() else { return Some(module.file) };
        if steps > MOST_STEPS {
            return None;
        }
        let parent = |module: &Module| self.modules.get(module.path.split_last()?.1);
        match first.as_str() {
            "crate" => return self.resolve(self.modules.get(&Vec::new())?, rest, steps + 1),
            "self" => return self.resolve(module, rest, steps + 1),
            "super" => return self.resolve(parent(module)?, rest, steps + 1),
            _ => {}
        }
        // A path that ends here may mean an item that has the name of a module.
        if let Some(child) =
            self.child(module, first).filter(|_| !rest.is_empty() || !module.items.contains(first))
        {
            return self.resolve(child, rest, steps + 1);
        }
        if module.items.contains(first) {
            return Some(module.file);
        }
        if let Some(import) = module.imports.get(first) {
            // `use log::log` names the crate first, not the import itself.
            let is_itself = import.first() == Some(first);
            return if is_itself {
                None
            } else {
                self.resolve(module, &[import.as_slice(), rest].concat(), steps + 1)
            };
        }
        module.globs.iter().find_map(|glob| {
            let found = self.module_at(module, glob, steps + 1)?;
            if std::ptr::eq(found, module) { None } else { self.resolve(found, path, steps + 1) }
        })
    }

    /// The module that a path means, if it means one.
    fn module_at(&self, module: &Module, path: &[String], steps: usize) -> Option<&Module> {
        let Some((first, rest)) = path.split_first() else { return self.modules.get(&module.path) };
        if steps > MOST_STEPS {
            return None;
        }
        let next = match first.as_str() {
            "crate" => self.modules.get(&Vec::new())?,
            "self" => module,
            "super" => self.modules.get(module.path.split_last()?.1)?,
            _ => match self.child(module, first) {
                Some(child) => child,
                None => {
                    let import = module.imports.get(first).filter(|path| path.first() != Some(first))?;
                    self.module_at(module, import, steps + 1)?
                }
            },
        };
        self.module_at(next, rest, steps + 1)
    }
}
