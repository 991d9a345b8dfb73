//! Pages with forms: what they show, and where a form that was accepted leads.
//!
//! A form that was accepted leads to a page that tells so (post, redirect, get): to load that page again does nothing
//! again. A form that was refused is shown again.

use std::borrow::Cow;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    cookie::Cookie,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use denizen_models::{Secret, ValidationErrors};
use minijinja::{Value, context};

use super::template::{POLICY, Page, SIGN_IN};
use crate::{
    http::{
        error::{ApiError, ApiResult},
        query::parameter,
        request::{AppState, RequestContext},
        return_to::ReturnTo,
    },
    middleware::credentials::device_cookie,
};

/// The text about a token that does not work, or no longer.
const DEAD: &str =
    "This link does not work any more: it has been used, replaced by a newer one, or is too old.";

/// One step of a page with a form: what its template shows, and why the form was refused; or the page that tells that it
/// was accepted.
pub(crate) struct Step {
    page: Page,
    name: &'static str,
    status: StatusCode,
    error: Option<Cow<'static, str>>,
    values: Value,
    moved: Option<Place>,
    leads_to: Option<ReturnTo>,
    device: Option<Secret>,
    cookies: Vec<Cookie<'static>>,
}

enum Place {
    /// A page of ours, by its path and query.
    Page(String),
    Elsewhere(ReturnTo),
}

impl Step {
    pub(crate) fn of(page: Page, name: &'static str) -> Self {
        Self {
            page,
            name,
            status: StatusCode::OK,
            error: None,
            values: context! {},
            moved: None,
            leads_to: None,
            device: None,
            cookies: Vec::new(),
        }
    }

    /// The response to a token that does not work.
    pub(crate) fn dead(page: Page) -> Self {
        Self::of(page, "dead").refused(StatusCode::BAD_REQUEST, DEAD)
    }

    /// Leads to the sign-in page, which says by this name what has been done.
    pub(crate) fn done(notice: &str) -> Self {
        Self::done_on(SIGN_IN, notice)
    }

    /// Leads to a page that says by this name what has been done.
    pub(crate) fn done_on(page: &str, notice: &str) -> Self {
        Self::moved(Place::Page(format!("{page}?done={notice}")))
    }

    /// Leads to a page of ours.
    pub(crate) fn to_page(path: &str) -> Self {
        Self::moved(Place::Page(path.to_owned()))
    }

    /// Leads back to an application.
    pub(crate) fn back(place: ReturnTo) -> Self {
        Self::moved(Place::Elsewhere(place))
    }

    fn moved(place: Place) -> Self {
        Self { moved: Some(place), ..Self::of(Page(""), "") }
    }

    /// Adds values for the template.
    pub(crate) fn with(self, values: Value) -> Self {
        Self { values, ..self }
    }

    /// Allows the form to lead to this place: browsers hold redirects after a form to the policy of its page.
    pub(crate) fn leading_to(self, leads_to: Option<ReturnTo>) -> Self {
        Self { leads_to, ..self }
    }

    /// Lets the browser be known when the user signs in with it.
    pub(crate) fn on_device(self, device: Option<Secret>) -> Self {
        Self { device, ..self }
    }

    /// Adds cookies to the response.
    pub(crate) fn cookies(mut self, cookies: impl IntoIterator<Item = Cookie<'static>>) -> Self {
        self.cookies.extend(cookies);
        self
    }

    /// Says why the form is shown again.
    pub(crate) fn refused(self, status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: Some(error.into()), ..self }
    }

    /// Says which field is invalid: the first one, as a sentence of its own.
    pub(crate) fn invalid(self, errors: &ValidationErrors) -> Self {
        let text = errors.to_string().replace('_', " ");
        let mut chars = text.chars();
        let sentence = chars.next().map(|first| format!("{}{}.", first.to_uppercase(), chars.as_str()));
        self.refused(StatusCode::BAD_REQUEST, sentence.unwrap_or_default())
    }

    fn response(self, request: &HttpRequest) -> ApiResult {
        let Self { page, name, status, error, values, moved, leads_to, device, mut cookies } = self;
        let state = AppState::of(request)?;
        let mut response = match moved {
            Some(Place::Page(path)) => see_other(&format!("{}{path}", state.links)),
            Some(Place::Elsewhere(place)) => see_other(place.as_str()),
            None => {
                let known = RequestContext::of(request)?.caller;
                let user = known.map(|known| known.user.values.username.to_string());
                let done = parameter(request, "done");
                let here = request.path().strip_prefix(&*state.prefix);
                let values = context! { step => name, error, ..values };
                page.answer(state, status, context! { ..values, ..context! { user, done, here } })?
            }
        };
        if let Some(origin) = leads_to.as_ref().and_then(ReturnTo::origin) {
            let policy = POLICY.replace("form-action 'self'", &format!("form-action 'self' {origin}"));
            let policy = HeaderValue::try_from(policy).map_err(ApiError::internal)?;
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        cookies.extend(device.map(|device| device_cookie(&state.settings, device.expose()).into_owned()));
        for cookie in &cookies {
            response.add_cookie(cookie).map_err(ApiError::internal)?;
        }
        Ok(response)
    }
}

fn see_other(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish()
}

impl Responder for Step {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.response(request).unwrap_or_else(HttpResponse::from_error)
    }
}
