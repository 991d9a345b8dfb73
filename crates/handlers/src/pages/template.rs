//! Templates of pages.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use denizen_models::text;
use minijinja::{Environment, Value, context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::http::{
    error::{ApiError, ApiResult, ErrorCode},
    fallback::speaks_json,
    request::AppState,
};

/// Allows our own style sheet, icon and forms; nothing inline, nothing from other hosts, no frames.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                 base-uri 'none'; frame-ancestors 'none'";

/// The path of the page on which people sign in. It also tells what has been done, since that is where most go next.
pub(crate) const SIGN_IN: &str = "/sign-in";

/// The path of the page on which people sign out.
pub(crate) const SIGN_OUT: &str = "/sign-out";

const MESSAGE: Page = Page(include_str!("../../pages/message.html"));

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    if let Err(error) = environment.add_template("layout.html", include_str!("../../pages/layout.html")) {
        log::error!("the layout of pages: {error}");
    }
    environment
});

/// A page to be filled in: its template, which is read when it is needed. That takes less time than a look at the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page(pub(crate) &'static str);

impl Page {
    /// Renders the page as text.
    pub(crate) fn render(self, state: &AppState, values: Value) -> Result<String, ApiError> {
        // Not escaped, so that slashes stay slashes: it is the application's own text.
        let prefix = Value::from_safe_string(state.links.clone());
        let service = state.settings.service_name.as_deref().unwrap_or("denizen");
        self.fill(context! { prefix, service, paths => &state.paths, ..values })
    }

    fn fill(self, values: Value) -> Result<String, ApiError> {
        // With a name ending in `.html`, all is escaped: what people typed cannot become markup.
        ENVIRONMENT.render_named_str("page.html", self.0, values).map_err(ApiError::internal)
    }

    /// Renders the page as a response.
    ///
    /// Its forms say where they come from to us alone: without a referrer, browsers would name the origin `null`.
    pub(crate) fn answer(self, state: &AppState, status: StatusCode, values: Value) -> ApiResult {
        let text = self.render(state, values)?;
        Ok(HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((header::REFERRER_POLICY, "same-origin"))
            .body(text))
    }
}

/// Answers requests to paths that no route takes, with JSON or a page.
pub(crate) async fn not_found(request: HttpRequest) -> ApiResult {
    let state = AppState::of(&request)?;
    if speaks_json(&state.prefix, request.path()) {
        return Err(ApiError::new(ErrorCode::NotFound, "Not found"));
    }
    let text = "There is nothing at this address.";
    MESSAGE.answer(state, StatusCode::NOT_FOUND, context! { title => "Not found", text })
}

/// Renders an error as a page, or as plain text if rendering fails. Without a session, the browser is led to the sign-in
/// page, and from there back to this path.
pub(crate) fn error(state: &AppState, path: &str, error: &ApiError) -> HttpResponse {
    if error.code == ErrorCode::Unauthenticated {
        let page = path.strip_prefix(&*state.prefix).filter(|page| page.starts_with('/'));
        let back = page.map_or_else(|| path.to_owned(), |page| format!("{}{page}", state.links));
        let query = if page == Some(SIGN_OUT) {
            "done=signed-out".to_owned()
        } else {
            format!("return_to={}", utf8_percent_encode(&back, NON_ALPHANUMERIC))
        };
        let place = format!("{}{SIGN_IN}?{query}", state.links);
        return HttpResponse::SeeOther().insert_header((header::LOCATION, place)).finish();
    }
    let status = error.code.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let text = error.retry_after.map_or_else(
        || error.message.to_string(),
        |seconds| format!("{}. Please try again in {}.", error.message, waiting_time(seconds)),
    );
    let page = MESSAGE.answer(state, status, context! { title, text });
    page.unwrap_or_else(|_| HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(title))
}

/// Returns a time to wait in words: more than 90 seconds are rounded up to whole minutes.
fn waiting_time(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=90 => text::counted(seconds.into(), "second"),
        _ => text::counted(seconds.div_ceil(60).into(), "minute"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The name and the source of every page and of the layout.
    fn templates() -> Vec<(String, String)> {
        let files = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/pages")).unwrap();
        let names = files.map(|file| file.unwrap().path()).filter(|path| path.extension().unwrap() == "html");
        let templates: Vec<_> =
            names.map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())).collect();
        assert!(templates.len() > 2, "{templates:?}");
        templates
    }

    #[test]
    fn every_page_renders_and_escapes() {
        for (name, source) in templates() {
            let values = context! {
                title => "<b>", text => "<b>", error => "<b>", user => "<b>", service => "<b>", username => "<b>",
                step => "", min_chars => 8, paths => ["/account"],
            };
            let text = Page(source.leak()).fill(values).unwrap();
            assert!(text.starts_with("<!doctype html>") && !text.contains("<b>"), "{name}: {text}");
        }
    }

    #[test]
    fn a_time_to_wait_is_never_said_too_short() {
        for (seconds, words) in [
            (0, "a second"),
            (1, "a second"),
            (2, "2 seconds"),
            (90, "90 seconds"),
            (91, "2 minutes"),
            (120, "2 minutes"),
            (1_200, "20 minutes"),
            (u32::MAX, "71582789 minutes"),
        ] {
            assert_eq!(waiting_time(seconds), words);
        }
    }

    /// Security checklist: 24, 59.
    #[test]
    fn no_page_runs_a_script_or_loads_from_elsewhere() {
        for (name, source) in templates() {
            for forbidden in
                ["<script", "<iframe", "style=\"", "http:", "https:", "=\"//", " onclick", " onload"]
            {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
}
