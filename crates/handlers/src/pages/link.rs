//! What the pages behind links in mails have in common.

use actix_web::{HttpResponse, http::StatusCode};
use denizen_models::{Secret, ValidationErrors};
use minijinja::context;

use super::template::Page;
use crate::http::{error::ApiError, query::Query};

/// What such a page says of a token that works no longer.
pub(crate) const DEAD: &str =
    "This link does not work any more: it has been used, replaced by a newer one, or is too old.";

/// The answer to such a token, of a page that has nothing else to offer.
pub(crate) fn dead(page: Page) -> Result<HttpResponse, ApiError> {
    page.answer(StatusCode::BAD_REQUEST, context! { step => "dead", error => DEAD })
}

/// The token of the link, if there is one.
pub(crate) fn token_in(mut query: Query) -> Result<Option<Secret>, ApiError> {
    let token = query.take("token");
    query.finish()?;
    Ok(token.map(Secret::from).filter(|token| !token.is_blank()))
}

/// The first failure as a sentence of its own.
pub(crate) fn sentence(errors: &ValidationErrors) -> String {
    let text = errors.to_string();
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}
