//! Packages from outside that the repository's own build folder has already need not be built again for the pages.
//!
//! Only those: cargo takes a package of ours for the same package of the copy, and would mix up the two. What is given
//! is what cargo looks for, with its times, so cargo decides as ever whether it may be used.

use std::fs::{self, File, Metadata};
use std::path::Path;

const FINGERPRINTS: &str = ".fingerprint";
/// What cargo locks while it builds.
const LOCK: &str = ".cargo-lock";

/// Fills the build folder `to`, if there is none yet, from `from`; `ours` are the names of our packages. Gives how many
/// packages it had.
pub fn seed(from: &Path, to: &Path, ours: &[&str]) -> Result<usize, String> {
    if to.exists() || !from.join(FINGERPRINTS).is_dir() {
        return Ok(0);
    }
    let locked = File::open(from.join(LOCK)).and_then(|file| file.lock_shared().map(|()| file));
    let _nobody_builds = locked.map_err(|error| format!("{}: cannot be locked: {error}", from.display()))?;
    let is_foreign = |name: &str| !ours.contains(&name.rsplit_once('-').map_or(name, |(package, _)| package));
    for folder in [FINGERPRINTS, "build"] {
        copy(&from.join(folder), &to.join(folder), &is_foreign, true)?;
    }
    // Libraries of packages from outside; their names have `_` for `-`.
    let is_library =
        |name: &str| name.strip_prefix("lib").is_some_and(|name| is_foreign(&name.replace('_', "-")));
    copy(&from.join("deps"), &to.join("deps"), &is_library, false)?;
    let entries =
        fs::read_dir(to.join(FINGERPRINTS)).map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(entries.count())
}

/// Copies the entries of a folder whose names fit, or only links them if nobody writes into them.
fn copy(from: &Path, to: &Path, fits: &dyn Fn(&str) -> bool, is_written: bool) -> Result<(), String> {
    let failed = |error| format!("{}: cannot be copied: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let (here, there) = (entry.path(), to.join(&name));
        let metadata = entry.metadata().map_err(failed)?;
        if !fits(&name.to_string_lossy()) {
            continue;
        }
        if metadata.is_dir() {
            copy(&here, &there, &|_| true, is_written)?;
        } else if is_written || fs::hard_link(&here, &there).is_err() {
            copy_file(&here, &there, &metadata).map_err(failed)?;
        }
    }
    Ok(())
}

/// With its time: cargo builds again what is younger than what was built from it.
fn copy_file(from: &Path, to: &Path, metadata: &Metadata) -> std::io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.set_modified(metadata.modified()?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::testing::{Scratch, tree};
    use crate::tree::Tree;

    fn build_folder(scratch: &Scratch) -> Tree {
        let folder = tree(&[
            (".cargo-lock", ""),
            (".fingerprint/serde-0123/lib-serde", "1"),
            (".fingerprint/our-crate-0123/lib-our_crate", "2"),
            ("build/serde-4567/out/generated.rs", "3"),
            ("build/our-crate-4567/output", "4"),
            ("deps/libserde-0123.rlib", "5"),
            ("deps/libour_crate-0123.rmeta", "6"),
            ("deps/our_test-89ab", "7"),
            ("incremental/our_crate/x", "8"),
        ]);
        folder.lay(&scratch.path("debug"), &scratch.path("none")).unwrap();
        folder
    }

    #[test]
    fn what_others_wrote_is_taken_with_its_times_and_what_we_wrote_is_not() {
        let scratch = Scratch::new();
        build_folder(&scratch);
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let (old, new) =
            (scratch.path("debug/build/serde-4567/out"), scratch.path("out/build/serde-4567/out"));
        let file = File::options().write(true).open(old.join("generated.rs")).unwrap();
        file.set_modified(long_ago).unwrap();
        let count = seed(&scratch.path("debug"), &scratch.path("out"), &["our-crate", "our-test"]).unwrap();
        assert_eq!(count, 1);
        let expected = tree(&[
            (".fingerprint/serde-0123/lib-serde", "1"),
            ("build/serde-4567/out/generated.rs", "3"),
            ("deps/libserde-0123.rlib", "5"),
        ]);
        assert_eq!(Tree::of_folder(&scratch.path("out")).unwrap(), expected);
        assert_eq!(fs::metadata(new.join("generated.rs")).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn what_is_written_later_does_not_change_the_repositorys_own() {
        let scratch = Scratch::new();
        let before = build_folder(&scratch);
        seed(&scratch.path("debug"), &scratch.path("out"), &[]).unwrap();
        for path in [".fingerprint/serde-0123/lib-serde", "build/serde-4567/out/generated.rs"] {
            fs::write(scratch.path("out").join(path), "new").unwrap();
        }
        assert_eq!(Tree::of_folder(&scratch.path("debug")).unwrap(), before);
    }

    #[test]
    fn a_build_folder_that_is_there_is_left_alone_and_none_is_no_failure() {
        let scratch = Scratch::new();
        assert_eq!(seed(&scratch.path("debug"), &scratch.path("out"), &[]), Ok(0));
        build_folder(&scratch);
        fs::create_dir(scratch.path("out")).unwrap();
        assert_eq!(seed(&scratch.path("debug"), &scratch.path("out"), &[]), Ok(0));
        assert_eq!(Tree::of_folder(&scratch.path("out")).unwrap(), Tree::default());
    }
}
