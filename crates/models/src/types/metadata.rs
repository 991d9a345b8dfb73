//! What applications keep on a user: a JSON object of their own.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::types::validation::ValidationErrors;

/// Data of an application about a user: a JSON object without repeated members. Numbers are kept as integers of 64 bits
/// or as IEEE 754 doubles (RFC 8259, section 6).
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The longest, in bytes of JSON without blanks.
    pub const MAX_BYTES: usize = 8 * 1024;
    /// The most objects and arrays inside each other, the outermost included: enough for data, and within what JSON
    /// parsers read.
    pub const MAX_DEPTH: usize = 32;

    /// Whether it has no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what this patch makes of `self` (RFC 7396): members that are null go, objects are patched member by
    /// member, all others are replaced.
    ///
    /// ```
    /// use denizen_models::Metadata;
    ///
    /// let read = |text| serde_json::from_str::<Metadata>(text);
    /// let merged = read(r#"{"plan": "free", "seats": {"used": 1, "paid": 2}}"#)?
    ///     .merged(&read(r#"{"plan": null, "seats": {"used": 2}}"#)?);
    /// assert_eq!(merged, read(r#"{"seats": {"used": 2, "paid": 2}}"#)?);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn merged(mut self, patch: &Self) -> Self {
        merge(&mut self.0, &patch.0);
        self
    }

    /// Adds what is wrong with it to `errors`.
    pub(crate) fn validate(&self, field: &'static str, errors: &mut ValidationErrors) {
        let long = serde_json::to_string(self).is_ok_and(|text| text.len() > Self::MAX_BYTES);
        errors.check(long, field, format_args!("{field} cannot exceed {} bytes of JSON", Self::MAX_BYTES));
        let deep = self.0.values().any(|value| is_deeper(value, Self::MAX_DEPTH - 1));
        errors.check(
            deep,
            field,
            format_args!("{field} cannot be nested more than {} deep", Self::MAX_DEPTH),
        );
    }
}

fn merge(current: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                current.remove(name);
            }
            Value::Object(patch) => {
                let mut members = match current.remove(name) {
                    Some(Value::Object(members)) => members,
                    _ => Map::new(),
                };
                merge(&mut members, patch);
                current.insert(name.clone(), members.into());
            }
            _ => {
                current.insert(name.clone(), value.clone());
            }
        }
    }
}

fn is_deeper(value: &Value, depth: usize) -> bool {
    let is_deeper = |value: &Value| depth == 0 || is_deeper(value, depth - 1);
    match value {
        Value::Array(values) => depth == 0 || values.iter().any(is_deeper),
        Value::Object(members) => depth == 0 || members.values().any(is_deeper),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Distinct::deserialize(deserializer)?.0 {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(D::Error::custom("expected an object")),
        }
    }
}

/// A value in which no object has two members of one name. `Value` itself would take the last.
struct Distinct(Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DistinctVisitor).map(Self)
    }
}

struct DistinctVisitor;

macro_rules! scalars {
    ($($visit:ident($type:ty)),*) => {
        $(fn $visit<E: Error>(self, value: $type) -> Result<Value, E> {
            Ok(Value::from(value))
        })*
    };
}

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    scalars! { visit_bool(bool), visit_i64(i64), visit_u64(u64), visit_f64(f64), visit_str(&str), visit_string(String) }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Distinct(value)) = values.next_element()? {
            read.push(value);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some((name, Distinct(value))) = members.next_entry::<String, _>()? {
            if read.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(read.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Metadata {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn failure(metadata: &Metadata) -> Option<String> {
        let mut errors = ValidationErrors::new();
        metadata.validate("user_metadata", &mut errors);
        errors.into_result(()).err().map(|errors| errors.to_string())
    }

    #[test]
    fn a_patch_does_what_the_appendix_of_its_rfc_says() {
        // Appendix A of RFC 7396, as far as it is about objects.
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (current, patch, expected) in cases {
            assert_eq!(read(&current).merged(&read(&patch)), read(&expected), "{current} {patch}");
        }
    }

    #[test]
    fn the_limits_are_named_and_are_themselves_allowed() {
        let of_length = |bytes: usize| read(&json!({"a": "x".repeat(bytes - r#"{"a":""}"#.len())}));
        assert_eq!(failure(&of_length(8192)), None);
        let long = "user_metadata cannot exceed 8192 bytes of JSON";
        assert_eq!(failure(&of_length(8193)).as_deref(), Some(long));
        let nested = |depth: usize| {
            let text = format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
            serde_json::from_str::<Metadata>(&text).unwrap()
        };
        assert_eq!(failure(&nested(32)), None);
        assert_eq!(failure(&nested(33)).as_deref(), Some("user_metadata cannot be nested more than 32 deep"));
    }

    #[test]
    fn only_an_object_without_repeated_members_is_read() {
        let refusal = |text: &str| serde_json::from_str::<Metadata>(text).unwrap_err().to_string();
        for text in ["[]", "null", "1", "\"secret\""] {
            assert!(refusal(text).starts_with("expected an object"), "{text}");
        }
        for text in [r#"{"a": 1, "a": 1}"#, r#"{"a": [{"b": 1, "b": 2}]}"#] {
            assert!(refusal(text).starts_with("duplicate member"), "{text}");
        }
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        let text = r#"{"-":-9223372036854775808,"b":18446744073709551615,"c":0.1,"d":5e-324,"e":"\u0000é😀","f":[null,true,{}]}"#;
        let read: Metadata = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}
