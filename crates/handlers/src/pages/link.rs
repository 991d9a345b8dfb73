//! What the pages behind links in mails have in common.
//!
//! Their forms are sent, with a button, because mail scanners follow links: a GET consumes no token. The token stays in the
//! query of the page's own URL, to which the form is sent, so it occurs nowhere in the page.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, http::StatusCode};
use denizen_models::{Secret, ValidationErrors};
use minijinja::{Value, context};

use super::template::Page;
use crate::{
    http::{error::ApiError, extract::extract, query::Query, request::AppState},
    middleware::credentials::device_cookie,
};

/// The text about a token that does not work, or no longer.
const DEAD: &str =
    "This link does not work any more: it has been used, replaced by a newer one, or is too old.";

/// The token of a link, if it has one.
pub(crate) struct Link(pub(crate) Option<Secret>);

impl Link {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let query = Query::parse(request.query_string())?;
        let token = query.read(|query| Ok(query.take("token").map(Secret::from)))?;
        Ok(Self(token.filter(|token| !token.is_blank())))
    }
}

extract! { Link, request => Self::of(request) }

/// One step of a page with a form: what its template shows, and why the form was refused.
pub(crate) struct Step {
    page: Page,
    name: &'static str,
    status: StatusCode,
    error: Option<Cow<'static, str>>,
    values: Value,
    device: Option<Secret>,
}

impl Step {
    pub(crate) fn of(page: Page, name: &'static str) -> Self {
        Self { page, name, status: StatusCode::OK, error: None, values: context! {}, device: None }
    }

    /// The response to a token that does not work.
    pub(crate) fn dead(page: Page) -> Self {
        Self::of(page, "dead").refused(StatusCode::BAD_REQUEST, DEAD)
    }

    /// Adds values for the template.
    pub(crate) fn with(self, values: Value) -> Self {
        Self { values, ..self }
    }

    /// Lets the browser be known when the user signs in with it.
    pub(crate) fn on_device(self, device: Option<Secret>) -> Self {
        Self { device, ..self }
    }

    /// Says why the form is shown again.
    pub(crate) fn refused(self, status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: Some(error.into()), ..self }
    }

    /// Says which field is invalid: the first one, as a sentence of its own.
    pub(crate) fn invalid(self, errors: &ValidationErrors) -> Self {
        let text = errors.to_string();
        let mut chars = text.chars();
        let sentence = chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str()));
        self.refused(StatusCode::BAD_REQUEST, sentence.unwrap_or_default())
    }
}

impl Responder for Step {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let Self { page, name, status, error, values, device } = self;
        let values = context! { step => name, error, ..values };
        let response = AppState::of(request).and_then(|state| {
            let mut response = page.answer(&state.prefix, status, values)?;
            if let Some(device) = &device {
                let cookie = device_cookie(&state.settings, device.expose());
                response.add_cookie(&cookie).map_err(ApiError::internal)?;
            }
            Ok(response)
        });
        response.unwrap_or_else(HttpResponse::from_error)
    }
}
