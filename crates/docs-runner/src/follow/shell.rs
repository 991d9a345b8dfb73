//! The terminals of a page: a shell for its commands, and one in which a program goes on running.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::place::Place;

/// What a command printed, on both streams, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Output {
    pub text: String,
    pub status: i32,
}

/// One bash per page, so that variables live on.
pub struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

/// Begins the line behind a command's output. No program prints this character by chance.
const MARK: char = '\u{1e}';

impl Shell {
    pub fn start(place: &Place) -> Result<Self, String> {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-s", "--"]).arg(&place.command);
        place.furnish(&mut command);
        let (child, mut input, lines) = spawn(command)?;
        // Sourced, with an input of its own: a command that reads would otherwise swallow the next one.
        writeln!(input, "exec 2>&1").map_err(|error| format!("bash: {error}"))?;
        Ok(Self { child, input, lines })
    }

    pub fn run(&mut self, place: &Place, command: &str, limit: Duration) -> Result<Output, String> {
        fs::write(&place.command, format!("{command}\n"))
            .map_err(|error| format!("{}: {error}", place.command.display()))?;
        let line = format!(". \"$1\" </dev/null; printf '\\n{MARK}%d\\n' $?");
        writeln!(self.input, "{line}").map_err(|error| format!("the shell has ended: {error}"))?;
        let deadline = Instant::now() + limit;
        let mut text = String::new();
        loop {
            match next_line(&self.lines, deadline) {
                Next::Line(line) => match line.strip_prefix(MARK) {
                    Some(status) => {
                        let status = status.trim().parse().map_err(|_| format!("no status: {status}"))?;
                        // The newline before the mark is ours.
                        text.pop();
                        return Ok(Output { text, status });
                    }
                    None => text.push_str(&line),
                },
                Next::Late => {
                    kill_group(&self.child);
                    return Err(format!("did not end within {limit:?}; it printed:\n{text}"));
                }
                Next::Ended => return Err(format!("ended the shell; it printed:\n{text}")),
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        kill_group(&self.child);
        let _reaped = self.child.wait();
    }
}

/// A terminal that shows what its program prints.
pub struct Terminal {
    child: Child,
    /// While this is open, the program runs. So it ends with us, however we end.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Everything that it has shown so far.
    log: Vec<String>,
    /// How much of that a page has looked at.
    seen: usize,
}

/// Runs `$1` until its input ends, then interrupts it as Ctrl-C would, and kills it if it is still there after `$2`
/// seconds. What it has started itself ends with it. With job control, because a program in the background of a script would never see an interrupt.
const UNTIL_TOLD: &str = "set -m
bash --noprofile --norc -c \"$1\" </dev/null 2>&1 & job=$!
exec >/dev/null 2>&1
read -r _
kill -INT -- -$job
(sleep \"$2\"; kill -KILL -- -$job) & timer=$!
wait $job
kill -KILL -- -$job -$timer";

impl Terminal {
    /// Starts a program and waits until it listens. Gives its port.
    pub fn start(place: &Place, program: &str) -> Result<(Self, u16), String> {
        let mut command = Command::new("bash");
        let patience = place.limits.command.as_secs().to_string();
        command.args(["--noprofile", "--norc", "-c", UNTIL_TOLD, "bash", program, &patience]);
        place.furnish(&mut command);
        let ready = &place.config.server.ready;
        command.envs(&place.config.server.environment);
        let (child, input, lines) = spawn(command)?;
        let mut terminal = Self { child, input: Some(input), lines, log: Vec::new(), seen: 0 };
        let mut deadline = Instant::now() + place.limit(program);
        loop {
            let line = match next_line(&terminal.lines, deadline) {
                Next::Line(line) => line.trim_end().to_owned(),
                Next::Late => {
                    return Err(format!("did not say \"{ready}\" in time; it printed:\n{}", terminal.log()));
                }
                Next::Ended => return Err(format!("ended before it said \"{ready}\":\n{}", terminal.log())),
            };
            if line.trim_start().starts_with("Running `") {
                // Cargo has built; from here on it is the program that has to be quick.
                deadline = Instant::now() + place.limits.command;
            }
            let port = line
                .split_once(ready)
                .and_then(|(_, address)| address.trim_end_matches('/').rsplit(':').next()?.parse().ok());
            terminal.log.push(line);
            if let Some(port) = port {
                return Ok((terminal, port));
            }
        }
    }

    /// Looks for a line that fits, behind the one found before; waits for it.
    pub fn find(&mut self, limit: Duration, mut fits: impl FnMut(&str) -> bool) -> Result<(), String> {
        let deadline = Instant::now() + limit;
        let from = self.seen;
        loop {
            while let Some(line) = self.log.get(self.seen) {
                self.seen += 1;
                if fits(line) {
                    return Ok(());
                }
            }
            match next_line(&self.lines, deadline) {
                Next::Line(line) => self.log.push(line.trim_end().to_owned()),
                Next::Late | Next::Ended => {
                    let lines = self.log[from..].join("\n");
                    self.seen = from;
                    return Err(format!("the first terminal showed this instead:\n{lines}"));
                }
            }
        }
    }

    /// Everything that it has shown so far, without the hundreds of lines about packages that cargo has built.
    pub fn log(&self) -> String {
        let is_progress = |line: &str| {
            ["Compiling ", "Downloading ", "Downloaded "]
                .iter()
                .any(|word| line.trim_start().starts_with(word))
        };
        let lines: Vec<&str> =
            self.log.iter().map(String::as_str).filter(|line| !is_progress(line)).collect();
        lines.join("\n")
    }

    /// Presses Ctrl-C and waits for the end.
    pub fn stop(&mut self) {
        drop(self.input.take());
        let _reaped = self.child.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(mut command: Command) -> Result<(Child, ChildStdin, Receiver<String>), String> {
    // A group of its own, so that what it started can be ended with it.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    let failed = |error: io::Error| format!("bash did not start: {error}");
    let mut child = command.spawn().map_err(failed)?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (input, output) = pipes.ok_or_else(|| "bash has no pipes".to_owned())?;
    Ok((child, input, read_lines(output)))
}

fn read_lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            // Nobody listens any more when the page is done.
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}

enum Next {
    Line(String),
    Late,
    Ended,
}

fn next_line(lines: &Receiver<String>, deadline: Instant) -> Next {
    match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(line) => Next::Line(line),
        Err(mpsc::RecvTimeoutError::Timeout) => Next::Late,
        Err(mpsc::RecvTimeoutError::Disconnected) => Next::Ended,
    }
}

/// Ends a shell and everything that it started.
fn kill_group(leader: &Child) {
    let mut command = Command::new("bash");
    command.args(["-c", "kill -KILL -- -$0", &leader.id().to_string()]);
    // That it is gone already is no failure.
    let _gone = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests;
