//! Running other programs.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// The cargo that runs us, so that `cargo +TOOLCHAIN xtask …` stays on one toolchain.
pub fn cargo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(folder);
    command
}

/// Announces the command and runs it on our standard streams.
pub fn run(command: &mut Command) -> Result<(), String> {
    let line = shown(command);
    println!("        $ {line}");
    let status = command.status().map_err(|error| format!("`{line}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

/// Runs the command and returns what it printed on its standard output; its errors go to ours.
pub fn capture(command: &mut Command) -> Result<String, String> {
    let line = shown(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{line}` did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{line}` ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{line}` printed something that is not UTF-8"))
}

/// Whether the command exists and succeeds; silent.
pub fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command as somebody would type it: `cargo`, not the path that rustup put into `CARGO`.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words: Vec<_> = [program].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_somebody_would_type_it() {
        assert_eq!(shown(&cargo(Path::new("/"), &["fmt", "--all"])), "cargo fmt --all");
    }

    #[test]
    fn what_a_command_prints_is_captured_and_a_failure_names_it() {
        let root = Path::new("/");
        assert!(capture(&mut cargo(root, &["--version"])).unwrap().starts_with("cargo "));
        let error = capture(&mut cargo(root, &["no-such-command"])).unwrap_err();
        assert!(error.starts_with("`cargo no-such-command` ended with "), "{error}");
        let error = capture(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.starts_with("`no-such-program` did not start: "), "{error}");
    }
}
