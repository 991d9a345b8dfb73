//! JSON as it stands on a page: members in their order, numbers as they are written.
//!
//! `serde_json`'s own value sorts the members of an object, but a page that shows them in another order than the answer
//! has them is wrong.

use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    /// Without the quotes and escapes.
    Text(String),
    /// A number, `true`, `false` or `null`, as it is written: `1` and `1.0` are not the same answer.
    Bare(String),
}

/// Longer arrays get one line per item.
const WIDTH: usize = 80;

impl Json {
    /// Reads a value at the beginning of `text`, and says where it ends.
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value()?;
        Some((value, reader.at))
    }

    /// As pages show it: members and items on lines of their own, but a short array of simple values on one.
    pub fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, "");
        out
    }

    /// On one line, for messages.
    pub fn short(&self) -> String {
        match self {
            Self::Object(members) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| format!("{}: {}", quoted(name), value.short()))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            Self::Array(items) => {
                format!("[{}]", items.iter().map(Self::short).collect::<Vec<_>>().join(", "))
            }
            Self::Text(text) => quoted(text),
            Self::Bare(word) => word.clone(),
        }
    }

    fn is_simple(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Bare(_))
    }

    fn write(&self, out: &mut String, indent: &str) {
        let deeper = format!("{indent}  ");
        let mut open = |first: char, last: char, items: Vec<(String, &Self)>| {
            out.push(first);
            for (index, (name, value)) in items.iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { ",\n" });
                out.push_str(&deeper);
                out.push_str(name);
                value.write(out, &deeper);
            }
            out.push('\n');
            out.push_str(indent);
            out.push(last);
        };
        match self {
            Self::Object(members) if !members.is_empty() => {
                let named = members.iter().map(|(name, value)| (format!("{}: ", quoted(name)), value));
                open('{', '}', named.collect());
            }
            Self::Array(items)
                if !(items.iter().all(Self::is_simple) && indent.len() + self.short().len() <= WIDTH) =>
            {
                open('[', ']', items.iter().map(|item| (String::new(), item)).collect());
            }
            Self::Object(_) | Self::Array(_) | Self::Text(_) | Self::Bare(_) => out.push_str(&self.short()),
        }
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn eat(&mut self, character: char) -> bool {
        self.skip_blanks();
        let found = self.rest().starts_with(character);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Option<Json> {
        if self.eat('{') {
            return Some(Json::Object(self.list('}', |reader| {
                let name = reader.string()?;
                reader.eat(':').then_some(())?;
                Some((name, reader.value()?))
            })?));
        }
        if self.eat('[') {
            return Some(Json::Array(self.list(']', Self::value)?));
        }
        if self.rest().starts_with('"') {
            return Some(Json::Text(self.string()?));
        }
        let ends = |c: char| !(c.is_ascii_alphanumeric() || ['+', '-', '.'].contains(&c));
        let word = self.rest().split(ends).next().unwrap_or_default().to_owned();
        serde_json::from_str::<Value>(&word).ok()?;
        self.at += word.len();
        Some(Json::Bare(word))
    }

    /// Items with commas between them, up to `end`.
    fn list<T>(&mut self, end: char, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        if self.eat(end) {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.eat(end) {
                return Some(items);
            }
            self.eat(',').then_some(())?;
        }
    }

    fn string(&mut self) -> Option<String> {
        self.skip_blanks();
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find_map(|(at, character)| {
            let is_end = character == '"' && !escaped;
            escaped = character == '\\' && !escaped;
            is_end.then_some(at + 1)
        })?;
        let text = serde_json::from_str(&rest[..end]).ok()?;
        self.at += end;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        let (value, end) = Json::read(text).unwrap();
        assert_eq!(text[end..].trim(), "");
        value
    }

    #[test]
    fn members_keep_their_order_and_numbers_their_digits() {
        let value = json(r#"{"b": 1.0, "a": [true, null, -2e3], "c": {}, "d": "\u00e9\"\\", "e": []}"#);
        assert_eq!(value.short(), r#"{"b": 1.0, "a": [true, null, -2e3], "c": {}, "d": "é\"\\", "e": []}"#);
        assert_ne!(json("1"), json("1.0"));
        assert_ne!(json(r#"{"a":1,"b":2}"#), json(r#"{"b":2,"a":1}"#));
    }

    #[test]
    fn a_value_ends_where_it_ends() {
        assert_eq!(Json::read("{\"a\":1}\n200").unwrap().1, 7);
        for text in ["", "{", "{\"a\"}", "[1,]", "[1 2]", "\"a", "{a:1}", "nul", "...", "[..]", "\"\\q\""] {
            assert_eq!(Json::read(text), None, "{text}");
        }
    }

    #[test]
    fn it_is_laid_out_for_readers_and_means_the_same_again() {
        let text = r#"{"message":"ok","data":[{"id":1,"roles":["user","admin"]},{}],"none":[],"long":["PAD","PAD"]}"#
            .replace("PAD", &"x".repeat(40));
        let pretty = json(&text).pretty();
        let start = "{\n  \"message\": \"ok\",\n  \"data\": [\n    {\n      \"id\": 1,\n      \
                     \"roles\": [\"user\", \"admin\"]\n    },\n    {}\n  ],\n  \"none\": [],\n  \"long\": [\n    \"xxx";
        assert!(pretty.starts_with(start), "{pretty}");
        assert_eq!(json(&pretty), json(&text));
    }
}
