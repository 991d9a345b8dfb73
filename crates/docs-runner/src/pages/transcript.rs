//! What a ```` ```console ```` block shows: commands, what they print, and how they end.
//!
//! `$ ` begins a command and `> ` goes on with it. The other lines are its output: `...` stands for any lines, `[..]` for
//! any characters of one line, and `? N` at the end for an exit status other than 0.

use std::ops::Range;

/// One command of a block.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of the page.
    pub line: usize,
    pub command: String,
    /// What it prints; empty if the page does not say.
    pub shown: Vec<String>,
    /// The lines of the page that show output and status.
    pub shown_at: Range<usize>,
    /// The exit status.
    pub status: i32,
}

/// Reads the body of a block that begins at `line` of its page. An error is a line and a sentence.
pub fn parse(body: &[String], line: usize) -> Result<Vec<Step>, (usize, String)> {
    let mut steps: Vec<Step> = Vec::new();
    for (line, text) in (line..).zip(body) {
        let running = steps.last_mut().filter(|step| step.shown.is_empty());
        if let Some(command) = text.strip_prefix("$ ") {
            let (command, shown_at) = (command.to_owned(), line + 1..line + 1);
            steps.push(Step { line, command, shown: Vec::new(), shown_at, status: 0 });
        } else if let (Some(more), Some(step)) = (text.strip_prefix("> "), running) {
            step.command.push('\n');
            step.command.push_str(more);
            step.shown_at = line + 1..line + 1;
        } else if let Some(step) = steps.last_mut() {
            step.shown.push(text.clone());
            step.shown_at.end = line + 1;
        } else {
            return Err((line, "a console block must begin with a command: `$ COMMAND`".to_owned()));
        }
    }
    if steps.is_empty() {
        return Err((line, "a console block without a command".to_owned()));
    }
    for step in &mut steps {
        step.finish()?;
    }
    Ok(steps)
}

impl Step {
    /// The command, if the page shows nothing else.
    pub fn alone(&self) -> Result<&str, String> {
        if self.shown.is_empty() && self.status == 0 {
            return Ok(&self.command);
        }
        Err(format!("nothing but the command may be in this block, not what it prints: `{}`", self.command))
    }

    /// Blank lines at the end only set commands apart; then comes the status.
    fn finish(&mut self) -> Result<(), (usize, String)> {
        while self.shown.last().is_some_and(|line| line.trim().is_empty()) {
            self.shown.pop();
            self.shown_at.end -= 1;
        }
        let Some(status) = self.shown.last().and_then(|line| line.strip_prefix("? ")) else { return Ok(()) };
        self.status = status.trim().parse().map_err(|_| {
            (self.shown_at.end - 1, format!("`? {status}` is no exit status; write a number"))
        })?;
        self.shown.pop();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Result<Vec<Step>, (usize, String)> {
        parse(&text.lines().map(str::to_owned).collect::<Vec<_>>(), 11)
    }

    #[test]
    fn a_block_becomes_commands_with_their_outputs() {
        let steps = steps("$ curl \\\n>   -s\n{\n> 1\n}\n\n$ true\n$ false\nno\n? 1\n").unwrap();
        let seen: Vec<_> = steps.iter().map(|step| (step.line, step.command.as_str(), step.status)).collect();
        assert_eq!(seen, [(11, "curl \\\n  -s", 0), (17, "true", 0), (18, "false", 1)]);
        assert_eq!(steps[0].shown, ["{", "> 1", "}"]);
        assert_eq!((steps[0].shown_at.clone(), steps[1].shown_at.clone()), (13..16, 18..18));
        assert_eq!((steps[2].shown.as_slice(), steps[2].shown_at.clone()), (&["no".to_owned()][..], 19..21));
    }

    #[test]
    fn a_block_without_a_command_and_a_wrong_status_are_refused() {
        assert_eq!(
            steps("ls\n").unwrap_err(),
            (11, "a console block must begin with a command: `$ COMMAND`".to_owned())
        );
        assert_eq!(steps("").unwrap_err(), (11, "a console block without a command".to_owned()));
        assert_eq!(
            steps("$ ls\n? one\n").unwrap_err(),
            (12, "`? one` is no exit status; write a number".to_owned())
        );
    }
}
