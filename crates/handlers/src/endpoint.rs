//! A path and its methods.

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder,
    dev::{AppService, HttpServiceFactory},
    http::{Method, header},
    web,
};

use crate::{
    error::{ApiError, ErrorCode},
    users,
};

/// One path. Each method is one line; GET answers HEAD too; every other method is a 405 with `Allow`.
pub(crate) struct Endpoint {
    resource: Resource,
    methods: Vec<&'static str>,
}

impl Endpoint {
    pub(crate) fn at(path: &str) -> Self {
        Self { resource: web::resource(path), methods: Vec::new() }
    }

    pub(crate) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        // actix leaves the body out of the answer to HEAD by itself, and keeps its length.
        self.on("GET", Method::GET, handler.clone()).on("HEAD", Method::HEAD, handler)
    }

    pub(crate) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("POST", Method::POST, handler)
    }

    pub(crate) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("PUT", Method::PUT, handler)
    }

    pub(crate) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on("DELETE", Method::DELETE, handler)
    }

    fn on<F, Args>(mut self, name: &'static str, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push(name);
        Self { resource: self.resource.route(web::method(method).to(handler)), methods: self.methods }
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(mut self, config: &mut AppService) {
        self.methods.sort_unstable();
        let allow = self.methods.join(", ");
        let refuse = move |request: HttpRequest| std::future::ready(not_allowed(&request, &allow));
        self.resource.default_service(web::to(refuse)).register(config);
    }
}

fn not_allowed(request: &HttpRequest, allow: &str) -> Result<HttpResponse, ApiError> {
    // A path that names nothing is that, whatever the method.
    if request.match_info().get("id").is_some() {
        users::id_in(request)?;
    }
    Err(ApiError {
        allow: Some(allow.to_owned()),
        ..ApiError::new(ErrorCode::MethodNotAllowed, "Method not allowed")
    })
}

/// The paths below which everything is JSON.
const JSON_PATHS: [&str; 5] = ["/api", "/health", "/livez", "/readyz", "/ws"];

/// For every path that nothing else takes.
pub(crate) async fn not_found(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let below = |root: &str| {
        request.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if JSON_PATHS.into_iter().any(below) {
        return Err(ApiError::new(ErrorCode::NotFound, "Not found"));
    }
    let page =
        "<!doctype html>\n<html lang=\"en\">\n<title>Not found</title>\n<h1>There is nothing here</h1>\n";
    Ok(HttpResponse::NotFound().insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(page))
}
