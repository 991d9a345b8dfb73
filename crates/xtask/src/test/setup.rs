//! What the tests need besides Rust. On Debian as root we say what is missing and install it; elsewhere we stop with
//! the command to type. A new need is a row of [`NEEDS`].

use std::path::Path;
use std::process::Command;

use super::Context;
use crate::process::{capture, run, succeeds};

/// A program or library from outside.
pub struct Need {
    what: &'static str,
    why: &'static str,
    /// The name under which `--without` does without it, if the tests can.
    pub left_out_by: Option<&'static str>,
    /// A command that succeeds exactly if the need is met.
    probe: (&'static str, &'static [&'static str]),
    debian_packages: &'static [&'static str],
}

pub const NEEDS: &[Need] = &[
    Need {
        what: "a C compiler with the headers of the C library",
        why: "SQLite is compiled in",
        left_out_by: None,
        probe: ("cc", &["-x", "c", "-fsyntax-only", "-include", "stdlib.h", "/dev/null"]),
        debian_packages: &["gcc", "libc6-dev"],
    },
    Need {
        what: "git",
        why: "the files of the repository are those that it lists",
        left_out_by: None,
        probe: ("git", &["--version"]),
        debian_packages: &["git"],
    },
    Need {
        what: "curl",
        why: "the pages talk to the service with it",
        left_out_by: Some("docs"),
        probe: ("curl", &["--version"]),
        debian_packages: &["curl"],
    },
    Need {
        what: "systemd-analyze",
        why: "it checks the systemd unit that the pages recommend",
        left_out_by: Some("systemd"),
        probe: ("systemd-analyze", &["--version"]),
        debian_packages: &["systemd"],
    },
    Need {
        what: "nginx",
        why: "it checks the nginx configuration that the pages recommend",
        left_out_by: Some("nginx"),
        probe: ("nginx", &["-v"]),
        debian_packages: &["nginx"],
    },
    Need {
        what: "Chromium",
        why: "people use the pages with a browser",
        left_out_by: Some("browser"),
        probe: ("chromium", &["--version"]),
        debian_packages: &["chromium"],
    },
    Need {
        what: "chromedriver",
        why: "it drives Chromium through the pages",
        left_out_by: Some("browser"),
        probe: ("chromedriver", &["--version"]),
        debian_packages: &["chromium-driver"],
    },
    Need {
        what: "npm",
        why: "it fetches axe-core, which finds what makes pages hard to use",
        left_out_by: Some("browser"),
        probe: ("npm", &["--version"]),
        debian_packages: &["npm"],
    },
    Need {
        what: "openssl",
        why: "it makes a certificate for the nginx configuration",
        left_out_by: Some("nginx"),
        probe: ("openssl", &["version"]),
        debian_packages: &["openssl"],
    },
    Need {
        what: "Python with venv",
        why: "tools that are written in it compare the server with its OpenAPI description",
        left_out_by: Some("openapi"),
        probe: ("python3", &["-c", "import ensurepip, venv"]),
        debian_packages: &["python3", "python3-venv"],
    },
    Need {
        what: "sqlite3",
        why: "the pages back the database up with it",
        left_out_by: Some("docs"),
        probe: ("sqlite3", &["--version"]),
        debian_packages: &["sqlite3"],
    },
    Need {
        what: "PostgreSQL",
        why: "the tests of the store on it start a server of their own",
        left_out_by: Some("postgres"),
        // Debian keeps its programs apart from those of other versions, and not in the PATH.
        probe: ("sh", &["-c", "ls /usr/lib/postgresql/*/bin/initdb || command -v initdb"]),
        debian_packages: &["postgresql"],
    },
];

/// Where we are, as far as installing goes.
#[derive(Clone, Copy)]
struct Place {
    is_debian: bool,
    is_root: bool,
}

pub fn check(context: &mut Context) -> Result<(), String> {
    let options = &context.options;
    let needs = NEEDS.iter().filter(|need| !need.left_out_by.is_some_and(|name| options.leave_out(name)));
    let (met, missing): (Vec<&Need>, Vec<&Need>) = needs.partition(|need| need.is_met());
    for need in met {
        println!("        found {}", need.what);
    }
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = || capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let place = Place { is_debian: Path::new("/etc/debian_version").exists(), is_root: is_root() };
    install(&may_install(&missing, place, options.no_setup)?)?;
    match missing.iter().find(|need| !need.is_met()) {
        Some(need) => Err(format!("{} is still missing after the installation", need.what)),
        None => Ok(()),
    }
}

impl Need {
    fn is_met(&self) -> bool {
        succeeds(self.probe.0, self.probe.1)
    }
}

/// The Debian packages to install, or the message to stop with.
fn may_install(missing: &[&Need], place: Place, no_setup: bool) -> Result<Vec<&'static str>, String> {
    let packages: Vec<_> = missing.iter().flat_map(|need| need.debian_packages).copied().collect();
    if place.is_debian && place.is_root && !no_setup {
        return Ok(packages);
    }
    let mut lines: Vec<_> =
        missing.iter().map(|need| format!("missing: {} ({})", need.what, need.why)).collect();
    let sudo = if place.is_root { "" } else { "sudo " };
    let packages = packages.join(" ");
    lines.push(if place.is_debian {
        format!("install with: {sudo}apt-get update && {sudo}apt-get install -y {packages}")
    } else {
        format!("install with your package manager what Debian calls: {packages}")
    });
    Err(lines.join("\n"))
}

fn install(packages: &[&str]) -> Result<(), String> {
    println!("        installing {} (refuse with --no-setup)", packages.join(", "));
    // A fresh container has no package lists.
    run(Command::new("apt-get").arg("update"))?;
    let mut command = Command::new("apt-get");
    command.args(["install", "-y", "--no-install-recommends"]).args(packages);
    run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT_ON_DEBIAN: Place = Place { is_debian: true, is_root: true };

    fn stop(place: Place, no_setup: bool) -> String {
        may_install(&[&NEEDS[0]], place, no_setup).unwrap_err()
    }

    #[test]
    fn root_on_debian_installs() {
        assert_eq!(may_install(&[&NEEDS[0]], ROOT_ON_DEBIAN, false).unwrap(), ["gcc", "libc6-dev"]);
    }

    #[test]
    fn everybody_else_gets_the_one_command_to_type() {
        let missing = "missing: a C compiler with the headers of the C library (SQLite is compiled in)";
        assert_eq!(
            stop(ROOT_ON_DEBIAN, true),
            format!("{missing}\ninstall with: apt-get update && apt-get install -y gcc libc6-dev")
        );
        assert_eq!(
            stop(Place { is_root: false, ..ROOT_ON_DEBIAN }, false),
            format!("{missing}\ninstall with: sudo apt-get update && sudo apt-get install -y gcc libc6-dev")
        );
        assert_eq!(
            stop(Place { is_debian: false, is_root: true }, false),
            format!("{missing}\ninstall with your package manager what Debian calls: gcc libc6-dev")
        );
    }

    #[test]
    fn a_program_that_does_not_exist_is_a_need_that_is_not_met() {
        let need = Need { probe: ("no-such-program-anywhere", &[]), ..NEEDS[0] };
        assert!(!need.is_met());
    }
}
