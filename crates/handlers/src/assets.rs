//! The start page, and the files that pages load: the same while the process runs, revalidated by their hash.
//!
//! A file that is not named here does not exist: there is no folder that a path could leave.

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::header::{self, EntityTag, Header as _, IfNoneMatch},
    web::Bytes,
};
use minijinja::context;
use sha2::{Digest as _, Sha256};

use crate::{
    http::{ApiResult, NoQuery, Public, RequestContext},
    middleware::{Endpoint, route},
    pages::POLICY,
    pages::Page,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/").get(Public, "Shows the start page.", index).compressed(),
        route("/assets/style.css").get(Public, "Returns the style sheet.", style).compressed(),
        route("/assets/icon.svg").get(Public, "Returns the icon.", icon).compressed(),
    ]
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("text/css; charset=utf-8", include_str!("../pages/style.css")));
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("image/svg+xml", include_str!("../pages/icon.svg")));
const INDEX: Page = Page(include_str!("../pages/index.html"));

/// Something that is sent as it is, or not at all to a client that has it.
pub(crate) struct Asset {
    media_type: &'static str,
    content: Bytes,
    /// Weak, because the same asset is also sent compressed (RFC 9110, section 8.8.1).
    tag: EntityTag,
}

impl Asset {
    pub(crate) fn new(media_type: &'static str, content: impl Into<Bytes>) -> Self {
        let content = content.into();
        let hash: [u8; 32] = Sha256::digest(&content).into();
        let tag = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { media_type, content, tag: EntityTag::new_weak(tag) }
    }

    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_) => false,
        };
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header(header::ETag(self.tag.clone()))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
        if known {
            return response.finish();
        }
        response.insert_header((header::CONTENT_TYPE, self.media_type)).body(self.content.clone())
    }
}

/// `GET /`
async fn index(request: RequestContext, http: HttpRequest) -> ApiResult {
    let page = INDEX.render(&request.state, context! {})?;
    Ok(Asset::new("text/html; charset=utf-8", page).answer(&http))
}

/// `GET /assets/style.css`
async fn style(request: HttpRequest, _: NoQuery) -> impl Responder {
    STYLE.answer(&request)
}

/// `GET /assets/icon.svg`
async fn icon(request: HttpRequest, _: NoQuery) -> impl Responder {
    ICON.answer(&request)
}
