//! What a handler knows about its request, and the success answers.

use std::{
    future::{Ready, ready},
    net::IpAddr,
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
};
use denizen_models::SuccessResponse;
use denizen_services::{AccessContext, Actor, Authentication, Clock, TokenSource};
use serde::Serialize;

use crate::{HandlerSettings, error::ApiError, log_line::printable};

/// What all handlers share.
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: Arc<dyn TokenSource>,
    pub(crate) settings: HandlerSettings,
}

/// What is known of a request before anybody handles it; `observe` puts it on every one.
#[derive(Debug, Clone)]
pub(crate) struct RequestStamp {
    pub(crate) id: String,
    /// The time of arrival, in Unix seconds.
    pub(crate) timestamp: i64,
    /// The client's address, as far as proxies can be believed.
    pub(crate) ip: Option<IpAddr>,
}

/// Who sends a request; `door` puts it on every one that it lets in.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Option<Authentication>);

/// The request as the handlers see it: on whose behalf, and how to answer.
pub(crate) struct Request {
    pub(crate) access: AccessContext,
    /// Who has signed in, on routes that ask for it.
    pub(crate) caller: Option<Authentication>,
    stamp: RequestStamp,
}

impl Request {
    /// A success with data.
    pub(crate) fn answer<T: Serialize>(&self, message: &str, data: T) -> HttpResponse {
        self.respond(StatusCode::OK, message, Some(data), None::<()>)
    }

    /// A success that consists of its message.
    pub(crate) fn done(&self, message: &str) -> HttpResponse {
        self.respond(StatusCode::OK, message, None::<()>, None::<()>)
    }

    /// Something that will be done once somebody has done their part.
    pub(crate) fn pending(&self, message: &str) -> HttpResponse {
        self.respond(StatusCode::ACCEPTED, message, None::<()>, None::<()>)
    }

    /// A success with data and facts about it.
    pub(crate) fn answer_with<T: Serialize, M: Serialize>(
        &self,
        status: StatusCode,
        message: &str,
        data: T,
        metadata: M,
    ) -> HttpResponse {
        self.respond(status, message, Some(data), Some(metadata))
    }

    /// The time of arrival in Unix seconds, as every answer states it.
    pub(crate) const fn timestamp(&self) -> i64 {
        self.stamp.timestamp
    }

    fn respond<T: Serialize, M: Serialize>(
        &self,
        status: StatusCode,
        message: &str,
        data: Option<T>,
        metadata: Option<M>,
    ) -> HttpResponse {
        let RequestStamp { id, timestamp, ip: _ } = &self.stamp;
        let message = message.to_owned();
        let envelope =
            SuccessResponse { message, data, metadata, timestamp: *timestamp, request_id: id.clone() };
        json(status, &envelope)
    }
}

/// A JSON answer with a newline at its end, for people with terminals.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    match serde_json::to_vec(body) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            HttpResponse::build(status).insert_header((header::CONTENT_TYPE, "application/json")).body(bytes)
        }
        Err(error) => HttpResponse::from_error(ApiError::internal(error)),
    }
}

impl FromRequest for Request {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request))
    }
}

fn read(request: &HttpRequest) -> Result<Request, ApiError> {
    let stamp = request.extensions().get::<RequestStamp>().cloned();
    let stamp = stamp.ok_or_else(|| ApiError::internal("the request was not stamped"))?;
    let caller = request.extensions().get::<Caller>().cloned();
    let Caller(caller) = caller.ok_or_else(|| ApiError::internal("the request came in without the door"))?;
    let actor = caller.as_ref().map_or(Actor::Anonymous, Authentication::actor);
    let access = context(request, actor, Some(&stamp));
    Ok(Request { access, caller, stamp })
}

/// On whose behalf services are called.
pub(crate) fn context(request: &HttpRequest, actor: Actor, stamp: Option<&RequestStamp>) -> AccessContext {
    let user_agent = request.headers().get(header::USER_AGENT);
    AccessContext {
        actor,
        ip: stamp.map_or_else(|| request.peer_addr().map(|peer| peer.ip()), |stamp| stamp.ip),
        user_agent: user_agent.map(|agent| printable(&String::from_utf8_lossy(agent.as_bytes()), 200)),
        request_id: stamp.map(|stamp| stamp.id.clone()).unwrap_or_default(),
    }
}

/// Personal data: nobody but the caller may keep it, and the caller asks again before using it.
pub(crate) fn personal(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, header::HeaderValue::from_static("Authorization, Cookie"));
    response
}
