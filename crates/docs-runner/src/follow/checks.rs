//! What holds after every page with edits, as a reader would try it.
//!
//! Not the tests that check the whole repository, which a guide has not built up yet.

use std::time::Instant;

use super::place::Place;
use crate::cargo::{cargo, shown};

/// Whether the tree in the working folder is good.
pub fn expect_good_tree(place: &Place, in_guide: bool) -> Result<(), String> {
    let checks = &place.config.checks;
    for arguments in if in_guide { &checks.after_page_of_guide } else { &checks.after_page } {
        let mut command = cargo(&place.work, &arguments.split_whitespace().collect::<Vec<_>>());
        place.furnish(&mut command);
        let line = shown(&command);
        println!("        $ {line}");
        let start = Instant::now();
        let output = command.output().map_err(|error| format!("`{line}` did not start: {error}"))?;
        println!("            {:.1} s", start.elapsed().as_secs_f64());
        if !output.status.success() {
            let printed = [output.stdout, output.stderr].concat();
            return Err(format!("`{line}` fails:\n{}", failures(&String::from_utf8_lossy(&printed))));
        }
    }
    Ok(())
}

/// What cargo printed, without the hundreds of lines about what went well.
fn failures(printed: &str) -> String {
    let is_progress = |line: &str| {
        let line = line.trim_start();
        (line.starts_with("test ") && line.ends_with("... ok"))
            || ["Compiling ", "Checking ", "Running ", "Downloaded "]
                .iter()
                .any(|word| line.starts_with(word))
    };
    printed.lines().filter(|line| !is_progress(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_well_is_not_told() {
        let printed = "   Compiling a v1.0.0\ntest a::b ... ok\ntest a::c ... FAILED\nerror: test failed\n";
        assert_eq!(failures(printed), "test a::c ... FAILED\nerror: test failed");
    }
}
