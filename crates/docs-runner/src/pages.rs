//! Pages as their readers understand them: sentences, blocks, edits, and the order of the pages.

pub mod book;
pub mod chapter;
pub mod edit;
pub mod grammar;
pub mod page;
pub mod sequence;
pub mod take;
pub mod transcript;
