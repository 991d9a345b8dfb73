//! Whether a command printed what its page shows; and what the page should show instead.
//!
//! JSON is compared by value, so that a page can lay it out for readers, but with the members in their order. What
//! stands before and after it is compared line by line.

use super::json::Json;
use super::shape::has_shape;
use super::wording::{ANY_LINES, Pair, line_fits, lines_fit};
use crate::config::Numbers;

/// The result of one comparison.
#[derive(Debug)]
pub struct Comparison<'a> {
    numbers: &'a Numbers,
    /// One sentence each; none if the output is as shown.
    pub differences: Vec<String>,
    /// The names that were found where the page has its own.
    pub pairs: Vec<Pair>,
}

#[derive(Debug)]
enum Piece {
    Lines(Vec<String>),
    Json(Json),
}

/// Cuts an output into JSON documents, which begin on lines of their own, and the lines between them.
fn pieces(lines: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if let Some((json, length)) = document(&lines[at..]) {
            pieces.push(Piece::Json(json));
            at += length;
            continue;
        }
        match pieces.last_mut() {
            Some(Piece::Lines(before)) => before.push(lines[at].clone()),
            _ => pieces.push(Piece::Lines(vec![lines[at].clone()])),
        }
        at += 1;
    }
    pieces
}

/// An object or an array that begins on the first of the lines and ends at the end of one, and how many it takes.
fn document(lines: &[String]) -> Option<(Json, usize)> {
    if !lines.first()?.starts_with(['{', '[']) {
        return None;
    }
    let text = lines.join("\n");
    let (json, end) = Json::read(&text)?;
    text[end..].lines().next().unwrap_or_default().trim().is_empty().then_some(())?;
    Some((json, text[..end].lines().count()))
}

/// Lines without the blank ones at their end.
pub fn output_lines(output: &str) -> Vec<String> {
    output.trim_end().lines().map(str::to_owned).collect()
}

/// Compares what a page shows, if it shows anything, with what was printed.
pub fn compare<'a>(shown: &[String], got: &[String], numbers: &'a Numbers) -> Comparison<'a> {
    let mut comparison = Comparison::new(numbers);
    if shown.is_empty() {
        return comparison;
    }
    let shown_pieces = pieces(shown);
    if !shown_pieces.iter().any(|piece| matches!(piece, Piece::Json(_))) {
        comparison.lines(shown, got);
        return comparison;
    }
    let got_pieces = pieces(got);
    let mut got_pieces = got_pieces.iter();
    for shown in &shown_pieces {
        match (shown, got_pieces.next()) {
            (Piece::Json(shown), Some(Piece::Json(got))) => comparison.json("", "", shown, got),
            (Piece::Lines(shown), Some(Piece::Lines(got))) => comparison.lines(shown, got),
            (Piece::Json(_), _) => {
                comparison.differences.push("the page shows JSON, but it printed something else".to_owned());
                return comparison;
            }
            (Piece::Lines(shown), _) => {
                comparison
                    .differences
                    .push(format!("the page shows \"{}\", but it did not print that", shown[0]));
                return comparison;
            }
        }
    }
    if got_pieces.next().is_some() {
        comparison.differences.push("it printed more than the page shows".to_owned());
    }
    comparison
}

impl<'a> Comparison<'a> {
    fn new(numbers: &'a Numbers) -> Self {
        Self { numbers, differences: Vec::new(), pairs: Vec::new() }
    }

    fn lines(&mut self, shown: &[String], got: &[String]) {
        let all = |lines: &[String]| lines.join("\n");
        let (shown_text, got_text) = (all(shown), all(got));
        let (shown, got): (Vec<&str>, Vec<&str>) = (shown_text.lines().collect(), got_text.lines().collect());
        if lines_fit(&shown, &got, &mut self.pairs) {
            return;
        }
        let fits = |(shown, got): (&&str, &&str)| line_fits(shown, got, &mut Vec::new());
        let same = shown.iter().zip(&got).take_while(|pair| fits(*pair)).count();
        let line =
            |lines: &[&str]| lines.get(same).map_or("nothing".to_owned(), |line| format!("\"{line}\""));
        self.differences.push(match shown.get(same) {
            Some(&ANY_LINES) => format!("what the page shows from \"{ANY_LINES}\" on does not fit"),
            Some(_) | None => {
                format!("line {}: the page shows {}, but it was {}", same + 1, line(&shown), line(&got))
            }
        });
    }

    /// `at` is the way to this value, `member` the name of the member it is in.
    fn json(&mut self, at: &str, member: &str, shown: &Json, got: &Json) {
        match (shown, got) {
            (Json::Object(shown), Json::Object(got)) => self.members(at, shown, got),
            (Json::Array(shown), Json::Array(got)) if shown.len() == got.len() => {
                for (index, (shown, got)) in shown.iter().zip(got).enumerate() {
                    self.json(&format!("{at}[{index}]"), member, shown, got);
                }
            }
            (Json::Text(shown), Json::Text(got)) if line_fits(shown, got, &mut self.pairs) => {}
            (Json::Bare(shown), Json::Bare(got)) if shown == got || self.have_shape(member, [shown, got]) => {
            }
            _ => {
                let at = if at.is_empty() { "the answer" } else { at };
                self.differences.push(format!(
                    "{at}: the page shows {}, but it was {}",
                    shown.short(),
                    got.short()
                ));
            }
        }
    }

    /// Whether values of this member are compared by shape, and both have it.
    fn have_shape(&self, member: &str, values: [&String; 2]) -> bool {
        self.numbers.get(member).is_some_and(|number| values.iter().all(|value| has_shape(*number, value)))
    }

    fn members(&mut self, at: &str, shown: &[(String, Json)], got: &[(String, Json)]) {
        let before = self.differences.len();
        for (name, value) in shown {
            match got.iter().find(|(other, _)| other == name) {
                Some((_, got)) => self.json(&format!("{at}.{name}"), name, value, got),
                None => self.differences.push(format!("{at}.{name}: on the page, but not in the answer")),
            }
        }
        for (name, value) in got {
            if !shown.iter().any(|(other, _)| other == name) {
                let value = value.short();
                self.differences.push(format!("{at}.{name}: in the answer, but not on the page: {value}"));
            }
        }
        let names = |members: &[(String, Json)]| {
            members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        };
        if self.differences.len() == before && names(shown) != names(got) {
            let (shown, got) = (names(shown), names(got));
            self.differences
                .push(format!("{at}: the page shows the members {shown}, but the order was {got}"));
        }
    }
}

/// An output as pages show it.
pub fn readable(got: &[String]) -> Vec<String> {
    blessed(&[], got, &Numbers::new())
}

/// What the page should show for this output. Where it was right already, changing values stay as they are.
pub fn blessed(shown: &[String], got: &[String], numbers: &Numbers) -> Vec<String> {
    if !shown.is_empty() && compare(shown, got, numbers).differences.is_empty() {
        return shown.to_vec();
    }
    let mut shown = pieces(shown).into_iter().peekable();
    let mut lines = Vec::new();
    for got in pieces(got) {
        match got {
            Piece::Json(got) => {
                let shown = shown.find_map(|piece| match piece {
                    Piece::Json(json) => Some(json),
                    Piece::Lines(_) => None,
                });
                let json = shown.map_or(got.clone(), |shown| blessed_json("", &shown, &got, numbers));
                lines.extend(json.pretty().lines().map(str::to_owned));
            }
            Piece::Lines(got) => {
                let old = shown.next_if(|piece| matches!(piece, Piece::Lines(_)));
                let mut old = match old {
                    Some(Piece::Lines(lines)) => lines,
                    Some(Piece::Json(_)) | None => Vec::new(),
                };
                old.retain(|line| line != ANY_LINES);
                let mut old = old.as_slice();
                for line in got {
                    let fits = |shown: &String| line_fits(shown, &line, &mut Vec::new());
                    match old.iter().position(fits) {
                        Some(at) => {
                            lines.push(old[at].clone());
                            old = &old[at + 1..];
                        }
                        None => lines.push(line),
                    }
                }
            }
        }
    }
    lines
}

fn blessed_json(member: &str, shown: &Json, got: &Json, numbers: &Numbers) -> Json {
    let mut comparison = Comparison::new(numbers);
    comparison.json("", member, shown, got);
    match (shown, got) {
        _ if comparison.differences.is_empty() => shown.clone(),
        (Json::Object(shown), Json::Object(got)) => Json::Object(
            got.iter()
                .map(|(name, value)| {
                    let old = shown.iter().find(|(other, _)| other == name);
                    (
                        name.clone(),
                        old.map_or(value.clone(), |(_, old)| blessed_json(name, old, value, numbers)),
                    )
                })
                .collect(),
        ),
        (Json::Array(shown), Json::Array(got)) => Json::Array(
            got.iter()
                .enumerate()
                .map(|(index, value)| {
                    shown.get(index).map_or(value.clone(), |old| blessed_json(member, old, value, numbers))
                })
                .collect(),
        ),
        _ => got.clone(),
    }
}

#[cfg(test)]
mod tests;
