//! A page of the book, and what its blocks are for.

use super::grammar::{Action, Block};
use super::page::Page;

pub struct Chapter {
    pub page: Page,
    pub blocks: Vec<Block>,
    /// Whether it is about code that is already here.
    pub in_guide: bool,
}

impl Chapter {
    pub fn path(&self) -> &str {
        &self.page.path
    }

    pub fn has_edits(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block.action, Action::Edit(_)))
    }

    /// Whether there is anything to execute.
    pub fn has_actions(&self) -> bool {
        self.has_edits()
            || self.blocks.iter().any(|block| matches!(block.action, Action::Run(_) | Action::Start(_)))
    }

    /// The part of the path up to the file name.
    pub fn folder(&self) -> &str {
        folder(self.path())
    }
}

/// The part of a path up to the file name.
pub fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |end| &path[..=end])
}
