//! Bodies: at most as long as the route allows, and in time.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::header::{self, HeaderMap},
    rt::time::timeout,
    web::Data,
};
use futures_util::StreamExt as _;

use crate::http::{
    error::{ApiError, ErrorCode},
    network_share::NetworkShare,
    request::{AppState, RequestMeta},
    route::RouteLimits,
};

/// How much of a body that is too long is read nevertheless, so that a client which sends first and reads later
/// gets its answer instead of a broken connection.
const MAX_DRAIN: usize = 16 * 1024 * 1024;

/// A body that is not too long for the route, and comes in time.
pub(crate) fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<Vec<u8>, ApiError>> + use<> {
    let state = request.app_data::<Data<AppState>>();
    let time = state.and_then(|state| state.settings.body_timeout);
    let share = state.and_then(|state| state.share_of(RequestMeta::of(request).ip));
    let max = request.app_data::<RouteLimits>().map_or(0, |limits| limits.max_body);
    let body = read(payload.take(), end_of_body(request.headers()), max, share);
    async move {
        match time {
            Some(time) => timeout(time, body).await.unwrap_or_else(|_| {
                Err(ApiError::new(ErrorCode::RequestTimeout, "The request body came too slowly"))
            }),
            None => body.await,
        }
    }
}

/// Where the body ends, if it is not where the payload does. Of a request that offers a WebSocket, actix takes all that
/// follows until the connection ends for the payload; but who is offered that may decline (RFC 9110, section 7.8), and
/// then it is a request like any other.
fn end_of_body(headers: &HeaderMap) -> usize {
    if !headers.contains_key(header::UPGRADE) || headers.contains_key(header::TRANSFER_ENCODING) {
        return usize::MAX;
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}

/// A body of at most this many bytes takes no more memory than its connection does anyway.
const FREE: usize = 4 * 1024;
/// A byte of a body is in memory about three times: in the buffers of its connection, and twice in a vector that grows.
const COST: usize = 3;

/// While it is read, the body counts for the share of the client's network.
async fn read(
    mut payload: Payload,
    end: usize,
    max: usize,
    mut share: Option<NetworkShare>,
) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while length < end
        && let Some(chunk) = payload.next().await
    {
        let mut chunk = chunk.map_err(broken_off)?;
        chunk.truncate(end - length);
        length = length.saturating_add(chunk.len());
        if length > MAX_DRAIN + max {
            break;
        } else if length > max {
            bytes = Vec::new();
        } else if length <= FREE || share.as_mut().is_none_or(|share| share.hold(COST * length)) {
            bytes.extend_from_slice(&chunk);
        } else {
            return Err(ApiError::rate_limited(Duration::ZERO));
        }
    }
    if length > max {
        return Err(ApiError::new(ErrorCode::PayloadTooLarge, "Request body is too large"));
    }
    Ok(bytes)
}

/// The library's own words for it name things that no client knows.
fn broken_off(_error: PayloadError) -> ApiError {
    ApiError::invalid_body(0, 0, "the body ended early or was not sent as announced")
}
