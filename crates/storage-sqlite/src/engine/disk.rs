//! The disk under the database: whether the files are still there, how much room they have, and what failed lately.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use denizen_services::{lock, store::StoreFailure};
use rusqlite::Connection;

use crate::engine::{
    error::{DAMAGED, Failure, OpenError, UNREADABLE, failed},
    sql::{find, statements},
};

/// From this length on the log begins anew as soon as it can do so without keeping commits waiting, in bytes.
pub(crate) const SHORT_LOG: u64 = 8 << 20;

/// From this length on commits wait until the log has begun anew.
const LONG_LOG: u64 = 64 << 20;

/// With less free room than this the log is kept short, and batches small.
const PLENTY: u64 = 128 << 20;

/// What the log may grow to with small batches: it is kept free for the log, or the log could not be written.
const ROOM_FOR_LOG: u64 = 2 * SHORT_LOG;

/// If the database can grow by less, new work is refused; the rest is for what goes on.
const RESERVE: u64 = 8 << 20;

/// For how long a failure counts after it has been met. Several in a row must not look like recoveries in between.
const MEMORY: Duration = Duration::from_secs(2);

/// How long the files are read to find out whether they can be.
const LOOK: Duration = Duration::from_millis(100);

statements! {
    SIZE = "SELECT page_size, page_count, freelist_count \
         FROM pragma_page_size, pragma_page_count, pragma_freelist_count";
    /// One row, `ok`, if the file is sound.
    CHECK = "PRAGMA quick_check(1)";
}

/// How freely the writer may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Plenty,
    /// In small batches, and with a short log.
    Tight,
    /// The same, and no new work.
    Low,
}

/// What the threads share of it.
pub(crate) struct Disk {
    /// The database, its log and the index of the log, as they were opened.
    files: [(PathBuf, Identity); 3],
    is_low: AtomicBool,
    pub log_is_stuck: AtomicBool,
    is_damaged: AtomicBool,
    failure: Mutex<Option<(Instant, StoreFailure)>>,
    /// Both files, once they had to be read.
    #[cfg(unix)]
    readable: OnceLock<[Option<&'static File>; 2]>,
}

/// The device and the number of a file. A path can lead to another file than it did.
type Identity = (u64, u64);

impl Disk {
    /// The disk of the database at `path`, which is open.
    pub fn of(path: &Path) -> Result<Self, OpenError> {
        // The log is beside the file that a link leads to.
        let files = || {
            let real = fs::canonicalize(path)?.into_os_string();
            Ok([opened(path.into(), "")?, opened(real.clone(), "-wal")?, opened(real, "-shm")?])
        };
        Ok(Self {
            files: files().map_err(|error: io::Error| failed(path, &error))?,
            is_low: AtomicBool::new(false),
            log_is_stuck: AtomicBool::new(false),
            is_damaged: AtomicBool::new(false),
            failure: Mutex::new(None),
            #[cfg(unix)]
            readable: OnceLock::new(),
        })
    }

    /// Fails if nothing may be written: the path leads to other files than those that are open, or to none, so that it
    /// would be lost at the latest when the process ends; or the file is damaged, and writing could make it worse.
    pub fn admit(&self) -> Result<(), StoreFailure> {
        if self.is_damaged() {
            return Err(StoreFailure::Busy(DAMAGED.into()));
        }
        for (path, opened) in &self.files {
            let reason = match fs::metadata(path) {
                Ok(found) if identity(&found) == *opened => continue,
                Ok(_) => "has been replaced by another file".to_owned(),
                Err(error) => format!("is gone: {error}"),
            };
            return Err(StoreFailure::Busy(format!("{} {reason}", path.display()).into()));
        }
        Ok(())
    }

    /// How long the file of the log is, in bytes.
    pub fn log_length(&self) -> u64 {
        length(self.log())
    }

    fn database(&self) -> &Path {
        &self.files[0].0
    }

    fn log(&self) -> &Path {
        &self.files[1].0
    }

    /// Whether the log is to begin anew before more is written.
    pub fn log_is_too_long(&self) -> bool {
        self.log_length() > if self.free() < PLENTY { SHORT_LOG } else { LONG_LOG }
    }

    /// Warns once of a log that grows although it should begin anew. Our own reads end in time; a program that keeps a
    /// transaction open does not.
    pub fn tell_of_log(&self, is_new: bool) {
        let length = self.log_length();
        let is_stuck = !is_new && length > LONG_LOG;
        if is_stuck && !self.log_is_stuck.swap(true, Ordering::Relaxed) {
            log::warn!(
                "the write-ahead log grows ({} MiB), because another program keeps a transaction open on the database",
                length >> 20
            );
        }
        self.log_is_stuck.fetch_and(!is_new, Ordering::Relaxed);
    }

    /// How much room there is, and sees to it that no commit puts more pages into the log than the database then has
    /// room for: a checkpoint that finds no room could never shorten the log again.
    pub fn measure(&self, connection: &Connection, before: Room) -> Result<Room, Failure> {
        let free = self.free();
        if free >= PLENTY {
            if before != Room::Plenty {
                limit(connection, u64::MAX)?;
            }
            self.tell(false, free);
            return Ok(Room::Plenty);
        }
        let size = find(connection, SIZE, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
        let [page, pages, unused] = size.unwrap_or([4096, 0, 0]).map(i64::cast_unsigned);
        let for_log = ROOM_FOR_LOG.saturating_sub(self.log_length());
        let most = (length(self.database()) + free.saturating_sub(for_log)) / page;
        limit(connection, most.max(pages))?;
        let is_low = (most.saturating_sub(pages) + unused) * page < RESERVE;
        self.tell(is_low, free);
        Ok(if is_low { Room::Low } else { Room::Tight })
    }

    fn tell(&self, is_low: bool, free: u64) {
        let mib = free >> 20;
        match (self.is_low.swap(is_low, Ordering::Relaxed), is_low) {
            (false, true) => log::warn!(
                "the disk is almost full ({mib} MiB are free): new users, sessions and requests for mails are refused"
            ),
            (true, false) => log::info!("the disk has room again: {mib} MiB are free"),
            _ => {}
        }
    }

    /// Keeps in mind that the disk failed on this connection, if it was the disk. Gives what callers are to be told.
    pub fn note(&self, connection: &Connection, failure: Failure) -> Failure {
        let Some((mut reason, is_damage)) = failure.of_disk() else { return failure };
        if is_damage {
            forget(connection);
            if self.is_readable() {
                self.is_damaged.store(true, Ordering::Relaxed);
            } else {
                reason = StoreFailure::Busy(UNREADABLE.into());
            }
        }
        *lock(&self.failure) = Some((Instant::now(), reason.clone()));
        if is_damage { reason.into() } else { failure }
    }

    /// Whether the system can read the files: SQLite reports damage also where a read has failed (it turns
    /// `SQLITE_IOERR_CORRUPTFS` into `SQLITE_CORRUPT`). Looks at as much as it can in [`LOOK`].
    #[cfg(unix)]
    fn is_readable(&self) -> bool {
        use std::os::unix::fs::FileExt as _;
        // Never closed: when any descriptor of a file is closed, POSIX lets go of all locks that the process has on it, and
        // with them of those of SQLite.
        let open = |path| File::open(path).ok().map(|file| &*Box::leak(Box::new(file)));
        let files = self.readable.get_or_init(|| [open(self.database()), open(self.log())]);
        let begun = Instant::now();
        let mut piece = vec![0; 1 << 20];
        files.iter().all(|file| {
            let mut at = 0;
            loop {
                match file.map(|file| file.read_at(&mut piece, at)) {
                    None | Some(Err(_)) => return false,
                    Some(Ok(0)) => return true,
                    Some(Ok(_)) if begun.elapsed() > LOOK => return true,
                    Some(Ok(length)) => at += length as u64,
                }
            }
        })
    }

    #[cfg(not(unix))]
    fn is_readable(&self) -> bool {
        true
    }

    /// Whether damage was met since the file was last found to be sound.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// The file was found to be sound.
    pub fn is_sound(&self) {
        self.is_damaged.store(false, Ordering::Relaxed);
    }

    /// Fails if there is no room for new work, or something failed lately.
    pub fn verdict(&self) -> Result<(), StoreFailure> {
        if self.is_low.load(Ordering::Relaxed) {
            return Err(almost_full());
        }
        match &*lock(&self.failure) {
            Some((at, failure)) if at.elapsed() < MEMORY => Err(failure.clone()),
            _ => Ok(()),
        }
    }

    /// In bytes; a system that does not tell has plenty.
    fn free(&self) -> u64 {
        #[cfg(unix)]
        if let Some(Ok(room)) = self.log().parent().map(rustix::fs::statvfs) {
            return room.f_bavail.saturating_mul(room.f_frsize);
        }
        u64::MAX
    }
}

/// Lets the connection read every page anew. A damaged page would be remembered otherwise, even when the file is mended.
fn forget(connection: &Connection) {
    if let Err(error) = connection.execute_batch("PRAGMA shrink_memory") {
        log::warn!("the memory of a connection cannot be emptied: {error}");
    }
}

/// Fails if the file is damaged. Takes long if it is large, and goes to the disk for every page.
pub(crate) fn check(connection: &Connection) -> Result<(), Failure> {
    forget(connection);
    let verdict = find(connection, CHECK, [], |row| Ok(row.get::<_, String>(0)?))?;
    if verdict.is_some_and(|verdict| verdict == "ok") {
        Ok(())
    } else {
        Err(StoreFailure::Corrupt(DAMAGED.into()).into())
    }
}

/// What new work is told when there is no room for it.
pub(crate) fn almost_full() -> StoreFailure {
    StoreFailure::Busy("the disk is almost full".into())
}

/// Lets the database have so many pages at most.
fn limit(connection: &Connection, pages: u64) -> Result<(), Failure> {
    // The most that SQLite knows.
    let pages = pages.min(0xffff_fffe).cast_signed();
    Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
}

fn opened(mut name: OsString, ending: &str) -> io::Result<(PathBuf, Identity)> {
    name.push(ending);
    let found = identity(&fs::metadata(&name)?);
    Ok((name.into(), found))
}

/// In bytes; 0 for a file that is not there.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

#[cfg(unix)]
fn identity(file: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (file.dev(), file.ino())
}

/// Only that there is a file can be told.
#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> Identity {
    (0, 0)
}
