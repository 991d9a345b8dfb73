//! The command behind `cargo xtask bench`; what it measures is told in the library's documentation.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks on its standard streams"
)]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use denizen_bench::{
    Failure,
    storm::{self, Plan},
    timing::{self, QUESTIONS, Row},
};

/// Measures a server of its own on this machine.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Cli {
    /// What to measure; all of it if nothing is named.
    names: Vec<Name>,
    /// The server's binary.
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    /// timing: how often each question is asked of each of the two.
    #[arg(long, value_name = "COUNT", default_value_t = 500, value_parser = 1..=10_000)]
    requests: i64,
    /// storm: how many sign in.
    #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = 1..=1_000)]
    clients: i64,
    /// storm: for how long.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = 1..=300)]
    seconds: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Timing,
    Storm,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<(), Failure> {
    let wanted = |name| cli.names.is_empty() || cli.names.contains(&name);
    if wanted(Name::Timing) {
        println!("\ntiming\n{}", Row::HEAD);
        for row in timing::measure(&cli.server, QUESTIONS, usize::try_from(cli.requests)?).await? {
            println!("{row}");
        }
    }
    if wanted(Name::Storm) {
        let plan = Plan {
            clients: usize::try_from(cli.clients)?,
            length: Duration::from_secs(u64::try_from(cli.seconds)?),
        };
        println!("\nstorm\n{}", storm::measure(&cli.server, plan).await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        let cli = parse("bench --server denizen storm --clients 3").unwrap_or_else(|error| panic!("{error}"));
        assert!(cli.names == [Name::Storm] && cli.clients == 3);
        assert!(parse("bench storm").is_err(), "no server");
        assert!(parse("bench --server denizen --seconds 0").is_err());
    }
}
