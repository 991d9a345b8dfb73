//! The `denizen` binary.

use std::{
    fmt::Display,
    io::{self, Write as _},
    process::{self, ExitCode},
    time::Duration,
};

use clap::Parser as _;
use denizen_models::text;
use denizen_server::{
    Application, Overrides,
    cli::{Cli, Command},
    config::{Config, Report, Settings},
    flush_log, start_logging, write_message,
};
use tokio::{
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    time::Instant,
};

/// The exit code of a wrong command line or configuration; clap uses the same.
const USAGE: u8 = 2;
/// The exit code of a program that Ctrl-C ended, in every shell: 128 and the number of SIGINT.
const STOPPED_AT_ONCE: i32 = 130;
/// Signals within this time are one: `timeout` and some shells signal the process and its group.
const ONE_SIGNAL: Duration = Duration::from_secs(1);
/// How long the last lines of the log may take to be written at the end, and after a second signal.
const LAST_LINES: Duration = Duration::from_secs(1);
const LAST_LINES_AT_ONCE: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let code = match Runtime::new() {
        Ok(runtime) => {
            let (Ok(code) | Err(code)) = runtime.block_on(run());
            // Without waiting for blocking work that was given up, such as the look-up of a mail server's name.
            runtime.shutdown_background();
            code
        }
        Err(error) => fail(&format_args!("cannot start threads: {error}")),
    };
    flush_log(LAST_LINES);
    code
}

/// Returns the exit code, as an error if something was refused or failed and that has been said.
async fn run() -> Result<ExitCode, ExitCode> {
    let cli = Cli::try_parse().map_err(|message| {
        let code = u8::try_from(message.exit_code()).unwrap_or(USAGE);
        written(message.print(), ExitCode::from(code))
    })?;
    let settings = cli.settings(std::env::vars_os());
    match cli.chosen() {
        Command::Config(command) => Ok(show(&command.run(&settings))),
        Command::Api(command) => Ok(show(&command.run())),
        Command::Operate(command) => {
            let report = command.run(&configure(&settings)?).await;
            flush_log(LAST_LINES);
            Ok(show(&report))
        }
        Command::Serve { create_database } => serve(configure(&settings)?, create_database).await,
    }
}

/// The configuration, with the log that it wants.
fn configure(settings: &Settings) -> Result<Config, ExitCode> {
    let config = Config::from_settings(settings).map_err(|problems| {
        complain(&problems);
        ExitCode::from(USAGE)
    })?;
    start_logging(&config.log).map_err(|error| fail(&format_args!("cannot start the log: {error}")))?;
    Ok(config)
}

fn show(report: &Report) -> ExitCode {
    let out = io::stdout()
        .write_all(text::escaped_lines(&report.stdout).as_bytes())
        .and_then(|()| io::stdout().flush());
    let err = io::stderr().write_all(text::escaped_lines(&report.stderr).as_bytes());
    written(err, written(out, ExitCode::from(report.exit_code)))
}

/// Returns `code`, or a failure if the output was lost. A closed pipe (`denizen config print | head`) is not an error.
fn written(result: io::Result<()>, code: ExitCode) -> ExitCode {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(&format_args!("cannot write the output: {error}"))
        }
        _ => code,
    }
}

async fn serve(config: Config, create_database: bool) -> Result<ExitCode, ExitCode> {
    // Before anything is there to be stopped: until then, a signal would end the process on the spot.
    let stop = stop_signal().map_err(|error| fail(&format_args!("cannot wait for signals: {error}")))?;
    let overrides = Overrides { create_database, ..Overrides::default() };
    let application = Application::build_with(config, overrides).await.map_err(|error| fail(&error))?;
    application.run_until(stop).await.map_err(|error| fail(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// Ready when the process is asked to stop, by Ctrl-C or by a service manager. A second signal, at least a second later,
/// ends the process without waiting for running requests; nothing acknowledged is lost by that, see the store's contract.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            log::info!("SIGHUP is ignored: settings are read when the server starts");
        }
    });
    let mut next = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    Ok(async move {
        next().await;
        let first = Instant::now();
        tokio::spawn(async move {
            while first.elapsed() < ONE_SIGNAL {
                next().await;
            }
            complain(&"stopped at once: asked twice");
            flush_log(LAST_LINES_AT_ONCE);
            process::exit(STOPPED_AT_ONCE);
        });
    })
}

fn fail(what: &dyn Display) -> ExitCode {
    complain(what);
    ExitCode::FAILURE
}

/// To standard error and not to the log: a filter must not hide why nothing runs.
fn complain(what: &dyn Display) {
    write_message(&format!("denizen: {}", text::escaped_lines(&what.to_string())));
}
