//! What holds after every page with edits, as a reader would try it.
//!
//! Not of this crate: it checks the whole repository, which a guide has not built up yet.

use std::time::Instant;

use super::place::Place;
use crate::process::{cargo, shown};

/// The commands that must succeed, as they are typed behind `cargo`.
pub struct Checks {
    /// After a page that adds to the repository.
    pub after_page: &'static [&'static str],
    /// After a page of a guide, whose last one leads to the repository, in which everything is tested anyway.
    pub after_page_of_guide: &'static [&'static str],
}

const FORMAT: &str = "fmt --all --check";
const CLIPPY: &str = "clippy --workspace --exclude xtask --all-targets --locked -- -D warnings";

/// Those of this repository.
pub const OURS: Checks = Checks {
    after_page: &[FORMAT, CLIPPY, "test --workspace --exclude xtask --locked"],
    after_page_of_guide: &[FORMAT, CLIPPY, FAST_TESTS],
};

/// The tests of models, services and handlers, and of the server in one process. All packages, so that nothing is built
/// with other features than for clippy; but not the stores' and mails' own, which know no feature by name. And none that
/// start, stop or kill processes, wait for limits of time, or take stopwatches and large amounts of data.
const FAST_TESTS: &str = "test --workspace --exclude xtask --locked --lib --test rules --test api -- \
    --skip abuse:: --skip bench:: --skip commands:: --skip faults:: --skip killed:: --skip lifecycle:: \
    --skip requests::slow:: --skip smtp:: --skip storm:: --skip two_processes:: --skip uniform:: --skip volume::";

impl Checks {
    /// Whether the tree in the working folder is good.
    pub fn expect_good_tree(&self, place: &Place, in_guide: bool) -> Result<(), String> {
        for arguments in if in_guide { self.after_page_of_guide } else { self.after_page } {
            let mut command = cargo(&place.work, &arguments.split(' ').collect::<Vec<_>>());
            place.furnish(&mut command);
            let line = shown(&command);
            println!("        $ {line}");
            let start = Instant::now();
            let output = command.output().map_err(|error| format!("`{line}` did not start: {error}"))?;
            println!("            {:.1} s", start.elapsed().as_secs_f64());
            if !output.status.success() {
                let printed = [output.stdout, output.stderr].concat();
                return Err(format!("`{line}` fails:\n{}", String::from_utf8_lossy(&printed)));
            }
        }
        Ok(())
    }
}
