//! What a code block is for. The sentence above it says so, in words that its reader follows and this tool executes;
//! a block that nothing owns is an error. `docs/contributing-docs.md` lists the sentences.

use std::fmt;

use super::edit::{Edit, How};
use super::page::{Fence, Page, Part};
use super::problem::Problem;
use super::transcript::{self, Step};

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
    /// A drawing; nothing to check.
    Illustration,
}

/// How many blocks of which kind there are.
#[derive(Default)]
pub struct Counts([usize; KINDS.len()]);

const KINDS: [&str; 6] = ["edit", "console", "log", "ci", "source", "illustration"];

impl Counts {
    pub fn add(&mut self, block: &Block) {
        self.0[match block.action {
            Action::Edit(_) => 0,
            Action::Start(_) | Action::Run(_) => 1,
            Action::Log(_) => 2,
            Action::WhatCiRuns(_) => 3,
            Action::Source { .. } => 4,
            Action::Illustration => 5,
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

/// What the sentence in front of a block announces.
#[derive(Debug, PartialEq, Eq)]
enum Sentence<'a> {
    Create(&'a str),
    Find(&'a str),
    Then(How),
    Append(&'a str),
    RunFirst,
    Run,
    Log,
    WhatCiRuns,
}

impl<'a> Sentence<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let path = |before: &str, after: &str| {
            let path = text.strip_prefix(before)?.strip_suffix(after)?;
            (!path.contains('`')).then_some(path)
        };
        let words = text.to_lowercase();
        let in_terminal = |number: &str| {
            ["a", "the"].iter().any(|article| words == format!("in {article} {number} terminal, run:"))
        };
        Some(match words.as_str() {
            "and add below it:" => Self::Then(How::AddBelow),
            "and add above it:" => Self::Then(How::AddAbove),
            "and replace it with:" => Self::Then(How::Replace),
            _ if in_terminal("first") => Self::RunFirst,
            _ if in_terminal("second") => Self::Run,
            text if ends_with_words(text, "what ci runs:") => Self::WhatCiRuns,
            text if ends_with_words(text, "run:") && !text.contains("terminal") => Self::Run,
            text if text.starts_with("the first terminal") && ends_with_words(text, "shows:") => Self::Log,
            _ => path("Create `", "`:")
                .map(Self::Create)
                .or_else(|| path("In `", "`, find:").map(Self::Find))
                .or_else(|| path("At the end of `", "`, add:").map(Self::Append))?,
        })
    }
}

fn ends_with_words(text: &str, end: &str) -> bool {
    text.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

/// The last sentence of a paragraph; a full stop inside of code ends none.
fn last_sentence(paragraph: &str) -> &str {
    let mut in_code = false;
    let mut begin = 0;
    for (at, character) in paragraph.char_indices() {
        match character {
            '`' => in_code = !in_code,
            '.' | '?' | '!' if !in_code && paragraph[at + 1..].starts_with(' ') => begin = at + 2,
            _ => {}
        }
    }
    paragraph[begin..].trim()
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
        let code = || fence.text();
        let owned = |path: &str| path.to_owned();
        let language = words[0];
        let action = match (sentence, find) {
            (Some(Sentence::Create(path)), None) => {
                Action::Edit(Edit::Create { path: owned(path), code: code() })
            }
            (Some(Sentence::Append(path)), None) => {
                Action::Edit(Edit::Append { path: owned(path), code: code() })
            }
            (Some(Sentence::Find(path)), None) => {
                self.find = Some((fence, owned(path)));
                return Ok(None);
            }
            (Some(Sentence::Then(how)), Some((found, path))) => {
                let action = Action::Edit(Edit::Change { path, find: found.text(), how, code: code() });
                self.blocks.push(Block { line: found.line, action });
                return Ok(None);
            }
            (_, Some((found, path))) => {
                return Err((
                    found.line,
                    format!("says what to find in `{path}`, but not what to do with it"),
                ));
            }
            (Some(Sentence::Log), None) if language == "text" => Action::Log(fence.body.clone()),
            (Some(Sentence::Run), None) if language == "console" => Action::Run(steps(fence)?),
            (Some(Sentence::WhatCiRuns), None) if language == "console" => Action::WhatCiRuns(steps(fence)?),
            (Some(Sentence::RunFirst), None) if language == "console" => {
                let steps: [Step; 1] = steps(fence)?.try_into().map_err(|_| {
                    here(
                        "the first terminal runs one command at a time; give it a block of its own"
                            .to_owned(),
                    )
                })?;
                let [step] = steps;
                Action::Start(step)
            }
            (sentence, None) => return Err(here(unowned(language, sentence.as_ref(), last_sentence(&said)))),
        };
        Ok(Some(action))
    }
}

fn steps(fence: &Fence) -> Result<Vec<Step>, (usize, String)> {
    transcript::parse(&fence.body, fence.line + 1)
}

fn unowned(language: &str, sentence: Option<&Sentence<'_>>, said: &str) -> String {
    match sentence {
        Some(Sentence::Log) => format!("what a terminal shows is ```text, not ```{language}"),
        Some(Sentence::Run | Sentence::RunFirst | Sentence::WhatCiRuns) => {
            format!("commands are ```console, not ```{language}")
        }
        _ if said.is_empty() => "a code block without an instruction in front of it".to_owned(),
        _ => format!(
            "a code block without an instruction that I know; the sentence in front of it is \"{said}\""
        ),
    }
}

#[cfg(test)]
mod tests;
