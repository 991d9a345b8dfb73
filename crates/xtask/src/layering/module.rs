//! What a module is made of: the names that it defines, imports and uses.

use std::collections::{BTreeMap, BTreeSet};

/// The segments of a path, such as `crate`, `users`, `list`.
pub type Path = Vec<String>;

/// A path that a module names.
#[derive(Debug)]
pub struct Reference {
    pub path: Path,
    pub line: usize,
    pub kind: ReferenceKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// `use`, or a path in code.
    Name,
    /// `pub use`, with any visibility.
    ReExport,
    /// `name!(…)`.
    Macro,
}

/// A function and how many lines it takes, from its signature to its closing brace.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

#[derive(Debug, Default)]
pub struct Module {
    pub path: Path,
    /// An index into `Tree::files`; inline modules share the file of their parent.
    pub file: usize,
    pub items: BTreeSet<String>,
    /// Of the items, those that `macro_rules!` defines.
    pub macros: Vec<String>,
    /// Whether those are in scope without a path, as by `#[macro_use]` and `#[macro_export]` they are.
    pub shares_macros: bool,
    /// Names that `use` brings in, each with the path that it stands for.
    pub imports: BTreeMap<String, Path>,
    pub globs: Vec<Path>,
    pub references: Vec<Reference>,
    pub functions: Vec<Function>,
    /// `impl Trait for Type`: the last segments of both.
    pub implementations: Vec<(String, String)>,
    /// The names of `mod name;`, each with whether its macros are in scope behind it.
    pub children: Vec<(String, bool)>,
}
