//! What the pages behind links in mails have in common.
//!
//! Their forms are sent, with a button, because mail scanners follow links: a GET consumes no token. The token stays in the
//! query of the page's own URL, to which the form is sent, so it occurs nowhere in the page.

use actix_web::HttpRequest;
use denizen_models::Secret;

use crate::http::{extract::extract, query::parameter};

/// The token of a link, if it has one.
pub(crate) struct Link(pub(crate) Option<Secret>);

impl Link {
    fn of(request: &HttpRequest) -> Self {
        let token = parameter(request, "token").map(Secret::from);
        Self(token.filter(|token| !token.is_blank()))
    }
}

extract! { Link, request => Ok(Self::of(request)) }
