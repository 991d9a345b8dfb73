//! What the pages behind links in mails have in common.

use denizen_models::{Secret, ValidationErrors};

use crate::{error::ApiError, query::Query};

/// What such a page says of a token that works no longer.
pub(super) const DEAD: &str =
    "This link does not work any more: it has been used, replaced by a newer one, or is too old.";

/// The token of the link, if there is one.
pub(super) fn token_in(mut query: Query) -> Result<Option<Secret>, ApiError> {
    let token = query.take("token");
    query.finish()?;
    Ok(token.map(Secret::from).filter(|token| !token.is_blank()))
}

/// The first failure as a sentence of its own.
pub(super) fn sentence(errors: &ValidationErrors) -> String {
    let text = errors.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}
