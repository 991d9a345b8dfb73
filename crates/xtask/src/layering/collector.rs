//! Walks the syntax tree of a file and notes what its modules define, import and name.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

use super::module::{Function, Module, Path, Reference, ReferenceKind};

pub struct Collector {
    modules: Vec<Module>,
    /// The module that is walked now, as an index into `modules`.
    current: usize,
}

impl Collector {
    /// Returns the module of the file and the inline modules in it.
    pub fn collect(file: &syn::File, path: Path, index: usize) -> Vec<Module> {
        let module = Module { path, file: index, ..Module::default() };
        let mut collector = Collector { modules: vec![module], current: 0 };
        collector.visit_file(file);
        collector.modules
    }

    fn module(&mut self) -> &mut Module {
        &mut self.modules[self.current]
    }

    fn refer(&mut self, path: Path, line: usize, kind: ReferenceKind) {
        self.module().references.push(Reference { path, line, kind });
    }

    fn import(&mut self, prefix: &[String], tree: &UseTree, kind: ReferenceKind) {
        let (name, ident) = match tree {
            UseTree::Path(path) => {
                return self.import(&joined(prefix, &path.ident), &path.tree, kind);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(prefix, tree, kind));
            }
            UseTree::Glob(glob) => {
                self.module().globs.push(prefix.to_vec());
                return self.refer(prefix.to_vec(), glob.star_token.spans[0].start().line, kind);
            }
            UseTree::Name(name) => (&name.ident, &name.ident),
            UseTree::Rename(rename) => (&rename.rename, &rename.ident),
        };
        let path = if ident == "self" { prefix.to_vec() } else { joined(prefix, ident) };
        let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { text(name) };
        self.module().imports.insert(name, path.clone());
        self.refer(path, ident.span().start().line, kind);
    }

    /// Paths in the arguments of a macro or an attribute: words with `::` between them.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match &token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Ident(ident) if colons == 2 && !path.is_empty() => path.push(text(ident)),
                TokenTree::Ident(ident) => {
                    self.end_of_path(&mut path, line);
                    // `::name` is a crate from outside.
                    if colons != 2 {
                        path.push(text(ident));
                        line = ident.span().start().line;
                    }
                }
                _ => self.end_of_path(&mut path, line),
            }
            colons = 0;
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                // `#[serde(with = "crate::types::time")]`
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    let quoted = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    if let Ok(named) = quoted.and_then(|quoted| quoted.parse::<syn::Path>()) {
                        self.end_of_path(&mut segments(&named), line);
                    }
                }
                _ => {}
            }
        }
        self.end_of_path(&mut path, line);
    }

    fn end_of_path(&mut self, path: &mut Path, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.refer(path, line, ReferenceKind::Name);
        }
    }

    fn note_function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let line = signature.fn_token.span.start().line;
        let lines = block.brace_token.span.close().end().line + 1 - line;
        self.module().functions.push(Function { name: text(&signature.ident), line, lines });
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        if let Some(name) = name(item) {
            self.module().items.insert(name);
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = text(&item.ident);
        if item.content.is_none() {
            return self.module().children.push((name, has(&item.attrs, "macro_use")));
        }
        let (path, file) = ([self.module().path.as_slice(), &[name]].concat(), self.module().file);
        let parent = self.current;
        self.current = self.modules.len();
        self.modules.push(Module { path, file, ..Module::default() });
        visit::visit_item_mod(self, item);
        self.current = parent;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let kind = match item.vis {
            Visibility::Inherited => ReferenceKind::Name,
            _ => ReferenceKind::ReExport,
        };
        if item.leading_colon.is_none() {
            self.import(&[], &item.tree, kind);
        }
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            let module = self.module();
            module.macros.push(text(name));
            module.shares_macros |= has(&item.attrs, "macro_export");
        }
        visit::visit_item_macro(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let (Some((of, _)), syn::Type::Path(to)) = (&item.trait_, &*item.self_ty) {
            let last = |path: &syn::Path| path.segments.last().map(|segment| text(&segment.ident));
            self.modules[self.current].implementations.extend(last(of).zip(last(&to.path)));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.note_function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            self.note_function(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.note_function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.refer(segments(path), line_of(path), ReferenceKind::Name);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.refer(segments(&call.path), line_of(&call.path), ReferenceKind::Macro);
        self.scan(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.scan(list.tokens.clone());
        }
    }

    /// `pub(in path)` is not a use of that path.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// The name without `r#`.
fn text(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn joined(prefix: &[String], ident: &proc_macro2::Ident) -> Path {
    [prefix, &[text(ident)]].concat()
}

fn segments(path: &syn::Path) -> Path {
    path.segments.iter().map(|segment| text(&segment.ident)).collect()
}

fn line_of(path: &syn::Path) -> usize {
    path.segments.first().map_or(0, |segment| segment.ident.span().start().line)
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

/// Whether the attributes say `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(text(ident))
}
