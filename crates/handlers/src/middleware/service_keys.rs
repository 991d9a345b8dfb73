//! The service key of a request.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::header::{self, HeaderMap},
    web::Data,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use denizen_models::Secret;
use denizen_services::{KeyService, store::ServiceKey};

use crate::http::{error::ApiError, request::AppState};

/// What every service key begins with.
const PREFIX: &str = "dk_";

/// What the middleware found out about the service key of a request, for the access guard.
struct Presented(Option<ServiceKey>);

/// Returns the service key that a request presents, of whatever worth: as a bearer token, or as the password of the user
/// whose name is the key's number (RFC 6749, section 2.3.1). With several `Authorization` headers there is none.
pub(crate) fn service_key(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let (scheme, credentials) = value.split_once(' ')?;
    let credentials = credentials.trim_ascii();
    if scheme.eq_ignore_ascii_case("bearer") {
        return credentials.starts_with(PREFIX).then(|| Secret::from(credentials));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Secret::from(String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?);
    let (id, key) = pair.expose().split_once(':')?;
    let is_its_number = key.strip_prefix(PREFIX)?.split_once('_').is_some_and(|(number, _)| number == id);
    Some(Secret::from(if is_its_number { key } else { PREFIX }))
}

/// Counts a request with a service key for the limit of that key, in place of the limit per IP address; `false` if the
/// request has no key, or one that is not valid.
///
/// # Errors
/// Returns an error if the limit is reached, or if the key cannot be looked up.
pub(crate) async fn limit_key(state: &AppState, request: &HttpRequest) -> Result<bool, ApiError> {
    let Some(presented) = service_key(request.headers()) else { return Ok(false) };
    let key = find(request, &presented).await?;
    let id = key.as_ref().map(|key| key.id);
    request.extensions_mut().insert(Presented(key));
    let Some(id) = id else { return Ok(false) };
    if let Some(limit) = &state.settings.key_rate_limit {
        limit.check_key(id).map_err(ApiError::rate_limited)?;
    }
    Ok(true)
}

/// Returns the service key that `presented` is now; `None` if it is none. The first call for a request takes what the
/// middleware has found, later ones look again.
///
/// # Errors
/// Returns an error if the key cannot be looked up.
pub(crate) async fn authenticate_key(
    request: &HttpRequest,
    presented: &Secret,
) -> Result<Option<ServiceKey>, ApiError> {
    let found = request.extensions_mut().remove::<Presented>();
    match found {
        Some(Presented(key)) => Ok(key),
        None => find(request, presented).await,
    }
}

async fn find(request: &HttpRequest, presented: &Secret) -> Result<Option<ServiceKey>, ApiError> {
    match request.app_data::<Data<dyn KeyService>>() {
        Some(keys) => Ok(keys.authenticate_key(presented).await?),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn presented(values: &[&str]) -> Option<String> {
        let request = values.iter().fold(TestRequest::default(), |request, value| {
            request.append_header((header::AUTHORIZATION, *value))
        });
        service_key(request.to_http_request().headers()).map(|key| key.expose().to_owned())
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(pair))
    }

    #[test]
    fn a_key_comes_as_bearer_token_or_as_password_of_its_number() {
        let key = Some("dk_7_beef".to_owned());
        for value in ["Bearer dk_7_beef", "bearer  dk_7_beef ", &basic("7:dk_7_beef")] {
            assert_eq!(presented(&[value]), key, "{value}");
        }
        for other in ["8:dk_7_beef", ":dk_7_beef", "dk_7:dk_7_beef", "7:dk_7"] {
            assert_eq!(presented(&[&basic(other)]), Some("dk_".to_owned()), "{other}");
        }
    }

    #[test]
    fn other_credentials_are_not_keys() {
        for value in
            ["Bearer beef", "Bearer", "dk_7_beef", "Basic dk_7_beef", "Basic !", &basic("alice:pass")]
        {
            assert_eq!(presented(&[value]), None, "{value}");
        }
        assert_eq!(presented(&["Bearer dk_7_beef", "Bearer dk_7_beef"]), None);
        assert_eq!(presented(&[]), None);
    }
}
