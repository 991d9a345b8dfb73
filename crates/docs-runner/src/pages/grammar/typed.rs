//! Commands of this tool that only readers type. Who executes the pages does the same without them.

use crate::config::COMMAND;
use crate::pages::transcript::Step;

/// What a reader of a guide tells this tool.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// `cargo xtask docs start NAME`: take the feature out.
    Start,
    /// `cargo xtask docs compare`: how far am I?
    Compare,
    /// `cargo xtask docs goto PAGE`: lay the state in which this page begins.
    Goto(String),
}

impl Typed {
    /// The command that a guide begins with, which names the folder of `page`.
    pub fn start(step: &Step, page: &str) -> Result<Self, String> {
        let folder = page.rsplit('/').nth(1).unwrap_or_default();
        let wanted = format!("{COMMAND} start {folder}");
        if step.alone()? == wanted {
            return Ok(Self::Start);
        }
        Err(format!("a page of this folder begins with `{wanted}`, not with `{}`", step.command))
    }

    pub fn parse(step: &Step) -> Result<Self, String> {
        let arguments = step.alone()?.strip_prefix(COMMAND).and_then(|rest| rest.strip_prefix(' '));
        match arguments.unwrap_or_default().split(' ').collect::<Vec<_>>()[..] {
            ["compare"] => Ok(Self::Compare),
            ["goto", page] => Ok(Self::Goto(page.to_owned())),
            _ => Err(format!(
                "only `{COMMAND} compare` and `{COMMAND} goto PAGE` are typed without being executed here, not `{}`; \
                 commands that are executed come behind \"run:\"",
                step.command
            )),
        }
    }
}
