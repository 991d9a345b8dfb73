//! Introspection of session tokens, as RFC 7662 describes it: a form comes in, a bare JSON object goes out.

use std::pin::Pin;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::StatusCode, web::Data};
use denizen_models::{IntrospectionRequest, IntrospectionResponse, KeyScope, Secret};
use denizen_services::KeyService;

use crate::{
    http::{
        Access, ApiError, ApiResult, ErrorCode, Query, RequestContext,
        body::read_body,
        describe::{Body, Describe, Takes, TypeSchema},
        reply,
        request::{Recheck, to_json},
    },
    middleware::{Endpoint, route},
};

/// The longest form, in bytes: a token, a hint and what other servers may understand.
const MAX_BODY: usize = 16 * 1024;

pub(crate) fn routes() -> Vec<Endpoint> {
    let access = Access::Service.or_key(&[KeyScope::SessionsIntrospect]);
    let endpoint = route("/api/auth/introspect").max_body(MAX_BODY).oauth_errors();
    let summary = "Tells of which user a session token is (RFC 7662).";
    let reply = reply(200).oauth::<IntrospectionResponse>().example(r#"{"token": "4ad46d582dc3ee06…"}"#);
    vec![endpoint.post(access, summary, introspect).answers(reply)]
}

/// `POST /api/auth/introspect`
async fn introspect(
    request: RequestContext,
    keys: Data<dyn KeyService>,
    TokenForm(token): TokenForm,
) -> ApiResult {
    let known = keys.introspect(&request.access, &token).await?;
    let answer = known.map(|known| IntrospectionResponse {
        active: true,
        sub: Some(known.user.id.to_string()),
        username: Some(known.user.values.username.to_string()),
        email: Some(known.user.values.email.to_string()),
        roles: Some(known.user.values.roles),
        iat: Some(known.session.opened.created_at.timestamp()),
        exp: Some(known.session.opened.expires_at.timestamp()),
    });
    Ok(to_json(StatusCode::OK, &answer.unwrap_or_default()))
}

/// The member `token` of the form. `token_type_hint` and members that are not known are ignored (RFC 7662, section 2.1).
struct TokenForm(Secret);

impl Describe for TokenForm {
    fn describe(takes: &mut Takes) {
        use ErrorCode::{InvalidQuery, PayloadTooLarge, RequestTimeout, UnsupportedMediaType};
        takes.body = Some(Body {
            schema: TypeSchema::of::<IntrospectionRequest>(),
            media_types: &["application/x-www-form-urlencoded"],
            check: |text| {
                let read = serde_json::from_slice::<IntrospectionRequest>(text);
                read.map(|_| ()).map_err(|error| error.to_string())
            },
        });
        takes.codes.extend([InvalidQuery, PayloadTooLarge, RequestTimeout, UnsupportedMediaType]);
    }
}

impl FromRequest for TokenForm {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let urlencoded = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let body = read_body(request, payload);
        let request = request.clone();
        Box::pin(async move {
            if !urlencoded {
                let reason = "Content-Type must be application/x-www-form-urlencoded";
                return Err(ApiError::new(ErrorCode::UnsupportedMediaType, reason));
            }
            let text = String::from_utf8(body.await?).map_err(|_| ApiError::invalid_query("form"))?;
            Recheck::run(request).await?;
            let token = Query::parse(&text)?.take("token").filter(|token| !token.is_empty());
            token.map(|token| Self(Secret::from(token))).ok_or_else(|| ApiError::invalid_query("token"))
        })
    }
}
