//! The description of the API: for programs (OpenAPI), and for people.

mod reference;

use actix_web::{HttpRequest, HttpResponse};

pub use self::reference::{errors_page, openapi, reference_page};
use crate::{
    assets::Asset,
    http::{ApiResult, AppState, NoQuery, Public, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/openapi.json")
            .get(Public, "Returns this description of the API (OpenAPI 3.1).", document)
            .answers(
                reply(200).other("application/json").or_status(&[304]).example(r#"{"openapi": "3.1.1"}"#),
            )
            .compressed(),
        route("/api/docs")
            .get(Public, "Shows this description as a page.", page)
            .answers(reply(200).other("text/html").or_status(&[304]).example(r#""<!doctype html>…""#))
            .compressed(),
    ]
}

/// `GET /api/openapi.json`: of the routes that are mounted.
async fn document(request: HttpRequest, _: NoQuery) -> ApiResult {
    let text = reference::text(&reference::mounted(AppState::of(&request)?));
    Ok(Asset::new("application/json", text).answer(&request))
}

/// `GET /api/docs`
async fn page(request: HttpRequest, _: NoQuery) -> ApiResult<HttpResponse> {
    let state = AppState::of(&request)?;
    let page = reference::html(state)?;
    Ok(Asset::new("text/html; charset=utf-8", page).answer(&request))
}
