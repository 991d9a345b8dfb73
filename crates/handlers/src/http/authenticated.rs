//! Who has signed in, for applications that mount these handlers beside their own routes.

use std::{fmt, future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError, dev::Payload, http::StatusCode,
    web::Data,
};
use denizen_models::User;
use denizen_services::{AccessContext, store::Session};

use crate::{
    http::{
        error::ApiError,
        request::{self, AppState, RequestMeta},
    },
    middleware::{access_guard, observe},
};

/// Somebody who has signed in, as an extractor: a handler that asks for one answers 401 to everybody else.
///
/// It works in every application that [`crate::configure`] is called on, on routes of its own too:
///
/// ```
/// use actix_web::{App, web};
/// use denizen_handlers::Authenticated;
///
/// async fn notes(known: Authenticated) -> String {
///     format!("Notes of {}", known.user.values.username)
/// }
/// # let _ = App::new().route("/notes", web::get().to(notes));
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
}

impl FromRequest for Authenticated {
    type Error = AccessError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AccessError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let stamp = stamp_of(&request);
            match access_guard::authenticate(&request).await {
                Ok(known) => {
                    let access = request::context(&request, known.actor(), &stamp);
                    Ok(Self { user: known.user, session: known.session, access })
                }
                Err(error) => Err(AccessError { error, stamp }),
            }
        })
    }
}

/// The stamp of the request, for as long as it lasts.
fn stamp_of(request: &HttpRequest) -> RequestMeta {
    if let Some(stamp) = request.extensions().get::<RequestMeta>() {
        return stamp.clone();
    }
    let state = request.app_data::<Data<AppState>>();
    let stamp = state.map(|state| RequestMeta::of(request, state)).unwrap_or_default();
    request.extensions_mut().insert(stamp.clone());
    stamp
}

/// Why a request is not let in: nobody has signed in, or nobody could look. It is answered like an error of the API.
pub struct AccessError {
    error: ApiError,
    stamp: RequestMeta,
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for AccessError {
    fn status_code(&self) -> StatusCode {
        self.error.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        observe::elsewhere(&self.error, &self.stamp)
    }
}
