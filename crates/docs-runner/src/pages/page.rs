//! Markdown, as far as this tool has to see it: headings, paragraphs and fenced code blocks.
//!
//! What a reader would see differently than this parser is refused: a comment is invisible in the book, an indented
//! block is code without a fence.

use crate::problem::Problem;

/// A page as a list of parts.
#[derive(Debug)]
pub struct Page {
    /// From the root of the repository.
    pub path: String,
    pub parts: Vec<Part>,
}

#[derive(Debug)]
pub enum Part {
    Heading(Prose),
    /// Lines without a blank one between them: a paragraph, a list, a table.
    Paragraph(Prose),
    Fence(Fence),
}

#[derive(Debug)]
pub struct Prose {
    /// Of the first of the lines.
    pub line: usize,
    pub lines: Vec<String>,
}

#[derive(Debug)]
pub struct Fence {
    /// Of the opening fence.
    pub line: usize,
    /// What stands behind the backticks.
    pub info: String,
    pub body: Vec<String>,
}

impl Page {
    pub fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        let wrong = |line: usize, message: &str| Err(Problem::new(path, line, message));
        let mut parts = Vec::new();
        let mut lines = (1..).zip(text.lines());
        let mut after_blank = true;
        while let Some((line, content)) = lines.next() {
            let inner = content.trim_start();
            if content.contains("<!--") {
                return wrong(line, "a comment, which no reader sees; say it or drop it");
            }
            if inner.starts_with("~~~") || (inner.starts_with("```") && inner != content) {
                return wrong(line, "a code block must begin with ``` at the left margin");
            }
            if after_blank && (content.starts_with("    ") || content.starts_with('\t')) && !inner.is_empty()
            {
                return wrong(line, "an indented code block; use a fence");
            }
            after_blank = inner.is_empty();
            let ticks = content.bytes().take_while(|byte| *byte == b'`').count();
            if ticks >= 3 {
                let is_end =
                    |text: &str| text.trim_end().len() >= ticks && text.trim_end().bytes().all(|b| b == b'`');
                let mut body = Vec::new();
                let closed = loop {
                    match lines.next() {
                        None => break false,
                        Some((_, text)) if is_end(text) => break true,
                        Some((_, text)) => body.push(text.to_owned()),
                    }
                };
                if !closed {
                    return wrong(line, "a code block that never ends");
                }
                parts.push(Part::Fence(Fence { line, info: content[ticks..].trim().to_owned(), body }));
                // Between a fence and a paragraph right below it, no blank line is needed.
                after_blank = true;
            } else if is_heading(content) {
                parts.push(Part::Heading(Prose { line, lines: vec![content.to_owned()] }));
            } else if !inner.is_empty() {
                match parts.last_mut() {
                    Some(Part::Paragraph(prose)) if prose.line + prose.lines.len() == line => {
                        prose.lines.push(content.to_owned());
                    }
                    _ => parts.push(Part::Paragraph(Prose { line, lines: vec![content.to_owned()] })),
                }
            }
        }
        Ok(Self { path: path.to_owned(), parts })
    }

    /// The lines outside of code blocks, with their numbers.
    pub fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Heading(prose) | Part::Paragraph(prose) => Some(prose),
                Part::Fence(_) => None,
            })
            .flat_map(|prose| (prose.line..).zip(prose.lines.iter().map(String::as_str)))
    }

    /// The headings without their `#`.
    pub fn headings(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Heading(prose) => prose.lines.first().map(|line| line.trim_start_matches('#').trim()),
            Part::Paragraph(_) | Part::Fence(_) => None,
        })
    }
}

fn is_heading(line: &str) -> bool {
    let marks = line.bytes().take_while(|byte| *byte == b'#').count();
    (1..=6).contains(&marks) && line[marks..].starts_with(' ')
}

impl Prose {
    /// The lines as one.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

impl Fence {
    /// The code, with a newline after every line.
    pub fn text(&self) -> String {
        self.body.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Page::parse("p.md", text).unwrap_err().to_string()
    }

    #[test]
    fn a_page_becomes_headings_paragraphs_and_code_blocks() {
        let text = "# A `b`\nOne\n  two.\n\n- three\n```rust src=\"x\"\nlet a;\n\n```\nFour\n#five\n";
        let page = Page::parse("p.md", text).unwrap();
        let [
            Part::Heading(_),
            Part::Paragraph(first),
            Part::Paragraph(list),
            Part::Fence(fence),
            Part::Paragraph(last),
        ] = &page.parts[..]
        else {
            panic!("{page:#?}")
        };
        assert_eq!((first.line, first.text().as_str()), (2, "One two."));
        assert_eq!((list.line, list.text().as_str()), (5, "- three"));
        assert_eq!(
            (fence.line, fence.info.as_str(), fence.text().as_str()),
            (6, "rust src=\"x\"", "let a;\n\n")
        );
        assert_eq!((last.line, last.text().as_str()), (10, "Four #five"));
        assert_eq!(page.headings().collect::<Vec<_>>(), ["A `b`"]);
        assert_eq!(page.prose().map(|(line, _)| line).collect::<Vec<_>>(), [1, 2, 3, 5, 10, 11]);
    }

    #[test]
    fn a_longer_fence_holds_shorter_ones() {
        let page = Page::parse("p.md", "````text illustration\n```\na\n```\n````\nb").unwrap();
        let Part::Fence(fence) = &page.parts[0] else { panic!("{page:#?}") };
        assert_eq!(fence.body, ["```", "a", "```"]);
        assert_eq!(page.parts.len(), 2);
    }

    #[test]
    fn what_a_reader_would_see_differently_is_refused() {
        assert_eq!(refused("a\n<!-- b -->"), "p.md:2: a comment, which no reader sees; say it or drop it");
        assert_eq!(refused("- a\n  ```\n  b"), "p.md:2: a code block must begin with ``` at the left margin");
        assert_eq!(refused("~~~\na\n~~~"), "p.md:1: a code block must begin with ``` at the left margin");
        assert_eq!(refused("a\n\n    code"), "p.md:3: an indented code block; use a fence");
        assert_eq!(refused("a\n\n```text\nb"), "p.md:3: a code block that never ends");
    }
}
