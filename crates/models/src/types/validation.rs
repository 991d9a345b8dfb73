//! Validation errors: which member is wrong, and why.

use std::fmt;

use crate::types::{password::Password, secret::Secret};

/// One member that fails, and the sentence that says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The member's JSON name; members of the profile are written `profile.bio`.
    pub field: &'static str,
    /// The reason, without the member's path: `bio cannot exceed 1000 characters`.
    pub message: String,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.starts_with("profile.") {
            f.write_str("profile validation failed: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Every member that fails, in the order in which the rules are checked. Never empty once it is an error.
///
/// `Display` shows the first failure: the wire contract puts that one into its message and all of them beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationErrors(Vec<FieldError>);

impl ValidationErrors {
    /// No failure yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// A single failure.
    #[must_use]
    pub fn of(field: &'static str, message: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.add(field, message);
        errors
    }

    /// Adds a failure, unless the member already has one: its first reason is the one to mend first.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        if !self.0.iter().any(|error| error.field == field) {
            self.0.push(FieldError { field, message: message.into() });
        }
    }

    /// Adds a failure if `failed`. Nearly always nothing has, so that the message is not written until it is needed.
    pub fn check(&mut self, failed: bool, field: &'static str, message: impl fmt::Display) {
        if failed {
            self.add(field, message.to_string());
        }
    }

    /// The rules of a text that stands on one line: at most `max` characters, and no control character among them.
    pub(crate) fn check_line(&mut self, field: &'static str, name: &str, text: &str, max: usize) {
        let long = text.chars().count() > max;
        self.check(long, field, format_args!("{name} cannot exceed {max} characters"));
        self.check(has_control(text), field, format_args!("{name} cannot contain control characters"));
    }

    /// Returns the value, or adds the reason for which there is none.
    pub(crate) fn value<T>(&mut self, field: &'static str, read: Result<T, impl fmt::Display>) -> Option<T> {
        read.map_err(|reason| self.add(field, reason.to_string())).ok()
    }

    /// Returns the password that the policy has read. A reason of the policy is the rest of a sentence that begins with
    /// what the field is called.
    pub(crate) fn password(
        &mut self,
        field: &'static str,
        read: Result<Password, String>,
    ) -> Option<Password> {
        self.value(field, read.map_err(|reason| format!("{} {reason}", field.replace('_', " "))))
    }

    /// A token from a mail must be there. Whether it is good is for the service to say.
    pub(crate) fn check_token(&mut self, token: &Secret) {
        self.check(token.is_blank(), "token", "token cannot be empty");
    }

    /// `value` if nothing failed.
    ///
    /// # Errors
    /// Itself, if anything did.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// As [`Self::into_result`], for a value that is absent only if something failed.
    pub(crate) fn complete<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) => self.into_result(value),
            None => Err(self),
        }
    }

    /// The failures in checking order.
    pub fn iter(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter()
    }
}

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.first() {
            Some(first) => first.fmt(f),
            None => f.write_str("nothing failed"),
        }
    }
}

impl std::error::Error for ValidationErrors {}

/// Whether `text` holds a control character (line breaks, NUL, ESC, …). Names go into mails, logs and terminals.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Whether nothing of `text` can be seen: it is empty, or made of blanks and of what Unicode calls default ignorable
/// (`Default_Ignorable_Code_Point` of UAX #44), such as the zero width space.
pub(crate) fn shows_nothing(text: &str) -> bool {
    let is_ignorable = |c| {
        matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}')
    };
    text.chars().all(|c| c.is_whitespace() || is_ignorable(c))
}

/// The first 50 characters: enough of what a client sent for it to recognise its own words.
#[must_use]
pub fn excerpt(text: &str) -> String {
    text.chars().take(50).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_shown_and_all_are_listed() {
        let mut errors = ValidationErrors::new();
        errors.check(false, "age", "age cannot be negative");
        errors.check(true, "username", "username cannot be empty");
        errors.add("profile.bio", "bio cannot exceed 1000 characters");
        assert_eq!(errors.to_string(), "username cannot be empty");
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            ["username cannot be empty", "profile validation failed: bio cannot exceed 1000 characters"]
        );
    }

    #[test]
    fn a_text_of_blanks_and_invisible_characters_shows_nothing() {
        for text in ["", " \u{3000}\t", "\u{200B}", "\u{FEFF} \u{2060}", "\u{3164}\u{E0020}"] {
            assert!(shows_nothing(text), "{text:?}");
        }
        for text in ["a", "\u{200B}a", "·", "👩\u{200D}💻", "é", "ㅎ"] {
            assert!(!shows_nothing(text), "{text:?}");
        }
    }

    #[test]
    fn a_member_keeps_its_first_reason() {
        let mut errors = ValidationErrors::of("email", "email cannot be empty");
        errors.add("email", "invalid email format");
        assert_eq!(errors.iter().count(), 1);
        assert_eq!(errors.to_string(), "email cannot be empty");
    }

    #[test]
    fn nothing_wrong_gives_the_value() {
        assert_eq!(ValidationErrors::new().into_result(7), Ok(7));
        assert!(ValidationErrors::of("age", "no").into_result(7).is_err());
    }
}
