//! Commands of this tool that only readers type. Who executes the pages does the same without them.

use crate::docs::transcript::Step;

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

const DOCS: &str = "cargo xtask docs ";

impl Typed {
    /// The command that a guide begins with, which names the folder of `page`.
    pub fn start(step: &Step, page: &str) -> Result<Self, String> {
        let folder = page.rsplit('/').nth(1).unwrap_or_default();
        let wanted = format!("{DOCS}start {folder}");
        if alone(step)? == wanted {
            return Ok(Self::Start);
        }
        Err(format!("a page of this folder begins with `{wanted}`, not with `{}`", step.command))
    }

    pub fn parse(step: &Step) -> Result<Self, String> {
        let arguments = alone(step)?.strip_prefix(DOCS).unwrap_or_default();
        match arguments.split(' ').collect::<Vec<_>>()[..] {
            ["compare"] => Ok(Self::Compare),
            ["goto", page] => Ok(Self::Goto(page.to_owned())),
            _ => Err(format!(
                "only `{DOCS}compare` and `{DOCS}goto PAGE` are typed without being executed here, not `{}`; \
                 commands that are executed come behind \"run:\"",
                step.command
            )),
        }
    }
}

/// The command of a step that shows nothing else.
pub fn alone(step: &Step) -> Result<&str, String> {
    if step.shown.is_empty() && step.status == 0 {
        return Ok(&step.command);
    }
    Err(format!("nothing but the command may be in this block, not what it prints: `{}`", step.command))
}
