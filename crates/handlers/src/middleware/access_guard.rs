//! Who somebody is who sends a request, and whether they may.

use std::rc::Rc;

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, header::HeaderValue},
    middleware::Next,
    web::Data,
};
use denizen_models::Secret;
use denizen_services::{AuthService, Authentication};

use crate::{
    Demos,
    http::{
        error::{ApiError, ErrorCode},
        request::{AppState, Identity},
    },
    middleware::credentials::presented,
    routes::{Access, access},
};

/// Lets a request pass to the path with this pattern, or not. Methods that the path does not have pass: they are told so.
pub(crate) async fn door(
    path: Rc<str>,
    methods: Rc<[Method]>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if methods.contains(request.method()) {
        match authorize(&path, request.request()).await {
            Ok(caller) => request.extensions_mut().insert(caller),
            Err(refusal) => return Ok(request.error_response(refusal)),
        };
    }
    next.call(request).await
}

async fn authorize(path: &str, request: &HttpRequest) -> Result<Identity, ApiError> {
    let state = state(request)?;
    let access = match access(path, request.method()) {
        Access::Demo => match state.settings.demos {
            Demos::Open => Access::Public,
            Demos::Members => Access::Member,
            Demos::Off => Access::Nobody,
        },
        access @ (Access::Public
        | Access::Anyone
        | Access::Member
        | Access::Owner
        | Access::Admin
        | Access::Directory
        | Access::Nobody) => access,
    };
    // Whoever serves everybody alike does not even look.
    if access == Access::Public {
        return Ok(Identity(None));
    }
    let caller = match presented(request, &state.settings)? {
        Some(token) => Identity(Some(identify(request, &token).await?)),
        None => Identity(None),
    };
    match (access, &caller.0) {
        (Access::Public | Access::Anyone, _) => Ok(caller),
        (Access::Member | Access::Owner | Access::Directory, Some(_)) => Ok(caller),
        (Access::Admin, Some(known)) if known.user.is_admin() => Ok(caller),
        (Access::Admin, Some(_)) => Err(ApiError::forbidden("this is for administrators")),
        (Access::Member | Access::Owner | Access::Directory | Access::Admin, None) => {
            Err(ApiError::unauthenticated())
        }
        (Access::Nobody | Access::Demo, _) => Err(ApiError::internal("a route is not in the table")),
    }
}

/// Who has signed in, for those who must know. See [`crate::Authenticated`].
pub(crate) async fn authenticate(request: &HttpRequest) -> Result<Authentication, ApiError> {
    let settings = &state(request)?.settings;
    let token = presented(request, settings)?.ok_or_else(ApiError::unauthenticated)?;
    identify(request, &token).await
}

fn state(request: &HttpRequest) -> Result<&AppState, ApiError> {
    let state = request.app_data::<Data<AppState>>();
    state.map(|data| data.get_ref()).ok_or_else(|| ApiError::internal("the handlers have no state"))
}

async fn identify(request: &HttpRequest, token: &Secret) -> Result<Authentication, ApiError> {
    let auth = request.app_data::<Data<dyn AuthService>>();
    let auth = auth.ok_or_else(|| ApiError::internal("the handlers have no sign-in"))?;
    auth.authenticate(token).await?.ok_or_else(ApiError::dead_session)
}

/// What a 401 says of signing in (RFC 9110, section 11.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// That one should.
    SignIn,
    /// That what was presented opens nothing (RFC 6750, section 3.1).
    InvalidOrExpired,
}

impl Challenge {
    pub(crate) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::SignIn => "Bearer realm=\"denizen\"",
            Self::InvalidOrExpired => "Bearer realm=\"denizen\", error=\"invalid_token\"",
        })
    }
}

impl ApiError {
    /// Nobody knows who it is.
    pub(crate) fn unauthenticated() -> Self {
        let error = Self::new(ErrorCode::Unauthenticated, "Authentication required");
        Self { challenge: Some(Challenge::SignIn), ..error }
    }

    /// What was presented opens nothing, or no longer does.
    pub(crate) fn dead_session() -> Self {
        let error = Self::new(ErrorCode::Unauthenticated, "The session has ended or never existed");
        Self { challenge: Some(Challenge::InvalidOrExpired), ..error }
    }
}
