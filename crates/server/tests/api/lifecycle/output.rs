//! Standard output that cannot be written.

use std::{fs::File, process::Stdio};

use tempfile::TempDir;

use crate::support::process::{run, run_into};

/// A disk that is full: the link is shown once, and lost.
#[tokio::test]
async fn what_cannot_be_written_is_an_error() {
    for command in [
        &["setup-link", "--username", "carol", "--email", "carol@example.com"][..],
        &["config", "print"],
        &["--help"],
        &["--version"],
    ] {
        let folder = TempDir::new().unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = run_into(folder.path(), command, full.into()).await;
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}: {stderr}");
        assert!(stderr.contains("denizen: cannot write the output: No space left on device"), "{stderr}");
    }
}

/// `denizen config print | head`
#[tokio::test]
async fn a_closed_pipe_is_not_an_error() {
    let folder = TempDir::new().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = run_into(folder.path(), &["config", "print"], Stdio::from(writer)).await;
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
    assert_eq!(run(folder.path(), &["config", "check"]).await.status.code(), Some(0));
}
