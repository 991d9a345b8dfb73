//! Pages for people: embedded, small, and working without JavaScript.
//!
//! What is not listed here does not exist: there is no folder to walk out of, and no file to be forgotten in it.

mod assets;
mod form;
mod password_reset;
mod template;

use actix_web::web::ServiceConfig;

use crate::endpoint::Endpoint;
pub(crate) use template::{error, not_found};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/").get(assets::index).compressed());
    config.service(Endpoint::at("/assets/style.css").get(assets::style).compressed());
    config.service(Endpoint::at("/assets/icon.svg").get(assets::icon).compressed());
    config.service(Endpoint::at("/reset-password").get(password_reset::show).post(password_reset::submit));
}
