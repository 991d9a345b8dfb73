//! Pages for people: embedded, small, and working without JavaScript.
//!
//! What is not listed here does not exist: there is no folder to walk out of, and no file to be forgotten in it.

mod assets;
mod email_change;
mod email_verification;
mod form;
mod invitation;
mod link;
mod password_reset;
mod template;

use actix_web::web::ServiceConfig;

use crate::endpoint::Endpoint;
pub(crate) use template::{error, not_found};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/").get(assets::index).compressed());
    config.service(Endpoint::at("/assets/style.css").get(assets::style).compressed());
    config.service(Endpoint::at("/assets/icon.svg").get(assets::icon).compressed());
    config.service(Endpoint::at("/accept-invitation").get(invitation::show).post(invitation::submit));
    config.service(Endpoint::at("/confirm-email-change").get(email_change::show).post(email_change::submit));
    config.service(
        Endpoint::at("/verify-email").get(email_verification::show).post(email_verification::submit),
    );
    config.service(Endpoint::at("/reset-password").get(password_reset::show).post(password_reset::submit));
}
