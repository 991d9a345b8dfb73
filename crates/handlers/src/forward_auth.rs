//! Forward auth: a proxy asks who sends a request before it passes the request on.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::Data,
};
use denizen_models::User;
use denizen_services::{Authentication, ForwardAuth};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use crate::{
    http::{
        ApiError, ApiResult, AppState, Proxy, Query, RequestContext, accepts_html, query, reply,
        return_to::ReturnTo,
    },
    middleware::{
        Endpoint,
        credentials::{forward_token, session_token},
        route,
    },
    services::Auth,
};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(crate) fn routes() -> Vec<Endpoint> {
    let endpoint = route("/api/auth/forward").unlimited_for_proxies();
    vec![
        endpoint.get(Proxy, "Tells a proxy who sends a request.", forward).answers(
            reply(200)
                .or_status(&[302])
                .query(&[
                    query("role", "string", "Only users with this role pass; others get 403."),
                    query("redirect", "string", "`never`: 401 instead of a redirect to the sign-in page."),
                ])
                .example("{}"),
        ),
    ]
}

/// `GET /api/auth/forward`
async fn forward(
    http: HttpRequest,
    request: RequestContext,
    auth: Auth,
    forward: Data<dyn ForwardAuth>,
    query: Query,
) -> ApiResult {
    let (role, redirects) = query.read(|query| {
        let never = query.take_as("redirect", "never", |text| (text == "never").then_some(()))?;
        Ok((query.take("role"), never.is_none()))
    })?;
    let Some(known) = find(&http, &request, &auth, &forward).await? else {
        return sign_in(&http, &request.state, redirects);
    };
    let user = known.user;
    if let Some(role) = role.filter(|role| !user.values.roles.contains(role)) {
        return Err(ApiError::forbidden(format_args!("this is for users with the role {role}")));
    }
    let mut response = request.done("Signed in");
    for (name, value) in identity(&user) {
        let value = HeaderValue::from_str(&value).map_err(ApiError::internal)?;
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    Ok(response)
}

/// Returns who sends the request, by the session of this host or by the forward token of others.
async fn find(
    http: &HttpRequest,
    request: &RequestContext,
    auth: &Auth,
    forward: &Data<dyn ForwardAuth>,
) -> Result<Option<Authentication>, ApiError> {
    let settings = &request.state.settings;
    // What is not a session token of ours may be the application's own.
    if let Ok(Some(token)) = session_token(http, settings)
        && let Some(known) = auth.authenticate(&token).await?
    {
        return Ok(Some(known));
    }
    match forward_token(http, settings) {
        Some(token) => Ok(forward.authenticate_forward(&token).await?),
        None => Ok(None),
    }
}

/// Sends a person to the sign-in page and from there back; all others, and proxies that cannot redirect, are told 401 with
/// the page in `Location`.
fn sign_in(http: &HttpRequest, state: &AppState, redirects: bool) -> ApiResult {
    let page = match &state.settings.public_url {
        Some(url) => format!("{url}/sign-in"),
        None => format!("{}/sign-in", state.prefix),
    };
    let page = match asked_for(http, state) {
        Some(place) => format!("{page}?return_to={}", utf8_percent_encode(place.as_str(), RESERVED)),
        None => page,
    };
    let mut response = if redirects && accepts_html(http.headers()) {
        HttpResponse::new(StatusCode::FOUND)
    } else {
        HttpResponse::from_error(ApiError::unauthenticated())
    };
    let page = HeaderValue::from_str(&page).map_err(ApiError::internal)?;
    response.headers_mut().insert(header::LOCATION, page);
    Ok(response)
}

/// Returns the URL that the browser asked the proxy for, if a browser may be sent back there.
fn asked_for(http: &HttpRequest, state: &AppState) -> Option<ReturnTo> {
    let told = |name| http.headers().get(name).and_then(|value| value.to_str().ok());
    let (scheme, host) = (told("x-forwarded-proto")?, told("x-forwarded-host")?);
    let url = format!("{scheme}://{host}{}", told("x-forwarded-uri").unwrap_or("/"));
    ReturnTo::parse(&url, &state.settings)
}

/// Returns the headers by which the guarded application knows the user. Names and roles may be any text, so they are
/// percent-encoded; the comma between roles is not.
fn identity(user: &User) -> [(&'static str, String); 5] {
    let values = &user.values;
    let encoded = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let roles: Vec<String> = values.roles.iter().map(|role| encoded(role)).collect();
    [
        ("remote-user-id", user.id.to_string()),
        ("remote-user", values.username.to_string()),
        ("remote-email", percent_encode(values.email.as_str().as_bytes(), CONTROLS).to_string()),
        ("remote-name", encoded(&format!("{} {}", values.first_name, values.last_name))),
        ("remote-groups", roles.join(",")),
    ]
}
