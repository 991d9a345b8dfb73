//! A path and its methods.

use std::{future::ready, rc::Rc};

use actix_web::{
    Error, FromRequest, Handler, HttpMessage as _, HttpRequest, HttpResponse, Resource, Responder,
    body::MessageBody,
    dev::{AppService, HttpServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, AcceptEncoding, Encoding, HeaderValue},
    },
    middleware::{Compress, Next, from_fn},
    web,
};

use crate::{
    http::{
        error::{ApiError, ErrorCode},
        query::decode,
    },
    middleware::access_guard::door,
    pages,
    routes::{Access, access},
};

/// One path. Each method is one line; GET answers HEAD too; every other method is a 405 with `Allow`.
pub(crate) struct Endpoint {
    path: Rc<str>,
    resource: Resource,
    methods: Vec<Method>,
    check: fn(&HttpRequest) -> Result<(), ApiError>,
    compressed: bool,
}

impl Endpoint {
    pub(crate) fn at(path: &str) -> Self {
        Self {
            path: path.into(),
            resource: web::resource(path),
            methods: Vec::new(),
            check: |_| Ok(()),
            compressed: false,
        }
    }

    pub(crate) fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        // actix leaves the body out of the answer to HEAD by itself, and keeps its length.
        self.on(Method::GET, handler.clone()).on(Method::HEAD, handler)
    }

    pub(crate) fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::POST, handler)
    }

    pub(crate) fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::PUT, handler)
    }

    pub(crate) fn patch<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::PATCH, handler)
    }

    pub(crate) fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.on(Method::DELETE, handler)
    }

    /// What to look at before a method is refused: a path that names nothing is that, whatever the method.
    pub(crate) fn checked(self, check: fn(&HttpRequest) -> Result<(), ApiError>) -> Self {
        Self { check, ..self }
    }

    /// Answers are compressed for those who accept it. For what is the same for everybody: the length of a
    /// compressed secret can give it away (BREACH).
    pub(crate) fn compressed(self) -> Self {
        Self { compressed: true, ..self }
    }

    fn on<F, Args>(mut self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push(method.clone());
        Self { resource: self.resource.route(web::method(method).to(handler)), ..self }
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let Self { path, resource, methods, check, compressed } = self;
        for method in methods.iter().filter(|method| access(&path, method) == Access::Nobody) {
            log::error!("{method} {path} is not in the table of routes, and refused to everybody");
        }
        let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
        names.sort_unstable();
        let allow = names.join(", ");
        let refuse = move |request: HttpRequest| ready(check(&request).and_then(|()| not_allowed(&allow)));
        let listed: Rc<[Method]> = methods.into();
        let door = from_fn(move |request, next| door(path.clone(), listed.clone(), request, next));
        let resource = resource.default_service(web::to(refuse)).wrap(door);
        if compressed {
            resource.wrap(Compress::default()).wrap(from_fn(negotiate)).register(config);
        } else {
            resource.register(config);
        }
    }
}

/// Around `Compress`, which would turn away those who accept nothing that it knows, and says only of what it has
/// compressed that it could have been otherwise (RFC 9110, sections 12.5.3 and 12.5.5).
async fn negotiate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let known = [Encoding::identity(), Encoding::brotli(), Encoding::gzip(), Encoding::deflate()];
    let accepted = request.get_header::<AcceptEncoding>();
    if accepted.is_none_or(|accepted| accepted.negotiate(known.iter()).is_none()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.call(request).await?;
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}

fn not_allowed(allow: &str) -> Result<HttpResponse, ApiError> {
    Err(ApiError {
        allow: Some(allow.into()),
        ..ApiError::new(ErrorCode::MethodNotAllowed, "Method not allowed")
    })
}

/// The segments below which everything is JSON.
const JSON_PATHS: [&str; 6] = ["api", "health", "livez", "metrics", "readyz", "ws"];

/// For every path that nothing else takes.
pub(crate) async fn not_found(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if speaks_json(request.path()) {
        return Err(ApiError::new(ErrorCode::NotFound, "Not found"));
    }
    pages::not_found()
}

/// Whether everything at this path is for programs; elsewhere, errors are pages for people.
///
/// The router takes `/%61pi` for `/api`, so this does too; but a `%2F` separates nothing.
pub(crate) fn speaks_json(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|path| path.split('/').next()).and_then(decode);
    first.is_some_and(|first| JSON_PATHS.contains(&first.as_str()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::{
        App,
        test::{TestRequest, init_service, try_call_service},
    };
    use denizen_testkit::{FixedClock, SeededTokens};

    use super::*;
    use crate::{HandlerSettings, http::request::AppState};

    #[actix_web::test]
    async fn what_is_not_in_the_table_is_for_nobody() {
        let state = web::Data::new(AppState {
            clock: Arc::new(FixedClock::new()),
            tokens: Arc::new(SeededTokens::new(1)),
            settings: HandlerSettings::default(),
        });
        let listed = Endpoint::at("/livez").get(async || "listed").post(async || "forgotten");
        let forgotten = Endpoint::at("/secrets").get(async || "forgotten");
        let app = init_service(App::new().app_data(state).service(listed).service(forgotten)).await;
        for (request, status) in [
            (TestRequest::get().uri("/livez"), 200),
            (TestRequest::post().uri("/livez"), 500),
            (TestRequest::get().uri("/secrets"), 500),
            (TestRequest::post().uri("/secrets"), 405),
        ] {
            let answer = try_call_service(&app, request.to_request()).await.unwrap();
            assert_eq!(answer.status().as_u16(), status);
        }
    }
}
