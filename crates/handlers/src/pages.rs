//! Pages for people: embedded, small, and working without JavaScript.
//!
//! Here is what they have in common; the page of a feature is next to its routes. What no source names does not exist:
//! there is no folder to walk out of, and no file to be forgotten in it.

mod assets;
pub(crate) mod form;
pub(crate) mod link;
pub(crate) mod template;

use actix_web::web::ServiceConfig;

use crate::http::endpoint::Endpoint;
pub(crate) use template::{error, not_found};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/").get(assets::index).compressed());
    config.service(Endpoint::at("/assets/style.css").get(assets::style).compressed());
    config.service(Endpoint::at("/assets/icon.svg").get(assets::icon).compressed());
}
