//! The sentences in front of code blocks.

use crate::pages::edit::How;

/// What the sentence in front of a block announces.
#[derive(Debug, PartialEq, Eq)]
pub enum Sentence<'a> {
    Create(&'a str),
    Find(&'a str),
    Then(How),
    Append(&'a str),
    Take,
    RunFirst,
    Run,
    Log,
    WhatCiRuns,
    Begin,
    Type,
    /// Only these files contain the word.
    OccursOnlyIn(&'a str),
}

impl<'a> Sentence<'a> {
    pub fn parse(text: &'a str) -> Option<Self> {
        let quoted = |before: &str, after: &str| {
            let word = text.strip_prefix(before)?.strip_suffix(after)?;
            (!word.contains('`')).then_some(word)
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
            text if ends_with_words(text, "take these files from the finished repository:") => Self::Take,
            text if ends_with_words(text, "begin with:") => Self::Begin,
            text if ends_with_words(text, "type:") => Self::Type,
            text if ends_with_words(text, "what ci runs:") => Self::WhatCiRuns,
            text if ends_with_words(text, "run:") && !text.contains("terminal") => Self::Run,
            text if text.starts_with("the first terminal") && ends_with_words(text, "shows:") => Self::Log,
            _ => quoted("Create `", "`:")
                .map(Self::Create)
                .or_else(|| quoted("In `", "`, find:").map(Self::Find))
                .or_else(|| quoted("At the end of `", "`, add:").map(Self::Append))
                .or_else(|| quoted("In the starting tree, `", "` occurs only in:").map(Self::OccursOnlyIn))?,
        })
    }

    /// The language of its block, unless that is code of any, and what the block holds.
    pub fn language(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Create(_) | Self::Find(_) | Self::Then(_) | Self::Append(_) => return None,
            Self::Take | Self::RunFirst | Self::Run | Self::WhatCiRuns | Self::Begin | Self::Type => {
                ("console", "commands are")
            }
            Self::Log => ("text", "what a terminal shows is"),
            Self::OccursOnlyIn(_) => ("text", "a list of files is"),
        })
    }
}

fn ends_with_words(text: &str, end: &str) -> bool {
    text.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

/// The last sentence of a paragraph; a full stop inside of code ends none.
pub fn last_sentence(paragraph: &str) -> &str {
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
