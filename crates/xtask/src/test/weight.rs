//! What a program that embeds the services has to compile: neither a web server nor a database nor a mail library.

use std::collections::BTreeSet;
use std::fs;

use super::Context;
use crate::layering::rules::HEAVY;
use crate::process::{capture, cargo};

/// What only comes with a feature that is off by default: the demonstrations count in decimals.
const OPTIONAL: &[&str] = &["bigdecimal"];

/// Sets up an empty program that depends on the library and reads its tree. Not the tree of the workspace, where the
/// features that other crates ask for come in as well.
pub fn check(context: &mut Context) -> Result<(), String> {
    let root = &context.workspace.root;
    let folder = context.scratch("weight");
    let manifest = format!(
        "[package]\nname = \"weight\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         denizen-models = {{ path = '{0}/crates/models' }}\ndenizen-services = {{ path = '{0}/crates/services' }}\n",
        root.display()
    );
    let failed = |error| format!("{}: cannot be set up: {error}", folder.display());
    fs::create_dir_all(folder.join("src")).map_err(failed)?;
    fs::write(folder.join("Cargo.toml"), manifest).map_err(failed)?;
    fs::write(folder.join("src/lib.rs"), "").map_err(failed)?;
    // Offline, cargo can only choose what is on this disk, which is what our lock file names.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).map_err(failed)?;
    let arguments =
        ["tree", "--offline", "-e", "normal", "--target", "all", "--prefix", "none", "--format", "{p}"];
    let count = weigh(&capture(&mut cargo(&folder, &arguments))?)?;
    println!("        the library brings {count} crates, none of them heavy");
    Ok(())
}

/// Counts the crates of a tree that `cargo tree --prefix none` printed, itself excluded, and refuses heavy ones.
fn weigh(tree: &str) -> Result<usize, String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    if !names.contains("denizen-services") {
        return Err(
            "the tree of the library does not hold denizen-services, so this check proves nothing".to_owned()
        );
    }
    let outsiders = || HEAVY.iter().copied().flatten();
    let is_optional = |name| OPTIONAL.contains(&name);
    let heavy: Vec<_> = names
        .iter()
        .copied()
        .filter(|name| is_optional(*name) || outsiders().any(|outsider| outsider.matches(name)))
        .collect();
    if heavy.is_empty() {
        return Ok(names.len() - 1);
    }
    Err(format!(
        "a program that depends on denizen-models and denizen-services would compile {}; find out why with \
         `cargo tree -e normal -p denizen-services -i {}`",
        heavy.join(", "),
        heavy[0]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "weight v0.0.0 (/w/target/weight)\ndenizen-services v0.1.0 (/w/crates/services)\n\
                        tokio v1.54.1\ntokio v1.54.1 (*)\n";

    #[test]
    fn a_light_tree_is_counted_without_the_program_itself_and_without_repetitions() {
        assert_eq!(weigh(TREE), Ok(2));
    }

    #[test]
    fn a_web_server_a_driver_and_a_mail_library_are_heavy() {
        for name in ["actix-web", "actix-rt", "rusqlite", "libsqlite3-sys", "lettre", "bigdecimal"] {
            let error = weigh(&format!("{TREE}{name} v1.0.0\n")).unwrap_err();
            assert!(error.contains(&format!("would compile {name};")), "{error}");
        }
    }

    #[test]
    fn a_tree_of_something_else_proves_nothing() {
        assert!(
            weigh("weight v0.0.0\ntokio v1.54.1\n").unwrap_err().ends_with("so this check proves nothing")
        );
    }
}
