//! Extractors of the signed-in user, for routes of applications that mount these handlers.

use std::{fmt, future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, dev::Payload, http::StatusCode};
use denizen_models::User;
use denizen_services::{AccessContext, store::Session};

use crate::{
    http::{
        error::ApiError,
        request::{self, RequestMeta},
    },
    middleware::{access_guard, wrap},
};

/// The signed-in user, as an extractor: a handler that asks for it answers 401 to all other requests.
///
/// It works on all routes of an application that [`crate::mount`] is called on:
///
/// ```
/// use actix_web::{App, web};
/// use denizen_handlers::{AccessError, Authenticated};
///
/// async fn notes(known: Authenticated) -> String {
///     format!("Notes of {}", known.user.values.username)
/// }
///
/// async fn all_notes(known: Authenticated) -> Result<String, AccessError> {
///     known.require_role("admin")?;
///     Ok("Notes of all users".to_owned())
/// }
/// # let _ = App::new().route("/notes", web::get().to(notes)).route("/all-notes", web::get().to(all_notes));
/// ```
///
/// A session in a cookie counts for methods other than GET and HEAD only on pages of the same site.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The user as it is now.
    pub user: User,
    /// The session that proves it.
    pub session: Session,
    /// For calls of services in the user's name.
    pub access: AccessContext,
    meta: RequestMeta,
}

impl Authenticated {
    /// Checks that the user has this role.
    ///
    /// # Errors
    /// Returns [`AccessError`], which is answered with 403, if the user does not have it.
    pub fn require_role(&self, role: &str) -> Result<(), AccessError> {
        if self.user.values.roles.iter().any(|own| own == role) {
            return Ok(());
        }
        let error = ApiError::forbidden(format_args!("this is for users with the role {role}"));
        Err(AccessError::new(error, self.meta.clone()))
    }
}

/// The signed-in user if the request has a session token, `None` without one.
///
/// Unlike `Option<Authenticated>`, it does not take a token that is not valid, or cannot be checked, for none: that is
/// answered as by [`Authenticated`].
#[derive(Debug, Clone)]
pub struct MaybeAuthenticated(pub Option<Authenticated>);

type ExtractorFuture<T> = Pin<Box<dyn Future<Output = Result<T, AccessError>>>>;

impl FromRequest for MaybeAuthenticated {
    type Error = AccessError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let meta = RequestMeta::of(&request);
            match access_guard::authenticate(&request).await {
                Ok(known) => Ok(Self(known.map(|known| {
                    let access = request::context(&request, known.actor(), &meta);
                    Authenticated { user: known.user, session: known.session, access, meta }
                }))),
                Err(error) => Err(AccessError::new(error, meta)),
            }
        })
    }
}

impl FromRequest for Authenticated {
    type Error = AccessError;
    type Future = ExtractorFuture<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let known = MaybeAuthenticated::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let unauthenticated = || AccessError::new(ApiError::unauthenticated(), RequestMeta::of(&request));
            known.await?.0.ok_or_else(unauthenticated)
        })
    }
}

/// Why a request is refused: without a valid session, without the role, or because that could not be checked. It is
/// answered like an error of the API.
#[derive(Debug)]
pub struct AccessError {
    error: Box<ApiError>,
    meta: RequestMeta,
}

impl AccessError {
    fn new(error: ApiError, meta: RequestMeta) -> Self {
        Self { error: Box::new(error), meta }
    }
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for AccessError {
    fn status_code(&self) -> StatusCode {
        self.error.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        wrap::elsewhere(&self.error, &self.meta)
    }
}
