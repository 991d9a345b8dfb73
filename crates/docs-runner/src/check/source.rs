//! Code that a page shows occurs in its file exactly once; and the commands that CI runs are those of its script.

use crate::pages::book::Book;
use crate::pages::grammar::Action;
use crate::pages::transcript::Step;
use crate::problem::Problem;
use crate::tree::Tree;

pub fn problems(book: &Book, tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for chapter in &book.chapters {
        for block in &chapter.blocks {
            let wrong = match &block.action {
                Action::Source { path, code } => source(tree, path, code),
                Action::WhatCiRuns(steps) => what_ci_runs(&book.config.ci, tree, steps),
                Action::Edit(_)
                | Action::Start(_)
                | Action::Run(_)
                | Action::Log(_)
                | Action::Typed(_)
                | Action::OccursOnlyIn { .. }
                | Action::Illustration => None,
            };
            problems.extend(wrong.map(|message| Problem::new(chapter.path(), block.line, message)));
        }
    }
    problems
}

fn source(tree: &Tree, path: &str, code: &[String]) -> Option<String> {
    let Some(text) = tree.text(path) else { return Some(format!("there is no file `{path}`")) };
    let lines: Vec<&str> = text.lines().collect();
    let code = without_indent(&code.iter().map(String::as_str).collect::<Vec<_>>());
    let count = lines.windows(code.len().max(1)).filter(|window| without_indent(window) == code).count();
    match count {
        1 => None,
        0 => Some(format!("this code is not in `{path}`, so the page is stale{}", closest(&lines, &code))),
        _ => Some(format!("this code is {count} times in `{path}`; show more of it")),
    }
}

/// A page may show code from within a block without the block's indentation.
fn without_indent<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or_default();
    lines.iter().map(|line| line.get(least..).unwrap_or_default()).collect()
}

/// Where the file departs from the code, if it has its first line once.
fn closest(lines: &[&str], code: &[&str]) -> String {
    let is_first = |line: &&str| code.first().is_some_and(|first| first.trim() == line.trim());
    let mut begins = (0..lines.len()).filter(|at| is_first(&lines[*at]));
    let (Some(begin), None) = (begins.next(), begins.next()) else { return String::new() };
    let differs = |at: &usize| lines.get(begin + at).map(|line| line.trim()) != Some(code[*at].trim());
    let Some(at) = (0..code.len()).find(differs) else { return String::new() };
    let line = lines.get(begin + at).map_or("its end", |line| line.trim());
    format!("; line {} is `{}` here and `{line}` there", at + 1, code[at].trim())
}

fn what_ci_runs(ci: &str, tree: &Tree, steps: &[Step]) -> Option<String> {
    let Some(script) = tree.text(ci) else { return Some(format!("there is no `{ci}` to compare with")) };
    let missing = |step: &&Step| !script.lines().any(|line| line.trim() == step.command);
    let step = steps.iter().find(missing)?;
    Some(format!("`{}` is no line of `{ci}`, so this is not what CI runs", step.command))
}
