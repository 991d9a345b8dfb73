//! What is wrong, and where.

use std::fmt;

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
