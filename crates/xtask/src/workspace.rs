//! The workspace and its dependency graph, as `cargo metadata` describes them.

use std::collections::{HashMap, HashSet};
use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::process;

/// Which of a manifest's three tables a dependency comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Normal => "normal",
            Self::Build => "build",
            Self::Dev => "dev",
        })
    }
}

/// A package of the graph, ours or from a registry.
#[derive(Clone, Debug, Default)]
pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    /// Whether it belongs to this workspace.
    pub ours: bool,
    /// Whether `cargo test` without `--workspace` covers it.
    pub is_default: bool,
    pub rust_version: Option<String>,
    pub has_binary: bool,
    /// What its manifest asks for by package name, whether or not a feature or a platform switches it on today.
    pub declared: Vec<(String, Kind)>,
    /// Of those, the development dependencies that name a version, so that `cargo package` wants them published.
    pub dev_versions: Vec<String>,
    /// What the lock file made of that, on all platforms: indices into [`Workspace::packages`].
    /// Features are those of the whole workspace together, so this may say too much, never too little.
    pub resolved: Vec<(usize, Kind)>,
}

#[derive(Clone, Debug, Default)]
pub struct Workspace {
    pub root: PathBuf,
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

impl Workspace {
    /// Asks cargo about the workspace of the working directory. Cargo, not the path this program was compiled in:
    /// a build folder may be shared by two checkouts.
    pub fn load() -> Result<Self, String> {
        let here = env::current_dir().map_err(|error| format!("the working directory is gone: {error}"))?;
        Self::load_from(&here)
    }

    pub fn load_from(folder: &Path) -> Result<Self, String> {
        Self::ask(folder, "--locked")
    }

    /// Only our own packages and what they declare, which cargo knows even if the lock file is out of date.
    pub fn load_manifests(folder: &Path) -> Result<Self, String> {
        Self::ask(folder, "--no-deps")
    }

    fn ask(folder: &Path, option: &str) -> Result<Self, String> {
        let arguments = ["metadata", "--format-version", "1", option];
        Self::parse(&process::capture(&mut process::cargo(folder, &arguments))?)
    }

    /// Reads the output of `cargo metadata --format-version 1`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| format!("cargo metadata: {error}"))?;
        let ids = |key| -> Result<HashSet<&str>, String> {
            Ok(list(&json, key)?.iter().filter_map(Value::as_str).collect())
        };
        let (members, default_members) = (ids("workspace_members")?, ids("workspace_default_members")?);
        let mut packages = Vec::new();
        let mut by_id = HashMap::new();
        for package in list(&json, "packages")? {
            let id = string(package, "id")?;
            by_id.insert(id, packages.len());
            let mut package = Package::parse(package, members.contains(id))?;
            package.is_default = default_members.contains(id);
            packages.push(package);
        }
        let index =
            |id: &str| by_id.get(id).copied().ok_or_else(|| format!("cargo metadata: no package {id}"));
        let resolve = json.get("resolve").ok_or("cargo metadata: no `resolve`")?;
        // `--no-deps` resolves nothing.
        let nodes = if resolve.is_null() { &Vec::new() } else { list(resolve, "nodes")? };
        for node in nodes {
            let from = index(string(node, "id")?)?;
            for dependency in list(node, "deps")? {
                let to = index(string(dependency, "pkg")?)?;
                for edge in list(dependency, "dep_kinds")? {
                    packages[from].resolved.push((to, kind(edge)?));
                }
            }
        }
        let root = string(&json, "workspace_root")?.into();
        let target = string(&json, "target_directory")?.into();
        Ok(Self { root, target, packages })
    }

    /// Our own packages, in the order of their names.
    pub fn members(&self) -> Vec<&Package> {
        let mut members: Vec<_> = self.packages.iter().filter(|package| package.ours).collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        members
    }

    /// The member of that name.
    pub fn member(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.ours && package.name == name)
    }

    /// The packages under `examples/`.
    pub fn examples(&self) -> Vec<&Package> {
        self.members().into_iter().filter(|package| self.is_example(package)).collect()
    }

    pub fn is_example(&self, package: &Package) -> bool {
        package.folder.starts_with(self.root.join("examples"))
    }

    /// A path inside the workspace as messages show it.
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

impl Package {
    fn parse(json: &Value, ours: bool) -> Result<Self, String> {
        let manifest = Path::new(string(json, "manifest_path")?);
        let (mut declared, mut dev_versions) = (Vec::new(), Vec::new());
        for dependency in list(json, "dependencies")? {
            let (name, kind) = (string(dependency, "name")?.to_owned(), kind(dependency)?);
            if kind == Kind::Dev && dependency.get("req").is_some_and(|version| version != "*") {
                dev_versions.push(name.clone());
            }
            declared.push((name, kind));
        }
        let is_binary =
            |target: &Value| list(target, "kind").is_ok_and(|kinds| kinds.iter().any(|kind| kind == "bin"));
        Ok(Self {
            name: string(json, "name")?.to_owned(),
            folder: manifest.parent().unwrap_or(manifest).to_owned(),
            ours,
            is_default: false,
            rust_version: json.get("rust_version").and_then(Value::as_str).map(str::to_owned),
            has_binary: list(json, "targets")?.iter().any(is_binary),
            declared,
            dev_versions,
            resolved: Vec::new(),
        })
    }
}

fn string<'a>(json: &'a Value, key: &str) -> Result<&'a str, String> {
    json.get(key).and_then(Value::as_str).ok_or_else(|| format!("cargo metadata: `{key}` is no string"))
}

fn list<'a>(json: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    json.get(key).and_then(Value::as_array).ok_or_else(|| format!("cargo metadata: `{key}` is no list"))
}

fn kind(json: &Value) -> Result<Kind, String> {
    match json.get("kind").and_then(Value::as_str) {
        None => Ok(Kind::Normal),
        Some("build") => Ok(Kind::Build),
        Some("dev") => Ok(Kind::Dev),
        Some(other) => Err(format!("cargo metadata: unknown kind of dependency `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/w", "target_directory": "/w/target", "workspace_members": ["a#1"],
        "workspace_default_members": ["a#1"],
        "packages": [
            {"id": "a#1", "name": "a", "manifest_path": "/w/examples/a/Cargo.toml", "rust_version": "1.95",
             "dependencies": [{"name": "b", "kind": null}, {"name": "b", "kind": "build"}, {"name": "c", "kind": "dev", "req": "^1"}],
             "targets": [{"kind": ["lib"]}, {"kind": ["bin"]}]},
            {"id": "b#1", "name": "b", "manifest_path": "/r/b/Cargo.toml", "rust_version": null,
             "dependencies": [], "targets": [{"kind": ["proc-macro"]}]}],
        "resolve": {"nodes": [
            {"id": "a#1", "deps": [{"pkg": "b#1", "dep_kinds": [{"kind": null}, {"kind": "build"}]}]},
            {"id": "b#1", "deps": []}]}
    }"#;

    #[test]
    fn metadata_becomes_a_graph() {
        let workspace = Workspace::parse(METADATA).unwrap();
        let a = workspace.member("a").unwrap();
        let declared = [("b", Kind::Normal), ("b", Kind::Build), ("c", Kind::Dev)];
        assert_eq!(a.declared, declared.map(|(name, kind)| (name.to_owned(), kind)));
        assert_eq!(a.resolved, [(1, Kind::Normal), (1, Kind::Build)]);
        assert_eq!(a.dev_versions, ["c"]);
        assert_eq!(a.rust_version.as_deref(), Some("1.95"));
        assert!(a.is_default && a.has_binary && workspace.is_example(a));
        assert!(!workspace.packages[1].ours && !workspace.packages[1].has_binary);
        assert_eq!(workspace.relative(&a.folder), "examples/a");
    }

    #[test]
    fn metadata_of_another_shape_is_an_error_that_names_the_member() {
        let error = Workspace::parse(&METADATA.replace("\"targets\"", "\"goals\"")).unwrap_err();
        assert_eq!(error, "cargo metadata: `targets` is no list");
        let error = Workspace::parse(&METADATA.replace("\"dev\"", "\"odd\"")).unwrap_err();
        assert_eq!(error, "cargo metadata: unknown kind of dependency `odd`");
    }
}
