//! The systemd unit that the pages recommend: systemd reads every line of it, and rates it well.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Context;
use crate::process::run;

const UNIT: &str = "deploy/denizen.service";
/// The worst rating that passes, in tenths: 2.0 of 10, where 10 is a service that is not confined at all.
const MOST_EXPOSURE: &str = "--threshold=20";

pub fn check(context: &mut Context) -> Result<(), String> {
    let path = context.workspace.root.join(UNIT);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let folder = context.scratch("unit");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    check_text(&text, &folder)
}

fn check_text(text: &str, folder: &Path) -> Result<(), String> {
    let copy = folder.join("denizen.service");
    // systemd wants the program to be there, and it is not installed here.
    let text = text.replace("/usr/local/bin/denizen", "/bin/sh");
    fs::write(&copy, text).map_err(|error| format!("{}: {error}", copy.display()))?;
    let analyze = || Command::new("systemd-analyze");
    let verified = analyze().args(["verify", "--man=no"]).arg(&copy).output();
    let verified = verified.map_err(|error| format!("systemd-analyze did not start: {error}"))?;
    // It only warns of what it does not know.
    if !verified.status.success() || !verified.stderr.is_empty() {
        return Err(format!("{UNIT}: {}", String::from_utf8_lossy(&verified.stderr)));
    }
    let mut rate = analyze();
    rate.args(["security", "--offline=yes", "--no-pager", MOST_EXPOSURE]).arg(&copy).stdout(Stdio::null());
    run(&mut rate).map_err(|error| format!("{UNIT} is not confined enough: {error}"))
}
