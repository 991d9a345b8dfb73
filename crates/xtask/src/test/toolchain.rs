//! Which Rust runs the checks, and therefore how strict they are.

use std::process::Command;

use super::Context;
use crate::process::capture;

/// Warnings are errors on the Rust minor that CI uses, which is the `rust-version` of the workspace. A newer compiler
/// knows lints that nobody has seen here yet; they must not stop a contributor.
pub fn check(context: &mut Context) -> Result<(), String> {
    // Inherited from `workspace.package`, like that of every crate of ours.
    let declared = context.workspace.member("xtask").and_then(|package| package.rust_version.as_deref());
    let declared = declared.ok_or("crates/xtask/Cargo.toml: `rust-version.workspace = true` is missing")?;
    let here = capture(Command::new("rustc").arg("--version").current_dir(&context.workspace.root))?;
    context.deny_warnings = is_that_of_ci(declared, here.trim())?;
    let warnings = if context.deny_warnings {
        "as in CI: warnings are errors".to_owned()
    } else {
        format!("CI uses {declared}: warnings are only messages here")
    };
    println!("        {}; {warnings}", here.trim());
    Ok(())
}

fn is_that_of_ci(declared: &str, here: &str) -> Result<bool, String> {
    let wanted = minor(declared).ok_or_else(|| format!("`rust-version = \"{declared}\"` is no version"))?;
    let found = here.split(' ').nth(1).and_then(minor).ok_or_else(|| format!("`{here}` holds no version"))?;
    if found < wanted {
        return Err(format!(
            "{here} is too old: install Rust {declared} or newer, with rustup: `rustup update stable`"
        ));
    }
    Ok(found == wanted)
}

fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_patch_of_the_minor_is_that_of_ci_and_a_newer_minor_is_not() {
        assert_eq!(is_that_of_ci("1.95", "rustc 1.95.0 (59807616e 2026-04-14)"), Ok(true));
        assert_eq!(is_that_of_ci("1.95.1", "rustc 1.95.3"), Ok(true));
        assert_eq!(is_that_of_ci("1.95", "rustc 1.100.0-nightly (0123456 2026-12-24)"), Ok(false));
    }

    #[test]
    fn an_older_minor_is_refused_with_what_to_do() {
        let error = is_that_of_ci("1.95", "rustc 1.94.1").unwrap_err();
        assert_eq!(
            error,
            "rustc 1.94.1 is too old: install Rust 1.95 or newer, with rustup: `rustup update stable`"
        );
    }

    #[test]
    fn nonsense_is_an_error() {
        assert_eq!(
            is_that_of_ci("stable", "rustc 1.95.0").unwrap_err(),
            "`rust-version = \"stable\"` is no version"
        );
        assert_eq!(is_that_of_ci("1.95", "rustc").unwrap_err(), "`rustc` holds no version");
    }
}
