//! The pages to sign in and out.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, time::Duration},
    http::StatusCode,
};
use denizen_models::LoginRequest;
use denizen_services::{Failure, LoginError};
use minijinja::context;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{CookieLifetime, ended_cookies, session_cookies};
use crate::{
    HandlerSettings,
    http::{
        ApiResult, RequestContext,
        query::{decode, parameter},
        return_to::ReturnTo,
    },
    middleware::credentials::{cookie, device, expired_cookie, own_cookie},
    pages::{Form, Page, Step},
    services::Auth,
};

const PAGE: Page = Page(include_str!("../../pages/sign_in.html"));
const SIGN_OUT: Page = Page(include_str!("../../pages/sign_out.html"));

/// How long the sign-in page knows where a browser came from: longer than the detour over a mail takes.
const RETURN_LIFETIME: Duration = Duration::hours(1);

/// `GET /sign-in`
pub(super) async fn show(request: RequestContext, http: HttpRequest) -> Step {
    let settings = &request.state.settings;
    let step = if request.caller.is_some() {
        let back = return_to(&http, settings).map(|place| place.as_str().to_owned());
        Step::of(PAGE, "known").with(context! { back })
    } else {
        ask(&http, settings, "")
    };
    match asked_return(&http, settings) {
        Some(place) => step.cookies([return_cookie(settings, &place)]),
        None => step,
    }
}

/// `POST /sign-in`
pub(super) async fn submit(
    request: RequestContext,
    http: HttpRequest,
    auth: Auth,
    mut form: Form,
) -> ApiResult<Step> {
    let settings = &request.state.settings;
    let (login, stay) = (form.secret("login"), form.text("stay") == "on");
    let body = LoginRequest {
        login: login.clone(),
        password: form.secret("password"),
        cookie: Some(true),
        remember: Some(stay),
        device: device(&http, settings),
    };
    match auth.login(&request.access, body).await {
        Ok(signed_in) => {
            let lifetime = if stay { CookieLifetime::Session } else { CookieLifetime::Browser };
            let step = return_to(&http, settings).map_or_else(|| Step::to_page("/account"), Step::back);
            let step = step.cookies(session_cookies(&request, &signed_in, lifetime));
            Ok(step.cookies([expired_cookie(settings, return_cookie_name(settings))]))
        }
        Err(LoginError::Rejected) => {
            let error = "The user name, the e-mail address or the password is wrong.";
            Ok(ask(&http, settings, login.expose()).refused(StatusCode::FORBIDDEN, error))
        }
        Err(LoginError::Failure(Failure::Invalid(errors))) => {
            Ok(ask(&http, settings, login.expose()).invalid(&errors))
        }
        Err(error) => Err(error.into()),
    }
}

fn ask(http: &HttpRequest, settings: &HandlerSettings, login: &str) -> Step {
    Step::of(PAGE, "ask").with(context! { login }).leading_to(return_to(http, settings))
}

/// `GET /sign-out`
pub(super) async fn show_sign_out(request: RequestContext) -> Step {
    if request.caller.is_some() { Step::of(SIGN_OUT, "ask") } else { Step::done("signed-out") }
}

/// `POST /sign-out`
pub(super) async fn sign_out(request: RequestContext, auth: Auth, _: Form) -> ApiResult<Step> {
    auth.logout(&request.access).await?;
    Ok(Step::done("signed-out").cookies(ended_cookies(&request.state.settings)))
}

/// Where the link to this page says that the browser goes after sign-in. A place that is not allowed is ignored.
fn asked_return(http: &HttpRequest, settings: &HandlerSettings) -> Option<ReturnTo> {
    parameter(http, "return_to").and_then(|place| ReturnTo::parse(&place, settings))
}

/// The same, or where an earlier link said so: on the way over a mailed link, the query is lost.
fn return_to(http: &HttpRequest, settings: &HandlerSettings) -> Option<ReturnTo> {
    let kept = || {
        let kept = cookie(http.headers(), return_cookie_name(settings))?;
        ReturnTo::parse(&decode(kept.expose())?, settings)
    };
    asked_return(http, settings).or_else(kept)
}

const fn return_cookie_name(settings: &HandlerSettings) -> &'static str {
    if settings.secure_cookies { "__Host-denizen_return_to" } else { "denizen_return_to" }
}

fn return_cookie(settings: &HandlerSettings, place: &ReturnTo) -> Cookie<'static> {
    let value = utf8_percent_encode(place.as_str(), NON_ALPHANUMERIC).to_string();
    let cookie = own_cookie(settings, return_cookie_name(settings), &value).max_age(RETURN_LIFETIME);
    cookie.finish().into_owned()
}
