//! The pages in a real browser, and what a checker of accessibility says about them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Context;
use crate::process::{capture, cargo, run};

/// The checker, a tool of development: pinned by its hash, and no part of the product.
const AXE: &str = "axe-core@4.14.1";
const AXE_SHA256: &str = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745";

pub fn check(context: &mut Context) -> Result<(), String> {
    let folder = context.scratch("browser");
    let axe = folder.join("package/axe.min.js");
    if !axe.exists() {
        fetch_axe(&folder)?;
    }
    let screenshots = folder.join("screenshots");
    let arguments = ["test", "--workspace", "--locked", "--test", "browser"];
    let mut tests = cargo(&context.workspace.root, &arguments);
    tests.env("DENIZEN_TEST_AXE", axe).env("DENIZEN_TEST_SCREENSHOTS", &screenshots);
    run(&mut tests)?;
    println!("        screenshots in {}", screenshots.display());
    Ok(())
}

fn fetch_axe(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let archive = format!("{}.tgz", AXE.replace('@', "-"));
    run(Command::new("npm").args(["pack", "--silent", AXE]).current_dir(folder))?;
    let sum = capture(Command::new("sha256sum").arg(&archive).current_dir(folder))?;
    if sum.split_whitespace().next() != Some(AXE_SHA256) {
        return Err(format!("{archive} is not the one that is pinned: its SHA-256 is {sum}"));
    }
    run(Command::new("tar").args(["-xzf", &archive, "package/axe.min.js"]).current_dir(folder))
}
