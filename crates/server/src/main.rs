//! The `denizen` binary.

use std::{
    io::{self, Write as _},
    process::{self, ExitCode},
};

use clap::Parser as _;
use denizen_models::text;
use denizen_server::{
    Application,
    cli::{Cli, Command},
    config::{Config, Report, Settings},
    start_logging,
};
use tokio::signal::unix::{SignalKind, signal};

/// The exit code of a wrong command line or configuration; clap uses the same.
const USAGE: u8 = 2;
/// The exit code of a program that Ctrl-C ended, in every shell: 128 and the number of SIGINT.
const STOPPED_AT_ONCE: i32 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = cli.settings(std::env::vars_os());
    match cli.chosen() {
        Command::Config(command) => show(&command.run(&settings)),
        Command::Operate(command) => match configure(&settings) {
            Ok(config) => show(&command.run(&config).await),
            Err(code) => code,
        },
        Command::Serve => match configure(&settings) {
            Ok(config) => serve(config).await,
            Err(code) => code,
        },
    }
}

/// The configuration, with the log that it wants.
fn configure(settings: &Settings) -> Result<Config, ExitCode> {
    let config = Config::from_settings(settings).map_err(|problems| {
        complain(&problems);
        ExitCode::from(USAGE)
    })?;
    start_logging(&config.log);
    Ok(config)
}

fn show(report: &Report) -> ExitCode {
    // A closed pipe (`denizen config print | head`) is not an error.
    let _closed = io::stdout().write_all(text::escaped_lines(&report.stdout).as_bytes());
    let _closed = io::stderr().write_all(text::escaped_lines(&report.stderr).as_bytes());
    ExitCode::from(report.exit_code)
}

async fn serve(config: Config) -> ExitCode {
    // Before anything is there to be stopped: until then, a signal would end the process on the spot.
    let stop = match stop_signal() {
        Ok(stop) => stop,
        Err(error) => {
            complain(&format_args!("cannot wait for signals: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let application = match Application::build(config).await {
        Ok(application) => application,
        Err(error) => {
            complain(&error);
            return ExitCode::FAILURE;
        }
    };
    match application.run_until(stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// Ready when the process is asked to stop, by Ctrl-C or by a service manager. A second signal ends the process
/// without waiting for running requests; nothing acknowledged is lost by that, see the store's contract.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            complain(&"stopped at once: asked twice");
            process::exit(STOPPED_AT_ONCE);
        });
    })
}

/// To standard error and not to the log: a filter must not hide why nothing runs.
fn complain(what: &dyn std::fmt::Display) {
    let _closed = writeln!(io::stderr(), "denizen: {}", text::escaped_lines(&what.to_string()));
}
