//! The command line of the engine.
#![expect(clippy::print_stderr, reason = "a command line tool talks on its standard streams")]

use std::env;
use std::process::ExitCode;

use docs_runner::Failure;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match docs_runner::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
        Err(Failure::Usage(message)) => {
            eprintln!("{}: {message}", docs_runner::COMMAND);
            ExitCode::from(2)
        }
    }
}
