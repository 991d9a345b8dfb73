//! What a code block is for. The sentence above it says so, in words that its reader follows and this tool executes;
//! a block that nothing owns is an error. `docs/contributing-docs.md` lists the sentences.

mod sentence;
mod typed;

use std::fmt;

use super::edit::Edit;
use super::page::{Fence, Page, Part};
use super::take::Take;
use super::transcript::{self, Step};
use crate::problem::Problem;
use sentence::{Sentence, last_sentence};
pub use typed::Typed;

/// A code block (or the two of one instruction) and what is done with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Of the opening fence.
    pub line: usize,
    pub action: Action,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// A change to a file.
    Edit(Edit),
    /// A command that goes on running, while others run in another terminal.
    Start(Step),
    /// Commands, one after the other.
    Run(Vec<Step>),
    /// Lines that the first terminal shows, in this order, perhaps with others between them.
    Log(Vec<String>),
    /// The commands of `.ci/run`; compared, not executed.
    WhatCiRuns(Vec<Step>),
    /// Lines that occur in this file exactly once.
    Source { path: String, code: Vec<String> },
    /// A command for the reader; the program does the same by itself.
    Typed(Typed),
    /// In the starting tree of a guide, these files and no others contain the word.
    OccursOnlyIn { word: String, paths: Vec<String> },
    /// A drawing; nothing to check.
    Illustration,
}

/// How many blocks of which kind there are.
#[derive(Default)]
pub struct Counts([usize; KINDS.len()]);

const KINDS: [&str; 8] = ["edit", "console", "log", "ci", "source", "typed", "list", "illustration"];

impl Counts {
    pub fn add(&mut self, block: &Block) {
        self.0[match block.action {
            Action::Edit(_) => 0,
            Action::Start(_) | Action::Run(_) => 1,
            Action::Log(_) => 2,
            Action::WhatCiRuns(_) => 3,
            Action::Source { .. } => 4,
            Action::Typed(_) => 5,
            Action::OccursOnlyIn { .. } => 6,
            Action::Illustration => 7,
        }] += 1;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts: Vec<_> =
            KINDS.iter().zip(self.0).map(|(kind, count)| format!("{count} {kind}")).collect();
        formatter.write_str(&counts.join(", "))
    }
}

/// The blocks of a page in its order, or everything that is wrong with them.
pub fn blocks(page: &Page) -> Result<Vec<Block>, Vec<Problem>> {
    let mut reader = Reader { page, blocks: Vec::new(), problems: Vec::new(), find: None, said: None };
    for part in &page.parts {
        reader.part(part);
    }
    reader.nothing_follows();
    if reader.problems.is_empty() { Ok(reader.blocks) } else { Err(reader.problems) }
}

struct Reader<'a> {
    page: &'a Page,
    blocks: Vec<Block>,
    problems: Vec<Problem>,
    /// What to look for, until the page says what to do with it.
    find: Option<(&'a Fence, String)>,
    /// The paragraph right before, and the line it ends on.
    said: Option<(usize, String)>,
}

impl<'a> Reader<'a> {
    fn problem(&mut self, line: usize, message: impl Into<String>) {
        self.problems.push(Problem::new(&self.page.path, line, message));
    }

    fn part(&mut self, part: &'a Part) {
        match part {
            Part::Heading(_) => self.nothing_follows(),
            Part::Paragraph(prose) => {
                // Only what to do with the lines that were found may stand between the two blocks.
                let text = prose.text();
                let is_then = matches!(Sentence::parse(&text), Some(Sentence::Then(_)));
                if !(is_then && self.find.is_some() && self.said.is_none()) {
                    self.nothing_follows();
                }
                self.said = Some((prose.line + prose.lines.len() - 1, text));
            }
            Part::Fence(fence) => match self.fence(fence) {
                Ok(Some(action)) => self.blocks.push(Block { line: fence.line, action }),
                Ok(None) => {}
                Err((line, message)) => self.problem(line, message),
            },
        }
    }

    /// What was begun must be complete here.
    fn nothing_follows(&mut self) {
        if let Some((fence, path)) = self.find.take() {
            let message = format!("says what to find in `{path}`, but not what to do with it");
            self.problem(fence.line, message);
        }
        if let Some((line, text)) = self.said.take()
            && Sentence::parse(last_sentence(&text)).is_some()
        {
            let message = format!("\"{}\" must stand right before a code block", last_sentence(&text));
            self.problem(line, message);
        }
    }

    fn fence(&mut self, fence: &'a Fence) -> Result<Option<Action>, (usize, String)> {
        let here = |message: String| (fence.line, message);
        let (find, said) = (self.find.take(), self.said.take().map(|(_, text)| text).unwrap_or_default());
        let words: Vec<&str> = fence.info.split_whitespace().collect();
        let sentence = Sentence::parse(last_sentence(&said));
        let announced = sentence.is_some() || find.is_some();
        match words[..] {
            ["text" | "json" | "toml", "illustration"] if !announced => {
                return Ok(Some(Action::Illustration));
            }
            [_, word] if word.starts_with("src=") && !announced => {
                let path = word.strip_prefix("src=\"").and_then(|rest| rest.strip_suffix('"'));
                let path = path.ok_or_else(|| here(format!("`{word}`: write src=\"PATH\"")))?.to_owned();
                return Ok(Some(Action::Source { path, code: fence.body.clone() }));
            }
            [_] => {}
            [] => return Err(here("a code block must name its language".to_owned())),
            _ => {
                let info = &fence.info;
                return Err(here(format!("```{info}: not known here; a language, and nothing else")));
            }
        }
        if fence.body.iter().all(|line| line.trim().is_empty()) {
            return Err(here("an empty code block".to_owned()));
        }
        let language = words[0];
        match (sentence, find) {
            (Some(Sentence::Then(how)), Some((found, path))) => {
                let edit = Edit::Change { path, find: found.text(), how, code: fence.text() };
                self.blocks.push(Block { line: found.line, action: Action::Edit(edit) });
                Ok(None)
            }
            (_, Some((found, path))) => {
                Err((found.line, format!("says what to find in `{path}`, but not what to do with it")))
            }
            (Some(Sentence::Find(path)), None) => {
                self.find = Some((fence, path.to_owned()));
                Ok(None)
            }
            (Some(sentence), None) => match sentence.language() {
                Some((right, content)) if right != language => {
                    Err(here(format!("{content} ```{right}, not ```{language}")))
                }
                _ => self.announced(&sentence, fence).map(Some),
            },
            (None, None) => Err(here(no_instruction(last_sentence(&said)))),
        }
    }

    /// A block of its own, in the language that belongs to its sentence.
    fn announced(&self, sentence: &Sentence<'_>, fence: &Fence) -> Result<Action, (usize, String)> {
        let here = |message: String| (fence.line, message);
        let code = || fence.text();
        let steps = || transcript::parse(&fence.body, fence.line + 1);
        let only_step = |message: &str| {
            let [step]: [Step; 1] = steps()?.try_into().map_err(|_| here(message.to_owned()))?;
            Ok(step)
        };
        Ok(match sentence {
            Sentence::Create(path) => Action::Edit(Edit::Create { path: (*path).to_owned(), code: code() }),
            Sentence::Append(path) => Action::Edit(Edit::Append { path: (*path).to_owned(), code: code() }),
            Sentence::Take => {
                let step = only_step("one command takes all files")?;
                Action::Edit(Edit::Take(Take::parse(&step).map_err(here)?))
            }
            Sentence::Log => Action::Log(fence.body.clone()),
            Sentence::Run => Action::Run(steps()?),
            Sentence::WhatCiRuns => Action::WhatCiRuns(steps()?),
            Sentence::RunFirst => Action::Start(only_step(
                "the first terminal runs one command at a time; give it a block of its own",
            )?),
            Sentence::Begin => {
                let step = only_step("a guide begins with one command")?;
                Action::Typed(Typed::start(&step, &self.page.path).map_err(here)?)
            }
            Sentence::Type => {
                let step = only_step("one command at a time; give it a block of its own")?;
                Action::Typed(Typed::parse(&step).map_err(here)?)
            }
            Sentence::OccursOnlyIn(word) => {
                Action::OccursOnlyIn { word: (*word).to_owned(), paths: fence.body.clone() }
            }
            Sentence::Find(_) | Sentence::Then(_) => {
                return Err(here("there is nothing found, so nothing can be done with it".to_owned()));
            }
        })
    }
}

fn no_instruction(sentence: &str) -> String {
    if sentence.is_empty() {
        return "a code block without an instruction in front of it".to_owned();
    }
    format!("a code block without an instruction that I know; the sentence in front of it is \"{sentence}\"")
}

#[cfg(test)]
mod tests;
