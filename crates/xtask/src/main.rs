//! Repository chores, as `cargo xtask COMMAND`.
//!
//! `cargo xtask test` is what CI runs, `cargo xtask layering` is the part of it that knows which crate may see which.
//! This crate depends on none of ours: it runs programs and reads files, so it builds in seconds and still works
//! when the product does not compile.
//!
//! A new command is a row of [`COMMANDS`].
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks on its standard streams"
)]

mod bench;
mod docs;
mod layering;
mod process;
mod test;
mod workspace;

use std::env;
use std::process::ExitCode;

/// Why a command did not succeed; decides the exit code.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense: exit code 2.
    Usage(String),
    /// The command ran and found something wrong: exit code 1.
    Failed(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

struct Command {
    name: &'static str,
    arguments: &'static str,
    summary: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        arguments: "[--no-setup] [--without NAMES]",
        summary: "everything CI checks, in its order; stops at the first failure",
        run: test::run,
    },
    Command {
        name: "layering",
        arguments: "",
        summary: "which crate may see which, and the rules about files",
        run: layering::run,
    },
    Command {
        name: "docs",
        arguments: "check | run [PAGE…] | bless [PAGE…]",
        summary: "the pages: check them, follow them, rewrite what they show",
        run: docs::command,
    },
    Command {
        name: "docs",
        arguments: "start GUIDE | compare | goto PAGE",
        summary: "for readers of a guide: begin it, see how far you are, go on from a page",
        run: docs::command,
    },
    Command {
        name: "bench",
        arguments: "[timing] [storm] [--help]",
        summary: "measure the released server on this machine",
        run: bench::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
        Err(Failure::Usage(message)) => {
            eprintln!("cargo xtask: {message}\n\n{}", help());
            ExitCode::from(2)
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<(), Failure> {
    let Some((name, rest)) = arguments.split_first() else {
        println!("{}", help());
        return Ok(());
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        println!("{}", help());
        return Ok(());
    }
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => Err(Failure::Usage(format!("unknown command `{name}`"))),
    }
}

fn help() -> String {
    let mut lines = vec!["Usage: cargo xtask COMMAND".to_owned(), String::new()];
    for Command { name, arguments, summary, .. } in COMMANDS {
        lines.push(format!("  {:<36} {summary}", format!("{name} {arguments}")));
    }
    lines.push(String::new());
    lines.push(format!("  {:<36} {}", "--no-setup", "install nothing; stop with the command to type"));
    let names = test::known_names().join(", ");
    lines.push(format!("  {:<36} leave these out (comma separated): {names}", "--without NAMES"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_help_lists_every_command() {
        let help = help();
        assert!(COMMANDS.iter().all(|command| help.contains(command.name) && help.contains(command.summary)));
    }

    #[test]
    fn an_unknown_command_is_a_usage_error_that_names_it() {
        let Err(Failure::Usage(message)) = dispatch(&words("tset --no-setup")) else {
            panic!("it was accepted")
        };
        assert_eq!(message, "unknown command `tset`");
    }

    #[test]
    fn no_command_and_help_are_no_errors() {
        assert!(dispatch(&[]).is_ok());
        assert!(dispatch(&words("--help")).is_ok());
    }
}
