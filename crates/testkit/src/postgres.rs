//! Throw-away PostgreSQL, for tests of stores and servers.
//!
//! A test binary starts one [`Cluster`] of its own, with the programs of the package `postgresql`, and makes a [`Database`]
//! for each test. The cluster ends with the process, also if that is killed: a shell holds the other end of a pipe.
//! It listens on a Unix socket in its own folder only. Nothing is synced to the disk.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::must;

/// Runs the server until its input ends, and removes its folder. A line `restart` restarts it without a proper end, `stop`
/// stops it in the same way and `start` starts it.
const SCRIPT: &str = include_str!("postgres/cluster.sh");

/// A server with a folder of its own.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    control: Mutex<(ChildStdin, Box<dyn Iterator<Item = String> + Send>)>,
    template: OnceLock<()>,
    next: AtomicU32,
    /// Ends when its input is closed, which is with this process.
    _shell: Child,
}

impl Cluster {
    /// Returns the cluster of this process, started when it is asked for first. `prepare` is given the URL of a database, of
    /// which those of [`Self::database`] are copies, and must close it.
    ///
    /// # Panics
    /// If PostgreSQL is not installed or does not start: a test that needs it must not be skipped in silence.
    pub fn shared(prepare: impl FnOnce(&str)) -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        let cluster = CLUSTER.get_or_init(Self::start);
        cluster.template.get_or_init(|| {
            cluster.psql("postgres", "CREATE DATABASE template");
            prepare(&cluster.url("template"));
        });
        cluster
    }

    /// Starts a cluster, with an empty template.
    ///
    /// # Panics
    /// As [`Self::shared`].
    pub fn start() -> Self {
        let programs = programs();
        let mut command = if is_root() {
            // PostgreSQL refuses to run as root.
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let shell = command.args(["-c", SCRIPT, "sh"]).arg(&programs).current_dir(env::temp_dir());
        let mut shell = must(shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn());
        let input = must(shell.stdin.take().ok_or("no input"));
        let output = must(shell.stdout.take().ok_or("no output"));
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let folder = must(lines.next().ok_or("PostgreSQL did not start")).into();
        let cluster = Self {
            folder,
            programs,
            control: Mutex::new((input, Box::new(lines))),
            template: OnceLock::new(),
            next: AtomicU32::new(0),
            _shell: shell,
        };
        cluster.await_ready();
        cluster
    }

    fn await_ready(&self) {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let line = control.1.next();
        assert_eq!(line.as_deref(), Some("ready"), "PostgreSQL did not start");
    }

    fn say(&self, word: &str) {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        must(writeln!(control.0, "{word}"));
    }

    /// Ends the server as a crash would, and starts it again. Returns when it accepts connections.
    pub fn restart(&self) {
        self.say("restart");
        self.await_ready();
    }

    /// Ends the server as a crash would. Returns when it is gone.
    pub fn stop(&self) {
        self.say("stop");
        self.await_ready();
    }

    /// Starts the server after [`Self::stop`].
    pub fn start_again(&self) {
        self.say("start");
        self.await_ready();
    }

    /// Makes a database of its own for a test.
    pub fn database(&'static self) -> Database {
        self.copy(if self.template.get().is_some() { "template" } else { "template0" }, "")
    }

    /// Makes a database without tables, with these options of `CREATE DATABASE`.
    pub fn empty_database(&'static self, options: &str) -> Database {
        self.copy("template0", options)
    }

    fn copy(&'static self, template: &str, options: &str) -> Database {
        let name = format!("test_{}", self.next.fetch_add(1, Ordering::Relaxed));
        self.psql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template} {options}"));
        Database { cluster: self, name }
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://denizen@{folder}/{database}")
    }

    /// Runs SQL by hand, and returns what it gives: a line for each row, with `|` between columns.
    fn psql(&self, database: &str, sql: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "--no-psqlrc",
                "--quiet",
                "--tuples-only",
                "--no-align",
                "--set=ON_ERROR_STOP=1",
                "--username=denizen",
            ])
            .arg(format!("--host={}", self.folder.display()))
            .args(["--dbname", database, "--command", sql])
            .output();
        let output = must(output);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

/// A database of a test, removed when it is dropped.
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// Returns the URL, as `denizen --database` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Runs SQL by hand, and returns what it gives: a line for each row, with `|` between columns.
    ///
    /// # Panics
    /// If it fails.
    #[must_use]
    pub fn sql(&self, sql: &str) -> String {
        self.cluster.psql(&self.name, sql)
    }

    /// Returns the server that it is on.
    #[must_use]
    pub const fn cluster(&self) -> &'static Cluster {
        self.cluster
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // After a failed test the server may be gone; its failure is the one to be read.
        if !std::thread::panicking() {
            self.cluster.psql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// Returns the folder of the newest programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| Some((version(&entry.path())?, entry.path().join("bin")))).max();
    let on_path = || env::split_paths(&env::var_os("PATH")?).find(|folder| folder.join("initdb").is_file());
    let folder = newest.map(|(_, folder)| folder).or_else(on_path);
    must(folder.ok_or("PostgreSQL is not installed: `apt-get install postgresql`, or its equivalent"))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
