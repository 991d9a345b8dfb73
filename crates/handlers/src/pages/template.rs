//! Filling in pages.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use minijinja::{Environment, Value, context};

use crate::error::ApiError;

/// Nothing but our own style sheet, icon and forms; nothing inline, nothing from elsewhere, nobody's frame.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                 base-uri 'none'; frame-ancestors 'none'";

const TEMPLATES: [(&str, &str); 7] = [
    ("layout.html", include_str!("../../pages/layout.html")),
    ("index.html", include_str!("../../pages/index.html")),
    ("password_reset.html", include_str!("../../pages/password_reset.html")),
    ("accept_invitation.html", include_str!("../../pages/accept_invitation.html")),
    ("confirm_email_change.html", include_str!("../../pages/confirm_email_change.html")),
    ("verify_email.html", include_str!("../../pages/verify_email.html")),
    ("message.html", include_str!("../../pages/message.html")),
];

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    // Files ending in `.html` are escaped by default: what people typed cannot become markup.
    let mut environment = Environment::new();
    environment.add_global("version", env!("CARGO_PKG_VERSION"));
    for (name, source) in TEMPLATES {
        if let Err(error) = environment.add_template(name, source) {
            log::error!("page {name}: {error}");
        }
    }
    environment
});

/// A page to be filled in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page(pub(crate) &'static str);

impl Page {
    /// The page as text.
    pub(crate) fn render(self, values: Value) -> Result<String, ApiError> {
        let template = ENVIRONMENT.get_template(self.0).map_err(ApiError::internal)?;
        template.render(values).map_err(ApiError::internal)
    }

    /// The page as an answer.
    pub(crate) fn answer(self, status: StatusCode, values: Value) -> Result<HttpResponse, ApiError> {
        let text = self.render(values)?;
        Ok(HttpResponse::build(status)
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .body(text))
    }
}

/// The page for everything that is not there.
pub(crate) fn not_found() -> Result<HttpResponse, ApiError> {
    let text = "There is nothing at this address.";
    Page("message.html").answer(StatusCode::NOT_FOUND, context! { title => "Not found", text })
}

/// An error as a page. It is there even if the page itself is what failed.
pub(crate) fn error(error: &ApiError) -> HttpResponse {
    let status = error.code.status();
    let title = status.canonical_reason().unwrap_or("Error");
    let text = error.retry_after.map_or_else(
        || error.message.to_string(),
        |seconds| format!("{}. Please try again in {}.", error.message, in_words(seconds)),
    );
    let page = Page("message.html").answer(status, context! { title, text });
    page.unwrap_or_else(|_| HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(title))
}

/// A time to wait, rounded up to whole minutes if there is more than one of them.
fn in_words(seconds: u32) -> String {
    match (seconds, seconds.div_ceil(60)) {
        (..=1, _) => "a second".to_owned(),
        (..=90, _) => format!("{seconds} seconds"),
        (_, minutes) => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_renders_and_escapes() {
        for (name, _) in TEMPLATES {
            let values =
                context! { title => "<b>", text => "<b>", error => "<b>", step => "", min_chars => 8 };
            let text = Page(name).render(values).unwrap();
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
            assert_eq!(in_words(seconds), words);
        }
    }

    /// Security checklist: 24, 59.
    #[test]
    fn no_page_runs_a_script_or_loads_from_elsewhere() {
        for (name, source) in TEMPLATES {
            for forbidden in
                ["<script", "<iframe", "style=\"", "http:", "https:", "=\"//", " onclick", " onload"]
            {
                assert!(!source.contains(forbidden), "{name}: {forbidden}");
            }
        }
    }
}
