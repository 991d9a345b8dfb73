//! Values that a table writes in a short form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

const SAMPLES: &str = include_str!("sample_users.json");

/// What earlier cases of the table left behind.
#[derive(Default)]
pub struct Memory {
    pub tokens: BTreeMap<String, String>,
    pub data: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeat {
    repeat: String,
    times: usize,
    #[serde(default)]
    then: String,
}

impl Memory {
    /// The value in full; anything that is not a short form stays as it is.
    pub fn expand(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::String(text) => Ok(self.named(text)?.unwrap_or_else(|| value.clone())),
            Value::Array(items) => items.iter().map(|item| self.expand(item)).collect(),
            Value::Object(members) if members.contains_key("repeat") => {
                let Repeat { repeat, times, then } =
                    Repeat::deserialize(value).map_err(|error| error.to_string())?;
                Ok(Value::String(repeat.repeat(times) + &then))
            }
            Value::Object(members) => {
                let member = |(name, value): (&String, _)| Ok((name.clone(), self.expand(value)?));
                members.iter().map(member).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(value.clone()),
        }
    }

    /// The value behind `<kind:name>`, `None` for any other text.
    fn named(&self, text: &str) -> Result<Option<Value>, String> {
        let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let Some((kind, name)) = inner.and_then(|inner| inner.split_once(':')) else {
            return Ok(None);
        };
        let token = || self.tokens.get(name);
        let value = match kind {
            "token" => token().map(|token| Value::String(token.clone())),
            "TOKEN" => token().map(|token| Value::String(token.to_uppercase())),
            "data" => self.data.get(name).cloned(),
            "sample" => sample(name),
            _ => return Ok(None),
        };
        value.map(Some).ok_or_else(|| format!("  nothing is known as {text}; did an earlier case fail?"))
    }
}

fn sample(name: &str) -> Option<Value> {
    let mut samples: BTreeMap<String, Value> = serde_json::from_str(SAMPLES).expect("an object of users");
    samples.remove(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn memory() -> Memory {
        let tokens = [("first".to_owned(), "ab12".to_owned())].into();
        Memory { tokens, data: [("eve".to_owned(), json!({"id": 5}))].into() }
    }

    #[test]
    fn short_forms_are_replaced_at_any_depth() {
        let short = json!({"a": ["<token:first>", "<TOKEN:first>"], "b": {"c": "<data:eve>"}, "d": "<b>"});
        let full = json!({"a": ["ab12", "AB12"], "b": {"c": {"id": 5}}, "d": "<b>"});
        assert_eq!(memory().expand(&short), Ok(full));
    }

    #[test]
    fn text_is_repeated_as_often_as_asked() {
        let short = json!([{"repeat": "я", "times": 3}, {"repeat": "a", "times": 2, "then": "@b"}]);
        assert_eq!(memory().expand(&short), Ok(json!(["яяя", "aa@b"])));
        memory().expand(&json!({"repeat": "a", "time": 3})).expect_err("a misspelt member");
    }

    #[test]
    fn sample_users_are_known_by_their_first_names() {
        let alice = memory().expand(&json!("<sample:alice>")).unwrap();
        assert_eq!((&alice["id"], &alice["username"]), (&json!(1), &json!("alice_dev")));
    }

    #[test]
    fn a_name_that_nobody_left_behind_is_an_error() {
        memory().expand(&json!("<token:second>")).expect_err("no such token");
        memory().expand(&json!("<sample:mallory>")).expect_err("no such user");
    }
}
