//! Six faults of the disk under a running server: what the clients see, what `/readyz` says, and how it recovers.
//!
//! The full disk is a small volume that is mounted for the server alone, failing writes are a limit on the size of files, and
//! damaged, missing and replaced files are just that. Only failing reads are simulated: by a library that the server loads
//! before that of the system, because no real disk can be told to fail.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rlimit::{INFINITY, Resource, prlimit};
use rusqlite::Connection as Database;
use serde_json::json;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::sleep};

use super::crash::check_integrity;
use crate::support::{
    api::{self, user, with},
    http::{Connection, Request},
    process::Process,
};

/// What the fault table promises.
const LATEST: Duration = Duration::from_secs(5);

/// A server, and everything that it said it has done.
struct Story {
    process: Process,
    /// Where its database is, also if only the server sees that volume.
    folder: PathBuf,
    acknowledged: BTreeMap<u64, String>,
    refused: usize,
}

impl Story {
    fn of(process: Process, folder: PathBuf) -> Self {
        Self { process, folder, acknowledged: BTreeMap::new(), refused: 0 }
    }

    /// With twenty users, all of whom are in the database file.
    async fn begin(folder: &Path, start: impl AsyncFn() -> Process) -> Self {
        // Without mails, which would be written about at a time of their own.
        fs::write(folder.join("denizen.toml"), "registration = \"closed\"").unwrap();
        let mut story = Self::of(start().await, folder.to_owned());
        story.create_some(20, 0).await;
        story.stop_and(start).await
    }

    /// The same after a restart.
    async fn stop_and(self, start: impl AsyncFn() -> Process) -> Self {
        let Self { process, folder, acknowledged, refused } = self;
        process.stop().await;
        let story = Self { process: start().await, folder, acknowledged, refused };
        story.becomes(200, "1").await;
        story
    }

    /// Asks for so many users, so many of whom must be refused.
    async fn create_some(&mut self, count: usize, refused: usize) {
        let before = self.refused;
        for number in 0..count {
            let name = format!("user_{number}_{}", self.acknowledged.len());
            self.create(&name).await;
        }
        assert_eq!(self.refused - before, refused);
    }

    /// Asks for a user; a refusal is a 503 or, for damage, a 500.
    async fn create(&mut self, name: &str) {
        let answer = api::create(self.process.address, &user(name)).await;
        if answer.status == 201 {
            let id = answer.succeeded(201)["data"]["id"].as_u64().unwrap();
            self.acknowledged.insert(id, name.to_owned());
        } else {
            assert!([500, 503].contains(&answer.status), "{answer:?}");
            self.refused += 1;
        }
    }

    /// Waits until `/readyz` has this status; the metrics then tell the same.
    async fn becomes(&self, status: u16, gauge: &str) {
        let begun = Instant::now();
        let ask = async |path: &str| Request::get(path).anonymous().send(self.process.address).await;
        while ask("/readyz").await.status != status {
            assert!(begun.elapsed() < LATEST, "{status} is late: {:#?}", self.process.log());
            sleep(Duration::from_millis(100)).await;
        }
        let metrics = ask("/metrics").await.text();
        assert!(metrics.contains(&format!("\ndenizen_ready{{part=\"store\"}} {gauge}\n")), "{metrics}");
        ask("/livez").await.succeeded(200);
    }

    async fn becomes_red(&self) {
        self.becomes(503, "0").await;
    }

    /// The fault is over: it recovers without hands, and everything that it said it has done is done, also after a restart.
    async fn recovers(mut self) {
        self.becomes(200, "1").await;
        self.create_some(5, 0).await;
        self.all_are_there().await;
        self.process.line_with(" the store is ready again").await;
        let folder = self.folder.clone();
        let again = self.stop_and(async || Process::start(&folder).await).await;
        again.all_are_there().await;
        again.process.stop().await;
        check_integrity(&folder);
    }

    async fn all_are_there(&self) {
        let mut connection = Connection::open(self.process.address).await.unwrap();
        for (id, name) in &self.acknowledged {
            let ask = Request::get(&format!("/api/users/{id}"));
            let found = connection.send(&ask).await.unwrap().succeeded(200);
            assert_eq!(found["data"]["username"], **name);
        }
    }

    /// What a crash would leave is whole, and everything that it said it has done is in it: for a volume that is gone with
    /// the server.
    async fn survives_a_crash(&self) {
        let copy = TempDir::new().unwrap();
        self.process.signal("STOP").await;
        for name in ["denizen.db", "denizen.db-wal"] {
            fs::copy(self.file(name), copy.path().join(name)).unwrap();
        }
        self.process.signal("CONT").await;
        let process = Process::start(copy.path()).await;
        check_integrity(copy.path());
        let (folder, acknowledged) = (copy.path().to_owned(), self.acknowledged.clone());
        let restarted = Self { process, folder, acknowledged, refused: 0 };
        restarted.all_are_there().await;
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Takes all room that is left in this folder.
fn fill_up(folder: &Path) -> PathBuf {
    let path = folder.join("ballast");
    let mut ballast = fs::File::create(&path).unwrap();
    for size in [1 << 20, 4096, 1] {
        while ballast.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

/// A server on a volume of 48 MiB of its own, and the folder as seen from here.
async fn on_small_volume(folder: &Path) -> (Process, PathBuf) {
    let script = "mount -t tmpfs -o size=48m tmpfs \"$PWD\" && cd \"$PWD\" && exec \"$0\" --bind 127.0.0.1:0";
    let process = Process::start_in_own_mounts(folder, script, &[]).await;
    let seen = PathBuf::from(format!("/proc/{}/root{}", process.id(), folder.display()));
    (process, seen)
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn a_disk_that_others_fill_makes_the_server_unready_until_there_is_room() {
    let folder = TempDir::new().unwrap();
    let (process, seen) = on_small_volume(folder.path()).await;
    let mut story = Story::of(process, seen);
    story.create_some(20, 0).await;
    story.becomes(200, "1").await;

    let ballast = fill_up(&story.folder);
    story.becomes_red().await;
    story.create_some(10, 10).await;
    story.all_are_there().await;
    story.process.line_with(" the disk is almost full (0 MiB are free): new users, ").await;

    fs::remove_file(ballast).unwrap();
    story.becomes(200, "1").await;
    story.create_some(5, 0).await;
    story.all_are_there().await;
    story.survives_a_crash().await;
    story.process.line_with(" the disk has room again: ").await;
    story.process.stop().await;
}

/// Users with all that one may say of oneself, by several clients, until ten of them are refused.
async fn fill_with_users(story: &mut Story) {
    let large = json!({"profile": {"bio": "x".repeat(1000)}});
    let mut clients = JoinSet::new();
    for client in 0..16 {
        let (at, large) = (story.process.address, large.clone());
        clients.spawn(async move {
            let mut connection = Connection::open(at).await.unwrap();
            let mut created = Vec::new();
            for number in 0.. {
                let name = format!("user_{client}_{number}");
                let request = Request::post("/api/users").json(&with(user(&name), large.clone()));
                let answer = connection.send(&request).await.unwrap();
                if answer.status != 201 {
                    answer.refused(503, "SERVICE_UNAVAILABLE");
                    break;
                }
                created.push((answer.succeeded(201)["data"]["id"].as_u64().unwrap(), name));
            }
            created
        });
    }
    story.acknowledged.extend(clients.join_all().await.into_iter().flatten());
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn new_work_is_refused_before_the_disk_is_full_and_everything_else_goes_on() {
    let folder = TempDir::new().unwrap();
    let (process, seen) = on_small_volume(folder.path()).await;
    // Others have their share of the volume.
    fs::write(seen.join("share"), vec![0; 22 << 20]).unwrap();
    let mut story = Story::of(process, seen);
    let at = story.process.address;
    let session = api::token_of(at, "alice_dev").await;

    fill_with_users(&mut story).await;

    let length = |name: &str| fs::metadata(story.file(name)).unwrap().len() >> 20;
    let [database, log] = ["denizen.db", "denizen.db-wal"].map(length);
    assert!(database >= 1 && log <= 12 && database + log <= 18, "{database} and {log} MiB");
    story.becomes_red().await;
    story.all_are_there().await;
    api::login(at, "bob_coder", "tutorial-password").await.refused(503, "SERVICE_UNAVAILABLE");
    // What ends something, or changes what is there.
    api::patch(at, 3, &json!({"first_name": "Charles"})).await.succeeded(200);
    let sign_out = Request::post("/api/auth/logout").bearer(&session).send(at).await;
    assert!([200, 204].contains(&sign_out.status), "{sign_out:?}");
    // Room in the file is room, too, although the file stays as large as it is.
    let mut gone = 0;
    while Request::get("/readyz").anonymous().send(at).await.status != 200 {
        let (id, _) = story.acknowledged.pop_first().expect("room before everybody is gone");
        api::delete(at, id).await.succeeded(200);
        gone += 1;
    }
    assert!(gone > 0);
    story.create_some(5, 0).await;
    story.all_are_there().await;
    story.survives_a_crash().await;
    story.process.stop().await;
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn failing_writes_make_the_server_unready_until_they_work() {
    let folder = TempDir::new().unwrap();
    let mut story =
        Story::begin(folder.path(), async || Process::start_ignoring_limits(folder.path()).await).await;
    let process = story.process.id().cast_signed();
    let limit = |bytes| prlimit(process, Resource::FSIZE, Some((bytes, INFINITY)), None);

    limit(0).unwrap();
    story.becomes_red().await;
    story.create_some(10, 10).await;
    story.all_are_there().await;
    story.process.line_with(" the store is not ready: ").await;

    limit(INFINITY).unwrap();
    story.recovers().await;
}

/// Fails reads of the database and its log as long as there is a file `reads-fail` in the working directory.
const FAILING_READS: &str = include_str!("disk_faults/failing_reads.c");

/// Compiles [`FAILING_READS`]; the C compiler that SQLite needs is there.
fn failing_reads(folder: &Path) -> PathBuf {
    let library = folder.join("failing_reads.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-x", "c", "-", "-ldl", "-o"]).arg(&library).stdin(Stdio::piped());
    let mut compiling = compiler.spawn().expect("a C compiler");
    compiling.stdin.take().unwrap().write_all(FAILING_READS.as_bytes()).unwrap();
    assert!(compiling.wait().unwrap().success());
    library
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn failing_reads_make_the_server_unready_until_they_work_and_are_not_called_damage() {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let library = failing_reads(elsewhere.path()).display().to_string();
    let start = async || Process::start_in(folder.path(), &[("LD_PRELOAD", &library)]).await;
    let mut story = Story::begin(folder.path(), start).await;

    fs::write(story.file("reads-fail"), "").unwrap();
    story.becomes_red().await;
    for id in story.acknowledged.keys() {
        let answer = api::get(story.process.address, *id).await;
        assert!([200, 503].contains(&answer.status), "{answer:?} {:#?}", story.process.log());
    }
    story.create_some(10, 10).await;
    story
        .process
        .line_with("the store is not ready: the store is busy: the disk cannot be read or written")
        .await;
    let log = story.process.log();
    assert!(!log.iter().any(|line| line.contains("damage") || line.contains("corrupt")), "{log:#?}");

    fs::remove_file(story.file("reads-fail")).unwrap();
    story.recovers().await;
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn a_damaged_file_makes_the_server_unready_until_it_is_mended() {
    let folder = TempDir::new().unwrap();
    let mut story = Story::begin(folder.path(), async || Process::start(folder.path()).await).await;
    let path = story.file("denizen.db");
    let write = |bytes: &[u8]| fs::File::options().write(true).open(&path).unwrap().write_all(bytes).unwrap();
    // Nothing is in the log that a checkpoint could write into the file later.
    let log = Database::open(&path).unwrap();
    let checkpoint = || log.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    while checkpoint().unwrap() != 0 {
        // The server is at the same.
        sleep(Duration::from_millis(10)).await;
    }
    drop(log);
    let sound = fs::read(&path).unwrap();

    // In place, as a broken disk or a program that writes to the wrong file does it.
    write(&vec![0x5a; sound.len()]);
    story.becomes_red().await;
    // Nothing is written into a damaged file.
    story.create_some(10, 10).await;
    story.process.line_with("the store is corrupt: the database file is damaged").await;

    write(&sound);
    story.recovers().await;
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn a_deleted_file_makes_the_server_unready_until_it_is_back() {
    for name in ["denizen.db", "denizen.db-wal", "denizen.db-shm"] {
        let folder = TempDir::new().unwrap();
        let mut story = Story::begin(folder.path(), async || Process::start(folder.path()).await).await;
        let elsewhere = story.file("elsewhere");

        fs::rename(story.file(name), &elsewhere).unwrap();
        story.becomes_red().await;
        // What could not be found again is not acknowledged.
        story.create_some(10, 10).await;
        story.all_are_there().await;
        story.process.line_with(&format!("{name} is gone: No such file or directory")).await;

        fs::rename(&elsewhere, story.file(name)).unwrap();
        story.recovers().await;
    }
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn a_replaced_file_makes_the_server_unready_until_it_is_back() {
    let folder = TempDir::new().unwrap();
    let mut story = Story::begin(folder.path(), async || Process::start(folder.path()).await).await;
    let (path, elsewhere) = (story.file("denizen.db"), story.file("elsewhere"));

    // A copy, as of a backup that is restored under a running server.
    fs::rename(&path, &elsewhere).unwrap();
    fs::copy(&elsewhere, &path).unwrap();
    story.becomes_red().await;
    story.create_some(10, 10).await;
    story.all_are_there().await;
    story.process.line_with("denizen.db has been replaced by another file").await;

    fs::rename(&elsewhere, &path).unwrap();
    story.recovers().await;
}
