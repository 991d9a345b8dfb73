//! `cargo xtask layering`: the rules of the house that the compiler does not know.
//!
//! Every rule is a pure function from what was read to the violations found, one sentence each: which crate or file,
//! which rule, what to do. A rule that bans a name also checks that the name still occurs where it belongs; otherwise
//! renaming a crate or a module would switch the rule off without a word.

mod edges;
mod files;
mod lints;
mod reach;
pub mod rules;
mod source;
#[cfg(test)]
mod testing;
mod tokens;

use crate::Failure;
use crate::workspace::Workspace;

/// The command.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(argument) = arguments.first() {
        return Err(Failure::Usage(format!("layering takes no arguments, but got `{argument}`")));
    }
    Ok(check(&Workspace::load()?)?)
}

/// Checks all rules; the error holds one violation per line.
pub fn check(workspace: &Workspace) -> Result<(), String> {
    let files = files::rust_files(workspace)?;
    let mut violations = edges::violations(workspace);
    violations.extend(reach::violations(workspace));
    violations.extend(files::too_long(&files));
    violations.extend(source::violations(workspace, &files));
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
