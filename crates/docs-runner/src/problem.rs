//! What is wrong, and where.

use std::fmt;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense: exit code 2.
    Usage(String),
    /// The command ran and found something wrong: exit code 1.
    Failed(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// One sentence about one place of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The page, from the root of the repository.
    pub page: String,
    /// The line, counted from 1.
    pub line: usize,
    pub message: String,
}

impl Problem {
    pub fn new(page: &str, line: usize, message: impl Into<String>) -> Self {
        Self { page: page.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.page, self.line, self.message)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem.to_string())
    }
}

/// One problem per line.
pub fn sentences(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
