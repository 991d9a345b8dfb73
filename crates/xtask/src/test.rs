//! `cargo xtask test`: everything CI checks, in its order. CI calls this and nothing else, so a green run here is a
//! green run there. Nothing is skipped silently: what `--without` left out stands in the last line.

mod browser;
mod examples;
mod nginx;
mod openapi;
mod setup;
mod toolchain;
mod unit;
mod weight;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::process::{cargo, run as run_command};
use crate::workspace::Workspace;
use crate::{Failure, docs, layering};

/// What the command line asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    no_setup: bool,
    without: Vec<String>,
}

/// What the steps share.
struct Context {
    options: Options,
    workspace: Workspace,
    /// Whether a warning fails the run; the toolchain step decides it.
    deny_warnings: bool,
}

struct Step {
    title: &'static str,
    /// The name under which `--without` leaves it out, if that makes sense.
    left_out_by: Option<&'static str>,
    run: fn(&mut Context) -> Result<(), String>,
}

const fn always(title: &'static str, run: fn(&mut Context) -> Result<(), String>) -> Step {
    Step { title, left_out_by: None, run }
}

const STEPS: &[Step] = &[
    always("toolchain", toolchain::check),
    always("set-up", setup::check),
    always("format", |context| context.cargo(&["fmt", "--all", "--check"])),
    always("clippy", clippy),
    always("layering", |context| layering::check(&context.workspace)),
    always("pages", |context| docs::on_all_pages(&context.workspace.root, "check")),
    always("documentation", documentation),
    always("tests", tests),
    Step { title: "flows on PostgreSQL", left_out_by: Some("postgres"), run: flows_on_postgres },
    Step { title: "pages in a browser", left_out_by: Some("browser"), run: browser::check },
    always("features, each alone and all off", features),
    Step {
        title: "pages, followed",
        left_out_by: Some("docs"),
        run: |context| docs::on_all_pages(&context.workspace.root, "run"),
    },
    Step { title: "examples", left_out_by: Some("examples"), run: examples::run },
    Step { title: "examples, copied out", left_out_by: Some("examples"), run: examples::check_copies },
    always("weight of the library", weight::check),
    Step { title: "OpenAPI", left_out_by: Some("openapi"), run: openapi::check },
    Step { title: "systemd unit", left_out_by: Some("systemd"), run: unit::check },
    Step { title: "nginx configuration", left_out_by: Some("nginx"), run: nginx::check },
];

/// The command.
pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let options = Options::parse(arguments).map_err(Failure::Usage)?;
    let mut context = Context { options, workspace: layering::load()?, deny_warnings: false };
    let start = Instant::now();
    let mut passed = 0;
    for (index, Step { title, left_out_by, run }) in STEPS.iter().enumerate() {
        let number = format!("[{:>2}/{}]", index + 1, STEPS.len());
        if let Some(name) = left_out_by.filter(|name| context.options.leave_out(name)) {
            println!("{number} {title}: left out (--without {name})");
            continue;
        }
        println!("{number} {title}");
        let step_start = Instant::now();
        run(&mut context).map_err(|error| {
            let (step, all) = (shown(step_start.elapsed()), shown(start.elapsed()));
            format!("{error}\ncargo xtask test: FAILED at {number} {title}, after {step} ({all} in all)")
        })?;
        println!("        passed in {}", shown(step_start.elapsed()));
        passed += 1;
    }
    println!("{}", last_line(passed, &context.options.without, start.elapsed()));
    Ok(())
}

fn clippy(context: &mut Context) -> Result<(), String> {
    // Passed on to clippy instead of set in RUSTFLAGS, which would also rebuild every dependency.
    let deny: &[&str] = if context.deny_warnings { &["--", "-D", "warnings"] } else { &[] };
    context.cargo(&[&["clippy", "--workspace", "--all-targets", "--locked"], deny].concat())
}

fn tests(context: &mut Context) -> Result<(), String> {
    let all = ["test", "--workspace", "--locked"];
    if context.options.leave_out("postgres") {
        let others = ["--exclude", "denizen-storage-postgres", "--", "--skip", "postgres::"];
        return context.cargo(&[&all[..], &others].concat());
    }
    context.cargo(&all)
}

/// Runs the flows of the server once more, on PostgreSQL instead of SQLite. Left out are tests of files, processes, attacks
/// and amounts, and those that open the database themselves or bring a store of their own.
fn flows_on_postgres(context: &mut Context) -> Result<(), String> {
    const FLOWS: &str = "authority:: email_change:: identity:: messages:: metadata:: one_time_tokens:: \
        password_reset::flow:: password_reset::trail:: races:: registration:: sessions:: sign_in:: two_processes:: \
        --skip another_process --skip on_a_file --skip crowd:: --skip abuse::";
    // The tests of handlers of these names need no store, and take no time.
    let mut arguments = vec!["test", "--workspace", "--locked", "--test", "api", "--"];
    arguments.extend(FLOWS.split_whitespace());
    let mut command = cargo(&context.workspace.root, &arguments);
    run_command(command.env("DENIZEN_TEST_DATABASE", "postgres"))
}

/// Tests the library crates without their features, and with each alone: in the workspace's tests, the server has
/// switched them all on.
fn features(context: &mut Context) -> Result<(), String> {
    let crates = ["test", "--locked", "--lib", "--tests", "-p", "denizen-models", "-p", "denizen-services"];
    let crates = [&crates[..], &["-p", "denizen-handlers", "-p", "denizen-hashing"]].concat();
    for features in ["", "denizen-handlers/demos", "denizen-handlers/messages", "denizen-handlers/openapi"] {
        println!("        {}", if features.is_empty() { "no features" } else { features });
        context.cargo(&[&crates[..], &["--features", features]].concat())?;
    }
    Ok(())
}

fn documentation(context: &mut Context) -> Result<(), String> {
    let mut command = cargo(&context.workspace.root, &["doc", "--workspace", "--no-deps", "--locked"]);
    if context.deny_warnings {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    run_command(&mut command)
}

impl Context {
    fn cargo(&self, arguments: &[&str]) -> Result<(), String> {
        run_command(&mut cargo(&self.workspace.root, arguments))
    }

    /// A folder of ours inside cargo's build folder.
    fn scratch(&self, name: &str) -> PathBuf {
        self.workspace.target.join(name)
    }
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--no-setup" => options.no_setup = true,
                "--without" => {
                    let names = arguments
                        .next()
                        .ok_or("`--without` needs names, for example `--without examples`")?;
                    for name in names.split(',') {
                        options.add_without(name)?;
                    }
                }
                other => return Err(format!("test does not know `{other}`")),
            }
        }
        Ok(options)
    }

    fn add_without(&mut self, name: &str) -> Result<(), String> {
        if !known_names().contains(&name) {
            return Err(format!("`--without {name}`: can only leave out {}", known_names().join(", ")));
        }
        if !self.leave_out(name) {
            self.without.push(name.to_owned());
        }
        Ok(())
    }

    fn leave_out(&self, name: &str) -> bool {
        self.without.iter().any(|left_out| left_out == name)
    }
}

/// What `--without` can leave out: steps, and what the set-up would install.
pub fn known_names() -> Vec<&'static str> {
    let steps = STEPS.iter().filter_map(|step| step.left_out_by);
    let mut names: Vec<_> = steps.chain(setup::NEEDS.iter().filter_map(|need| need.left_out_by)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn last_line(passed: usize, without: &[String], elapsed: Duration) -> String {
    let time = shown(elapsed);
    if without.is_empty() {
        return format!("cargo xtask test: all {passed} steps passed in {time}");
    }
    let without = without.join(", ");
    format!("cargo xtask test: {passed} of {} steps passed in {time}; LEFT OUT: {without}", STEPS.len())
}

fn shown(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_understood_in_any_order() {
        assert_eq!(parse("").unwrap(), Options::default());
        let both = Options { no_setup: true, without: vec!["examples".to_owned()] };
        assert_eq!(parse("--no-setup --without examples").unwrap(), both);
        assert_eq!(parse("--without examples,examples --no-setup").unwrap(), both);
    }

    #[test]
    fn what_cannot_be_left_out_is_refused_with_what_can() {
        assert_eq!(
            parse("--without clippy").unwrap_err(),
            "`--without clippy`: can only leave out browser, docs, examples, nginx, openapi, postgres, systemd"
        );
        assert_eq!(
            parse("--without examples,").unwrap_err(),
            "`--without `: can only leave out browser, docs, examples, nginx, openapi, postgres, systemd"
        );
        assert_eq!(
            parse("--without").unwrap_err(),
            "`--without` needs names, for example `--without examples`"
        );
        assert_eq!(parse("--fast").unwrap_err(), "test does not know `--fast`");
    }

    #[test]
    fn the_last_line_says_what_was_left_out() {
        let time = Duration::from_millis(125_900);
        assert_eq!(last_line(10, &[], time), "cargo xtask test: all 10 steps passed in 2 min 5 s");
        let line = last_line(STEPS.len() - 2, &["examples".to_owned()], Duration::from_millis(1_230));
        assert_eq!(line, "cargo xtask test: 16 of 18 steps passed in 1.2 s; LEFT OUT: examples");
    }
}
