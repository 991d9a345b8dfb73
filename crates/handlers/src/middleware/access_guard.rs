//! Authentication of requests, and whether the user may use the route.

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use denizen_services::{AuthService, Authentication};

use crate::{
    Demos,
    http::{
        error::{ApiError, ErrorCode},
        fallback::speaks_json,
        request::{AppState, Identity, Recheck, RequestMeta},
        route::Access,
    },
    middleware::credentials::{has_credentials, limit_stranger, session_token},
};

/// Lets a request pass to a route with this rule, or refuses it.
pub(crate) async fn authorize(
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check(access, request.request()).await {
        Ok(identity) => {
            let recheck = Recheck(access, |access, request| {
                Box::pin(async move { check(access, &request).await.map(|_| ()) })
            });
            let mut extensions = request.extensions_mut();
            extensions.insert(identity);
            extensions.insert(recheck);
        }
        Err(refusal) => return Ok(request.error_response(refusal)),
    };
    next.call(request).await
}

async fn check(access: Access, request: &HttpRequest) -> Result<Identity, ApiError> {
    let settings = &AppState::of(request)?.settings;
    let is_open = access == Access::Demo && settings.demos == Demos::Open;
    // Routes that treat all clients alike do not look at credentials.
    if access == Access::Public || is_open {
        if has_credentials(request.headers(), settings) {
            limit_stranger(settings, RequestMeta::of(request).ip)?;
        }
        return Ok(Identity(None));
    }
    let identity = match authenticate(request).await {
        // On a page, a session that has ended is none: people sign in again there.
        Err(error)
            if access == Access::Anyone && error.code == ErrorCode::Unauthenticated && is_page(request) =>
        {
            None
        }
        identity => identity?,
    };
    match (access, &identity) {
        (Access::Admin, Some(known)) if !known.user.is_admin() => {
            Err(ApiError::forbidden("this is for administrators"))
        }
        (Access::Public | Access::Anyone, None) | (_, Some(_)) => Ok(Identity(identity)),
        (Access::Member | Access::Owner | Access::Directory | Access::Admin | Access::Demo, None) => {
            Err(ApiError::unauthenticated())
        }
    }
}

fn is_page(request: &HttpRequest) -> bool {
    AppState::of(request).is_ok_and(|state| !speaks_json(&state.prefix, request.path()))
}

/// Returns who has signed in, or `None` without a session token. See [`crate::Authenticated`].
///
/// # Errors
/// Returns an error if the token is not valid, may not be used here, or cannot be checked.
pub(crate) async fn authenticate(request: &HttpRequest) -> Result<Option<Authentication>, ApiError> {
    let settings = &AppState::of(request)?.settings;
    let token = session_token(request, settings)?;
    let Some(token) = token else { return Ok(None) };
    let auth = request.app_data::<Data<dyn AuthService>>();
    let auth = auth.ok_or_else(|| ApiError::internal("the handlers have no sign-in"))?;
    let known = auth.authenticate(&token).await?;
    if known.is_none() {
        limit_stranger(settings, RequestMeta::of(request).ip)?;
        return Err(ApiError::dead_session());
    }
    Ok(known)
}
