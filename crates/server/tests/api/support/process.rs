//! The real binary, in a process of its own.

use std::{
    net::SocketAddr,
    path::Path,
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use super::{api, database};

/// Longer than anything here takes; a test that hangs should say so.
const PATIENCE: Duration = Duration::from_secs(60);

/// `denizen` with these arguments, in this working directory, without any environment.
fn denizen(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_denizen"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    if let Some(url) = database::on_postgres(folder) {
        command.env("DENIZEN_DATABASE", url);
    }
    command
}

/// Runs it to its end.
pub async fn run(folder: &Path, arguments: &[&str]) -> Output {
    run_with(folder, arguments, &[]).await
}

/// The same with an environment.
pub async fn run_with(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let output = denizen(folder, arguments).envs(environment.iter().copied()).output();
    timeout(PATIENCE, output).await.expect("a process that ends").expect("a process that starts")
}

/// Runs it to its end, with this as its standard output.
pub async fn run_into(folder: &Path, arguments: &[&str], stdout: Stdio) -> Output {
    let mut command = denizen(folder, arguments);
    let child = command.stdout(stdout).stderr(Stdio::piped()).spawn().expect("a process that starts");
    let output = timeout(PATIENCE, child.wait_with_output()).await;
    output.expect("a process that ends").expect("what it said")
}

/// Runs it to its end, with this on its standard input.
pub async fn run_with_input(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = denizen(folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a process that starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // Whoever refuses the rest of the command line need not read it.
    let _unread = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = timeout(PATIENCE, child.wait_with_output()).await;
    output.expect("a process that ends").expect("what it said")
}

/// `denizen` by a shell script that may mount what no other process sees: `$0` is the program, `arguments` are `$1` and
/// so on. After a mount on the folder, the script has to enter it again (`cd "$PWD"`).
#[cfg(target_os = "linux")]
fn in_own_mounts(folder: &Path, script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_denizen")]);
    let path = std::env::var_os("PATH").expect("a path to find programs");
    command.args(arguments).current_dir(folder).env_clear().env("PATH", path).env("PWD", folder);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs such a script to its end.
#[cfg(target_os = "linux")]
pub async fn run_in_own_mounts(folder: &Path, script: &str, arguments: &[&str]) -> Output {
    let output = in_own_mounts(folder, script, arguments).output();
    timeout(PATIENCE, output).await.expect("a process that ends").expect("a process that starts")
}

/// A server. It is killed when it is dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    log: watch::Receiver<Vec<String>>,
    reading: watch::Sender<bool>,
}

impl Process {
    /// Starts it on a free port, and waits until it listens.
    pub async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// The same with more arguments.
    pub async fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        Self::listening(denizen(folder, &[&["--bind", "127.0.0.1:0"], arguments].concat())).await
    }

    /// The same in an environment.
    pub async fn start_in(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = denizen(folder, &["--bind", "127.0.0.1:0"]);
        command.envs(environment.iter().copied());
        Self::listening(command).await
    }

    /// On a disk that is full when a file has one mebibyte or two; shells disagree about the unit.
    pub async fn start_on_small_disk(folder: &Path) -> Self {
        Self::start_limited(folder, "ulimit -f 32768; ").await
    }

    /// Ready for a limit on the size of files.
    pub async fn start_ignoring_limits(folder: &Path) -> Self {
        Self::start_limited(folder, "").await
    }

    async fn start_limited(folder: &Path, limit: &str) -> Self {
        let mut command = Command::new("sh");
        // Without the trap the kernel would end the process, where a disk only fails the write.
        command.args(["-c", &format!("trap '' XFSZ; {limit}exec \"$0\" --bind 127.0.0.1:0")]);
        command.arg(env!("CARGO_BIN_EXE_denizen")).current_dir(folder).env_clear().kill_on_drop(true);
        Self::listening(command).await
    }

    /// By a script that may mount what no other process sees; see [`run_in_own_mounts`].
    #[cfg(target_os = "linux")]
    pub async fn start_in_own_mounts(folder: &Path, script: &str, arguments: &[&str]) -> Self {
        Self::listening(in_own_mounts(folder, script, arguments)).await
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id().expect("a process that runs")
    }

    /// Where a shell allows so many open files, such as `-n 512`.
    pub async fn start_with_files(folder: &Path, limit: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit {limit}; exec \"$0\" --bind 127.0.0.1:0")]);
        command.arg(env!("CARGO_BIN_EXE_denizen")).current_dir(folder).env_clear().kill_on_drop(true);
        Self::listening(command).await
    }

    async fn listening(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a process that starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let (sender, log) = watch::channel(Vec::new());
        let (reading, mut is_read) = watch::channel(true);
        tokio::spawn(async move {
            loop {
                // Also when the test has dropped its end.
                drop(is_read.wait_for(|is_read| *is_read).await);
                let line = tokio::select! {
                    line = lines.next_line() => line.expect("a log in UTF-8"),
                    Ok(()) = is_read.changed() => continue,
                };
                let Some(line) = line else { break };
                sender.send_modify(|log| log.push(line));
            }
        });
        let mut process = Self { address: ([127, 0, 0, 1], 0).into(), child, log, reading };
        let line = process.line_with(" listening on http://").await;
        let address = line.rsplit("http://").next().and_then(|address| address.parse().ok());
        process.address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        api::act_as_administrator(process.address).await;
        process
    }

    /// The last line of the log that contains `text`; waits for it.
    pub async fn line_with(&self, text: &str) -> String {
        let wanted = |line: &&String| line.contains(text);
        let mut log = self.log.clone();
        let found = log.wait_for(|log| log.iter().any(|line| wanted(&line)));
        match timeout(PATIENCE, found).await {
            Ok(Ok(log)) => log.iter().rfind(wanted).cloned().unwrap_or_default(),
            Ok(Err(_ended)) => panic!("the log ended without {text:?}: {:#?}", self.log()),
            Err(_late) => panic!("no {text:?} in the log: {:#?}", self.log()),
        }
    }

    /// The token in the newest mail to this address that the log shows.
    pub async fn token_for(&self, address: &str) -> String {
        let text = format!(" token for {address}: ");
        let line = self.line_with(&text).await;
        let token = line.rsplit(' ').next().unwrap_or_default().to_owned();
        assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
        token
    }

    /// What it has logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }

    /// Stops or goes on reading its log; one line may still be read.
    pub fn read_log(&self, read: bool) {
        self.reading.send_replace(read);
    }

    /// The most memory that it has had at a time, in bytes.
    #[cfg(target_os = "linux")]
    pub fn peak_memory(&self) -> u64 {
        let pid = self.id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kibibytes = line.trim().strip_suffix(" kB").and_then(|number| number.parse::<u64>().ok());
        kibibytes.unwrap_or_else(|| panic!("no number: {line}")) * 1024
    }

    /// How many files it may have open.
    #[cfg(target_os = "linux")]
    pub fn open_files(&self) -> u64 {
        let pid = self.child.id().expect("a process that runs");
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("its limits");
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a limit");
        let soft = line.split_whitespace().next().expect("a number");
        soft.parse().unwrap_or(u64::MAX)
    }

    /// Sends signals, such as `TERM`, right after each other.
    pub async fn signal(&self, names: &str) {
        let pid = self.id().to_string();
        let script = "for name in $0; do kill -s \"$name\" \"$1\" || exit; done";
        let kill = Command::new("sh").args(["-c", script, names, &pid]).status();
        assert!(kill.await.expect("a shell").success());
    }

    /// Sends this signal again and again until it ends; gives what it exited with.
    pub async fn signal_until_it_ends(&mut self, name: &str) -> ExitStatus {
        let again = Duration::from_millis(100);
        let ends = async {
            loop {
                self.signal(name).await;
                if let Ok(status) = timeout(again, self.child.wait()).await {
                    return status.expect("a process that ends");
                }
            }
        };
        timeout(PATIENCE, ends).await.expect("a process that ends")
    }

    /// Ends it as a power failure would, as far as the process can tell.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("a process that can be killed");
    }

    /// Waits for its end, without a look at its log.
    pub async fn exited(mut self) -> ExitStatus {
        let status = timeout(PATIENCE, self.child.wait()).await;
        status.expect("a process that ends").expect("its status")
    }

    /// Waits for its end; gives what it exited with and its whole log.
    pub async fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it does not end: {:#?}", self.log()));
        // The reader drops its end with the last line.
        let last = timeout(PATIENCE, self.log.wait_for(|_| false)).await.map(|end| end.is_err());
        assert_eq!(last, Ok(true), "the log goes on after the end");
        (status.expect("a process that ends"), self.log())
    }

    /// Asks it to stop, and demands that it does so cleanly. Gives its whole log.
    pub async fn stop(self) -> Vec<String> {
        self.signal("TERM").await;
        let (status, log) = self.ended().await;
        assert_eq!(status.code(), Some(0), "{log:#?}");
        log
    }
}
