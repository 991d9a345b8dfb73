//! Mails as files.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use denizen_services::{Cause, Mail, MailError, Mailer};

use crate::compose::{Composer, identifier};

/// Writes every mail into a directory, as a file for mail programs (`.eml`, RFC 5322).
///
/// Names begin with the time (UTC, to the microsecond) and a number, so that they sort in the order of sending. A file
/// appears under its name when it is complete. Only its owner can read it, because it may contain a token.
pub struct FileMailer {
    composer: Composer,
    directory: PathBuf,
    count: AtomicU64,
}

impl FileMailer {
    /// Creates a transport into `directory`, which is created if its parent exists.
    ///
    /// # Errors
    /// Returns an error if the directory does not exist and cannot be created.
    pub(crate) fn new(composer: Composer, directory: PathBuf) -> io::Result<Self> {
        if !directory.is_dir() {
            make_private_directory(&directory)?;
        }
        Ok(Self { composer, directory, count: AtomicU64::new(0) })
    }

    fn name_for(&self, mail: &Mail) -> String {
        let time = self.composer.now().format("%Y%m%dT%H%M%S%.6fZ");
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{time}-{number:06}-{}.eml", identifier(&mail.id))
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.composer.compose(mail)?.formatted();
        let (directory, name) = (self.directory.clone(), self.name_for(mail));
        let written = tokio::task::spawn_blocking(move || write(&directory, &name, &message)).await;
        written.map_err(io::Error::other).flatten().map_err(|error| {
            MailError::Temporary(Cause::because(format!("the mail cannot be written: {error}"), error))
        })
    }
}

fn write(directory: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let unfinished = directory.join(format!(".{name}.tmp"));
    let written = new_private_file(&unfinished)
        .and_then(|mut file| {
            file.write_all(message)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&unfinished, directory.join(name)));
    if written.is_err() {
        // The write failed already, so a second error adds nothing.
        drop(fs::remove_file(&unfinished));
    }
    written
}

fn new_private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
