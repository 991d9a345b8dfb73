//! The server that is measured.

use std::{
    fs,
    io::{self, BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use denizen_hashing::{Argon2Cost, Argon2Hasher};
use denizen_models::{Password, Secret};
use denizen_services::{
    Clock as _, Network, OsTokenSource, PasswordHasher as _, SystemClock,
    store::{UnitOfWork, WriteStore as _},
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::user_values;
use tempfile::TempDir;

use crate::Failure;

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

/// Production, with everything as it is by default but what counts requests by IP address, of which there is only one,
/// and attempts to sign in, among which are those that are told to come back.
const SETTINGS: &str = r#"
profile = "production"
bind = "127.0.0.1:0"
database = "sqlite://denizen.db"
public_url = "https://id.example.com"
mail = "file:mail"
mail_from = "accounts@example.com"
registration = "open"
rate_limit = 0
limit_login_per_account = "generous"
limit_login_per_ip = "generous"
limit_mail_per_ip = "generous"
limit_sign_up_per_ip = "generous"
"#;

/// The name of somebody who has an account.
pub fn known(number: usize) -> String {
    format!("known{number:06}")
}

/// As long, and the name of nobody.
pub fn unknown(number: usize) -> String {
    format!("other{number:06}")
}

/// A server on a database of its own. It ends when it is dropped.
pub struct Server {
    pub address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl Server {
    /// Starts the binary with so many people in its database, and waits until it listens.
    pub async fn start(binary: &Path, people: usize) -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        fs::write(folder.path().join("denizen.toml"), SETTINGS)?;
        enrol(&folder.path().join("denizen.db"), people).await?;
        let starts_not = |error| format!("{} does not start: {error}", binary.display());
        // The working directory is another one there.
        let mut process = Command::new(fs::canonicalize(binary).map_err(starts_not)?)
            .current_dir(folder.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(starts_not)?;
        let log = process.stderr.take().ok_or("there is no log to read")?;
        let mut server = Self { address: ([127, 0, 0, 1], 0).into(), process, _folder: folder };
        let mut log = BufReader::new(log);
        server.address = address_in(&mut log)?;
        // Somebody has to read the rest, or the server waits for it.
        thread::spawn(move || io::copy(&mut log, &mut io::sink()));
        Ok(server)
    }

    /// The most memory that the process has had at a time, in MiB, where the system tells it.
    pub fn peak_memory(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing left to do.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

fn address_in(log: &mut impl io::BufRead) -> Result<SocketAddr, Failure> {
    let mut lines = Vec::new();
    for line in log.lines() {
        let line = line?;
        if let Some((_, address)) = line.split_once(" listening on http://") {
            return Ok(address.parse()?);
        }
        lines.push(line);
    }
    Err(format!("the server ended before it listened: {}", lines.join("\n")).into())
}

/// All of them share one hash, which costs what any other does to compare with.
async fn enrol(database: &Path, people: usize) -> Result<(), Failure> {
    let hasher = Argon2Hasher::start(Argon2Cost::RECOMMENDED, 1, 1, Arc::new(OsTokenSource))?;
    let hash = hasher.hash(Network::SERVICE, Password::presented(&Secret::from(PASSWORD))).await?;
    let store = SqliteStore::open(SqliteOptions::new(database))?;
    let now = SystemClock.now();
    let person = |number| UnitOfWork::new().insert_user(user_values(&known(number)), Some(hash.clone()), now);
    for result in store.commit_batch((0..people).map(person).collect()).await {
        result?;
    }
    store.shutdown().await;
    Ok(())
}
