//! The examples do what they say, and a reader who copies one of their folders can build it.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use super::{Context, shown};
use crate::process::{cargo, run as run_command};
use crate::workspace::Package;

/// How long an example may run, its build not counted.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// An example whose folder holds this file must print exactly that.
const EXPECTED: &str = "expected-output.txt";
/// How an example's manifest finds our crates, before and after it was copied.
const OUR_CRATES: &str = "path = \"../../crates/";

/// Builds every example and runs those that are programs.
pub fn run(context: &mut Context) -> Result<(), String> {
    let examples = context.workspace.examples();
    if examples.is_empty() {
        return Err("examples/: no package found, so this step proves nothing".to_owned());
    }
    for example in examples {
        let name = &example.name;
        context.cargo(&["build", "--quiet", "--locked", "-p", name])?;
        if example.has_binary {
            let report = run_one(context, example).map_err(|error| format!("example {name}: {error}"))?;
            println!("        {name}: {report}");
        } else {
            println!("        {name}: a library, built");
        }
    }
    Ok(())
}

fn run_one(context: &Context, example: &Package) -> Result<String, String> {
    // A file instead of a pipe, which nobody would empty while we wait.
    let path = context.scratch("example-output.txt");
    let failed = |error| format!("its output cannot be kept in {}: {error}", path.display());
    let output = File::create(&path).map_err(failed)?;
    let start = Instant::now();
    let mut child = cargo(&context.workspace.root, &["run", "--quiet", "--locked", "-p", &example.name])
        .stdin(Stdio::null())
        .stdout(output)
        .spawn()
        .map_err(|error| format!("did not start: {error}"))?;
    let status = wait_until(&mut child, start + TIME_LIMIT).map_err(|error| format!("was lost: {error}"))?;
    let printed = String::from_utf8_lossy(&fs::read(&path).map_err(failed)?).into_owned();
    let ended = match status {
        Some(status) if status.success() => format!("ended well in {}", shown(start.elapsed())),
        Some(status) => return Err(format!("ended with {status}; it printed:\n{printed}")),
        None => return Err(format!("ran for {} and was stopped; it printed:\n{printed}", shown(TIME_LIMIT))),
    };
    let expected = example.folder.join(EXPECTED);
    if !expected.exists() {
        return Ok(format!("{ended} (no {EXPECTED} to compare)"));
    }
    let expected =
        fs::read_to_string(&expected).map_err(|error| format!("{EXPECTED} cannot be read: {error}"))?;
    match first_difference(&expected, &printed) {
        None => Ok(format!("{ended} and printed what it should")),
        Some(difference) => Err(format!("{difference}\nall of its output:\n{printed}")),
    }
}

/// Waits for the child, but kills it at the deadline; then there is no status.
#[expect(
    clippy::disallowed_methods,
    reason = "std waits for a child for ever or not at all; a deadline needs a poll"
)]
fn wait_until(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Says where what was printed departs from what was expected, to the last line break.
fn first_difference(expected: &str, printed: &str) -> Option<String> {
    if expected == printed {
        return None;
    }
    let (mut wanted, mut found) = (expected.split_inclusive('\n'), printed.split_inclusive('\n'));
    let mut line = 1;
    loop {
        let (wanted, found) = (wanted.next(), found.next());
        if wanted != found {
            let show = |text: Option<&str>| text.map_or("nothing".to_owned(), |text| format!("{text:?}"));
            return Some(format!(
                "line {line} of {EXPECTED} is {}, but it printed {}",
                show(wanted),
                show(found)
            ));
        }
        line += 1;
    }
}

/// Copies each example out of the workspace and checks it there: it must inherit nothing.
pub fn check_copies(context: &mut Context) -> Result<(), String> {
    let root = &context.workspace.root;
    let (copies, builds) = (context.scratch("copied"), context.scratch("copied-out"));
    if copies.exists() {
        fs::remove_dir_all(&copies)
            .map_err(|error| format!("{}: cannot be emptied: {error}", copies.display()))?;
    }
    for example in context.workspace.examples() {
        let name = &example.name;
        let copy = copies.join(example.folder.file_name().unwrap_or(name.as_ref()));
        let failed = |error| format!("example {name}: cannot be copied: {error}");
        copy_folder(&example.folder, &copy).map_err(failed)?;
        let manifest = copy.join("Cargo.toml");
        let text = fs::read_to_string(&manifest).map_err(failed)?;
        let text = standing_alone(&text, root).map_err(|error| format!("example {name}: {error}"))?;
        fs::write(&manifest, text).map_err(failed)?;
        // Offline, cargo can only choose what is on this disk, which is what our lock file names.
        fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).map_err(failed)?;
        let mut command = cargo(&copy, &["check", "--quiet", "--offline"]);
        println!("        {name}, as {}", context.workspace.relative(&copy));
        run_command(command.env("CARGO_TARGET_DIR", &builds))
            .map_err(|error| format!("example {name}: {error}"))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if !entry.file_type()?.is_dir() {
            fs::copy(entry.path(), target)?;
        } else if entry.file_name() != "target" {
            copy_folder(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// The manifest with our crates at absolute paths and as a workspace of its own, because the copy lies below ours.
fn standing_alone(manifest: &str, root: &Path) -> Result<String, String> {
    let mut text = manifest.replace(OUR_CRATES, &format!("path = \"{}/crates/", root.display()));
    if let Some(line) = text.lines().find(|line| line.contains("path = \"..")) {
        return Err(format!(
            "`{line}` in its manifest leads out of its folder, and not to one of our crates"
        ));
    }
    if !text.lines().any(|line| line.trim() == "[workspace]") {
        text.push_str("\n[workspace]\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_copied_manifest_finds_our_crates_and_stands_alone() {
        let manifest = "[dependencies]\ndenizen-models = { path = \"../../crates/models\" }\n";
        let copied = "[dependencies]\ndenizen-models = { path = \"/w/crates/models\" }\n\n[workspace]\n";
        assert_eq!(standing_alone(manifest, Path::new("/w")).unwrap(), copied);
        assert_eq!(standing_alone(copied, Path::new("/w")).unwrap(), copied);
    }

    #[test]
    fn a_manifest_that_leads_elsewhere_is_refused() {
        let error = standing_alone("other = { path = \"../other\" }", Path::new("/w")).unwrap_err();
        assert!(
            error.starts_with("`other = { path = \"../other\" }` in its manifest leads out of its folder")
        );
    }

    #[test]
    fn output_is_compared_to_the_last_line_break() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(
            first_difference("a\nb\n", "a\nB\nc\n").unwrap(),
            "line 2 of expected-output.txt is \"b\\n\", but it printed \"B\\n\""
        );
        assert_eq!(
            first_difference("a\n", "a").unwrap(),
            "line 1 of expected-output.txt is \"a\\n\", but it printed \"a\""
        );
        assert_eq!(
            first_difference("a\n", "a\nb").unwrap(),
            "line 2 of expected-output.txt is nothing, but it printed \"b\""
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_stopped_at_the_deadline() {
        // `cat` waits for an input that stays open.
        let mut endless = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert_eq!(wait_until(&mut endless, Instant::now()).unwrap(), None);
        assert!(endless.try_wait().unwrap().is_some_and(|status| !status.success()));
    }

    #[test]
    fn a_program_that_ends_in_time_reports_its_status() {
        let mut quick = Command::new("false").spawn().unwrap();
        let status = wait_until(&mut quick, Instant::now() + TIME_LIMIT).unwrap();
        assert!(status.is_some_and(|status| !status.success()));
    }
}
