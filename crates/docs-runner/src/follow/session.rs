//! One page, executed: its edits made, its commands typed, its outputs compared.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::compare::{self, Comparison, output_lines};
use super::place::Place;
use super::shell::{Shell, Terminal};
use super::values::Values;
use super::wording::{ANY_LINES, line_fits};
use crate::git::Git;
use crate::pages::edit::Edit;
use crate::pages::grammar::{Action, Block};
use crate::pages::transcript::Step;
use crate::problem::Problem;
use crate::tree::Tree;

/// What happens when a command prints something else than its page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is a problem, and the page ends there.
    Run,
    /// The page is rewritten.
    Bless,
}

/// Lines of a page and what is to stand there instead.
#[derive(Debug, PartialEq, Eq)]
pub struct Rewrite {
    pub lines: Range<usize>,
    pub new: Vec<String>,
}

/// Where the server is, for those who ask it from this machine.
const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

pub struct Session<'a> {
    place: &'a Place,
    page: &'a str,
    mode: Mode,
    shell: Shell,
    server: Option<(Terminal, u16)>,
    values: Values,
    rewrites: Vec<Rewrite>,
}

impl<'a> Session<'a> {
    /// `page` is for messages.
    pub fn start(place: &'a Place, page: &'a str, mode: Mode) -> Result<Self, Problem> {
        let shell = Shell::start(place).map_err(|error| Problem::new(page, 1, error))?;
        let values = Values::default();
        Ok(Self { place, page, mode, shell, server: None, values, rewrites: Vec::new() })
    }

    /// Follows the page. `tree` is what lies in the working folder, `repository` what files are taken from.
    pub fn follow(
        mut self,
        blocks: &[Block],
        tree: &mut Tree,
        repository: &Tree,
    ) -> Result<Vec<Rewrite>, Problem> {
        for block in blocks {
            match &block.action {
                Action::Edit(edit) => {
                    self.edit(edit, tree, repository).map_err(|error| self.problem(block.line, error))?
                }
                Action::Start(step) => self.start_server(step)?,
                Action::Run(steps) => {
                    for step in steps {
                        self.run(step)?;
                    }
                }
                Action::Log(lines) => self.log(block.line + 1, lines)?,
                Action::WhatCiRuns(_)
                | Action::Source { .. }
                | Action::Typed(_)
                | Action::OccursOnlyIn { .. }
                | Action::Illustration => {}
            }
        }
        Ok(self.rewrites)
    }

    fn problem(&self, line: usize, message: impl Into<String>) -> Problem {
        Problem::new(self.page, line, message)
    }

    fn edit(&self, edit: &Edit, tree: &mut Tree, repository: &Tree) -> Result<(), String> {
        edit.apply(tree, repository)?;
        let changed = edit.paths();
        let mut files = changed.iter().flat_map(|path| tree.under(path));
        files.try_for_each(|file| tree.lay_file(file, &self.place.work))?;
        let git = Git::new(&self.place.work);
        if matches!(edit, Edit::Take(_)) && git.is_here() {
            // As a checkout does.
            git.ask(&[&["add", "--"], &changed[..]].concat())?;
        }
        Ok(())
    }

    fn announce(&self, step: &Step) {
        let command = step.command.replace('\n', "\n            ");
        println!("        {}:{} $ {command}", self.page, step.line);
    }

    fn start_server(&mut self, step: &Step) -> Result<(), Problem> {
        self.announce(step);
        // A terminal runs one thing at a time; the reader has pressed Ctrl-C.
        drop(self.server.take());
        let program = self.values.today(&step.command);
        let start = Instant::now();
        let server = Terminal::start(self.place, &program)
            .map_err(|error| self.problem(step.line, format!("`{program}` {error}")))?;
        tell_time(start);
        self.server = Some(server);
        self.log(step.shown_at.start, &step.shown)
    }

    /// The first terminal shows these lines, which begin at `line` of the page.
    fn log(&mut self, line: usize, shown: &[String]) -> Result<(), Problem> {
        for (line, shown) in (line..).zip(shown).filter(|(_, shown)| *shown != ANY_LINES && !shown.is_empty())
        {
            let Some((terminal, port)) = &mut self.server else {
                return Err(self.problem(line, "nothing runs in the first terminal"));
            };
            let (values, port, place) = (&self.values, *port, self.place);
            let mut pairs = Vec::new();
            let found = terminal.find(place.limits.command, |got| {
                line_fits(shown, &as_shown(values, Some(port), place, got), &mut pairs)
            });
            found.map_err(|error| self.problem(line, format!("never came: {shown}\n{error}")))?;
            for pair in &pairs {
                self.values.learn(pair).map_err(|error| self.problem(line, error))?;
            }
        }
        Ok(())
    }

    fn run(&mut self, step: &Step) -> Result<(), Problem> {
        self.announce(step);
        let command = self.today(&step.command).map_err(|error| self.problem(step.line, error))?;
        let start = Instant::now();
        let output = self
            .shell
            .run(self.place, &command, self.place.limit(&step.command))
            .map_err(|error| self.problem(step.line, format!("`{}` {error}", step.command)))?;
        tell_time(start);
        let port = self.server.as_ref().map(|(_, port)| *port);
        let got = output_lines(&as_shown(&self.values, port, self.place, &output.text));

        let Comparison { mut differences, pairs, .. } =
            compare::compare(&step.shown, &got, &self.place.config.numbers);
        if output.status != step.status {
            differences.push(format!("its exit status is {}, not {}", output.status, step.status));
        }
        let mut taken_twice = Vec::new();
        for pair in pairs {
            if let Err(error) = self.values.learn(&pair) {
                differences.push(error);
                taken_twice.push(pair);
            }
        }
        if differences.is_empty() {
            return Ok(());
        }
        let is_claimed = !step.shown.is_empty() || step.status != 0;
        if self.mode == Mode::Bless && is_claimed {
            let mut new = compare::blessed(&step.shown, &got, &self.place.config.numbers);
            for (shown, real) in &taken_twice {
                new = new.iter().map(|line| line.replace(shown, real)).collect();
            }
            if output.status != 0 {
                new.push(format!("? {}", output.status));
            }
            self.rewrites.push(Rewrite { lines: step.shown_at.clone(), new });
            return Ok(());
        }
        let message = format!(
            "`{}`\n    {}\n  it printed:\n    {}{}",
            step.command,
            differences.join("\n    "),
            compare::readable(&got).join("\n    "),
            self.log_of_server()
        );
        Err(self.problem(step.line, message))
    }

    fn log_of_server(&self) -> String {
        self.server.as_ref().map_or(String::new(), |(terminal, _)| {
            format!("\n  the first terminal shows:\n    {}", terminal.log().replace('\n', "\n    "))
        })
    }

    /// A command as it has to be today.
    fn today(&self, command: &str) -> Result<String, String> {
        let mut command = self.values.today(command);
        for host in HOSTS {
            let shown = format!("{host}:{}", self.place.config.server.port);
            if !command.contains(&shown) {
                continue;
            }
            let Some((_, port)) = &self.server else {
                return Err(format!("asks {shown}, but nothing was started in a first terminal"));
            };
            command = command.replace(&shown, &format!("{host}:{port}"));
        }
        Ok(command)
    }
}

/// Says how long something took, if it was long.
fn tell_time(start: Instant) {
    let time = start.elapsed();
    if time >= Duration::from_secs(1) {
        println!("            {:.1} s", time.as_secs_f64());
    }
}

/// What was printed today as the page would show it.
fn as_shown(values: &Values, port: Option<u16>, place: &Place, text: &str) -> String {
    let mut text = values.on_the_page(text);
    for (host, port) in port.iter().flat_map(|port| HOSTS.map(|host| (host, port))) {
        text = text.replace(&format!("{host}:{port}"), &format!("{host}:{}", place.config.server.port));
    }
    // Nobody else has this folder.
    text.replace(&place.work.display().to_string(), "[..]")
}

#[cfg(test)]
mod tests;
