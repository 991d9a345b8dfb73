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
        route::{Access, RouteLimits, Rule},
    },
    middleware::{
        credentials::{has_credentials, limit_stranger, session_token},
        service_keys::{authenticate_key, service_key},
    },
};

/// Lets a request pass to a route with this rule, or refuses it.
pub(crate) async fn authorize(
    rule: Rule,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match check(rule, request.request()).await {
        Ok(identity) => {
            let recheck = Recheck(rule, |rule, request| {
                Box::pin(async move { check(rule, &request).await.map(|_| ()) })
            });
            let mut extensions = request.extensions_mut();
            extensions.insert(identity);
            extensions.insert(recheck);
        }
        Err(refusal) => return Ok(request.error_response(refusal)),
    };
    next.call(request).await
}

async fn check(rule: Rule, request: &HttpRequest) -> Result<Identity, ApiError> {
    let (access, settings) = (rule.access, &AppState::of(request)?.settings);
    let is_open = access == Access::Demo && settings.demos == Demos::Open;
    // Routes that treat all clients alike do not look at credentials; for proxies, the handler does.
    if matches!(access, Access::Public | Access::Proxy) || is_open {
        let is_limited = RouteLimits::is_limited(request, &settings.trusted_proxies);
        if is_limited && has_credentials(request.headers(), settings) {
            limit_stranger(settings, RequestMeta::of(request).ip)?;
        }
        return Ok(Identity::default());
    }
    if let Some(presented) = service_key(request.headers()) {
        return match authenticate_key(request, &presented).await? {
            Some(key) if rule.scopes.iter().any(|scope| key.created.scopes.contains(scope)) => {
                Ok(Identity { caller: None, key: Some(key) })
            }
            Some(_) => Err(missing_scope(rule)),
            None => Err(refuse(request)),
        };
    }
    let caller = if access == Access::Service { None } else { caller_of(access, request).await? };
    match (access, &caller) {
        (Access::Admin, Some(known)) if !known.user.is_admin() => {
            Err(ApiError::forbidden("this is for administrators"))
        }
        (Access::Public | Access::Anyone, None) | (_, Some(_)) => Ok(Identity { caller, key: None }),
        (
            Access::Member
            | Access::Owner
            | Access::Directory
            | Access::Admin
            | Access::Demo
            | Access::Service
            | Access::Proxy,
            None,
        ) => Err(ApiError::unauthenticated()),
    }
}

fn is_page(request: &HttpRequest) -> bool {
    AppState::of(request).is_ok_and(|state| !speaks_json(&state.prefix, request.path()))
}

async fn caller_of(access: Access, request: &HttpRequest) -> Result<Option<Authentication>, ApiError> {
    match authenticate(request).await {
        // On a page, a session that has ended is none: people sign in again there.
        Err(error)
            if access == Access::Anyone && error.code == ErrorCode::Unauthenticated && is_page(request) =>
        {
            Ok(None)
        }
        caller => caller,
    }
}

fn missing_scope(rule: Rule) -> ApiError {
    let scopes: Vec<_> = rule.scopes.iter().map(|scope| scope.as_str()).collect();
    if scopes.is_empty() {
        return ApiError::forbidden("service keys cannot do this");
    }
    ApiError::forbidden(format_args!("this is for service keys with the scope {}", scopes.join(" or ")))
}

/// The refusal of a token or key that is not valid, which counts for the wider networks of its client.
fn refuse(request: &HttpRequest) -> ApiError {
    let state = AppState::of(request);
    let limited = state.and_then(|state| limit_stranger(&state.settings, RequestMeta::of(request).ip));
    limited.err().unwrap_or_else(ApiError::dead_session)
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
    if known.is_none() { Err(refuse(request)) } else { Ok(known) }
}
