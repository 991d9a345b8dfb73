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

#[cfg(test)]
mod tests {
    use super::super::testing::tree;
    use super::*;

    /// The files that `a.rs` uses, with lines and names; beside it stand `b`, `b::c` and the macros of `m`.
    fn used_by(text: &str) -> Vec<String> {
        let tree = tree(&[
            ("lib.rs", "#[macro_use] mod m; mod a; mod b; pub use b::C;"),
            ("a.rs", text),
            ("b.rs", "mod c; pub mod inline { pub struct I; } pub use c::*; pub struct B; pub fn b() {}"),
            ("b/c.rs", "pub struct C; impl C { pub fn new() {} }"),
            ("m.rs", "macro_rules! shout { () => {} } pub(crate) use shout;"),
        ]);
        let a = tree.files.iter().position(|file| file.path.ends_with("/a.rs")).unwrap();
        let imports = imports(&tree);
        let used = imports.iter().filter(|((from, _), _)| *from == a);
        let mut used: Vec<_> = used
            .map(|((_, to), import)| {
                format!("{} {}:{}", tree.files[*to].module.join("::"), import.line, import.name)
            })
            .collect();
        used.sort();
        used
    }

    #[test]
    fn use_is_followed_to_the_file_that_defines_the_name() {
        assert_eq!(used_by("use crate::b::B;"), ["b 1:crate::b::B"]);
        assert_eq!(used_by("\nuse super::b::C;"), ["b::c 2:super::b::C"]);
        assert_eq!(used_by("use crate::C as D;"), ["b::c 1:crate::C"]);
        assert_eq!(used_by("use crate::b::inline::I;"), ["b 1:crate::b::inline::I"]);
        assert_eq!(
            used_by("use crate::{std::X,\n b::{self, c::C}};"),
            ["b 2:crate::b", "b::c 2:crate::b::c::C"]
        );
        assert_eq!(used_by("pub use crate::b::B;"), ["b 1:crate::b::B"]);
    }

    #[test]
    fn paths_in_code_in_macros_and_in_attributes_count() {
        assert_eq!(used_by("fn f() { crate::b::b() }"), ["b 1:crate::b::b"]);
        assert_eq!(used_by("fn f(c: &crate::C) {}"), ["b::c 1:crate::C"]);
        assert_eq!(used_by("fn f() { vec![1,\n super::b::C::new()] }"), ["b::c 2:super::b::C::new"]);
        assert_eq!(used_by("#[serde(with = \"crate::b::b\")] struct S;"), ["b 1:crate::b::b"]);
        assert_eq!(used_by("mod inner { use super::super::b::B; }"), ["b 1:super::super::b::B"]);
        assert_eq!(used_by("fn f() { use crate::b; b::C::new() }"), ["b 1:crate::b", "b::c 1:b::C::new"]);
    }

    #[test]
    fn globs_and_macros_are_followed_by_name() {
        assert_eq!(used_by("use crate::b::*; fn f(c: C) {}"), ["b 1:crate::b", "b::c 1:C"]);
        assert_eq!(used_by("fn f() { shout!() }"), ["m 1:shout"]);
        assert_eq!(used_by("use crate::m::shout;"), ["m 1:crate::m::shout"]);
    }

    #[test]
    fn tests_other_crates_visibilities_and_variables_do_not_count() {
        assert!(used_by("#[cfg(test)] mod tests { use crate::b::B; }").is_empty());
        assert!(used_by("#[cfg(test)] use crate::b::B;").is_empty());
        assert!(used_by("use ::b::B; use log::log; fn f() { log::log(); format!(\"crate\") }").is_empty());
        assert!(used_by("pub(in crate::b) struct S; /// [`crate::b::B`]\nfn f() {}").is_empty());
        assert!(used_by("fn f(b: u8) -> u8 { b }").is_empty());
        assert!(used_by("use d::e; use e::d; fn f() { d::x() }").is_empty());
    }

    #[test]
    fn a_parent_uses_a_child_in_code_and_not_by_passing_its_names_on() {
        let used = |parent: &str| {
            let tree = tree(&[("lib.rs", "mod b;"), ("b.rs", parent), ("b/c.rs", "pub struct C;")]);
            imports(&tree).len()
        };
        assert_eq!(used("mod c; pub use c::C;"), 0);
        assert_eq!(used("mod c; pub use c::C; fn f(c: C) {}"), 1);
        // A variable with the name of a child.
        assert_eq!(used("mod c; fn f(c: u8) -> u8 { c }"), 0);
    }
}
