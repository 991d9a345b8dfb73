//! Who has signed in, for applications that mount these handlers beside their own routes.

use std::{fmt, future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{StatusCode, header},
};
use denizen_models::User;
use denizen_services::{AccessContext, store::Session};
use serde_json::json;

use crate::{
    door,
    error::ApiError,
    request::{self, RequestStamp},
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
            let known = door::authenticate(&request).await.map_err(AccessError)?;
            let stamp = request.extensions().get::<RequestStamp>().cloned();
            let access = request::context(&request, known.actor(), stamp.as_ref());
            Ok(Self { user: known.user, session: known.session, access })
        })
    }
}

/// Why a request is not let in: nobody has signed in, or nobody could look. Its answer is JSON with `error` and `code`.
pub struct AccessError(ApiError);

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for AccessError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        if let Some(cause) = &self.0.cause {
            log::error!("{}: {cause}", self.0);
        }
        let body = json!({ "error": self.0.message, "code": self.0.code.as_str() });
        let mut response = request::json(self.0.code.status(), &body);
        if let Some(challenge) = self.0.challenge {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge.header());
        }
        if let Some(seconds) = self.0.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        response
    }
}
