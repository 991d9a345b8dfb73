//! Bodies that take their time. The clock is paused: time passes only while everybody waits for it.

use std::time::Duration;

use actix_web::{dev::Payload, error::PayloadError, web::Bytes};
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use serde_json::Value;
use tokio::time::{Instant, pause, sleep};

use crate::support::{
    Api,
    requests::{post_bytes, request},
};

const TARGET: &str = "/api/users/request-email-verification";

async fn api() -> Api {
    let api = Api::start_with(|setup| setup.settings.body_timeout = Some(Duration::from_secs(15))).await;
    pause();
    api
}

/// A body that begins, and goes on as `rest` says.
fn body(rest: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    let begin = stream::iter([Ok(Bytes::from_static(b"{\"email\":"))]);
    Payload::from(begin.chain(rest).boxed_local())
}

#[actix_web::test]
async fn a_body_that_does_not_come_in_time_is_not_waited_for() {
    let api = api().await;
    let drop_by_drop =
        || stream::repeat(()).then(|()| sleep(Duration::from_secs(1)).map(|()| Ok(Bytes::from_static(b" "))));
    for payload in [body(stream::pending()), body(drop_by_drop())] {
        let start = Instant::now();
        let request = post_bytes(TARGET, "");
        let answer = api.send_stream(request, payload).await;
        let details = answer.expect_error(408, "REQUEST_TIMEOUT", "The request body came too slowly");
        assert_eq!(details, Value::Null);
        assert_eq!(start.elapsed().as_secs(), 15);
    }
    let form = request("POST", "/verify-email?token=abc")
        .insert_header(("content-type", "application/x-www-form-urlencoded"));
    let answer = api.send_stream(form, body(stream::pending())).await;
    assert_eq!((answer.status, answer.header("content-type")), (408, Some("text/html; charset=utf-8")));
    assert!(answer.text().contains("<p>The request body came too slowly</p>"), "{}", answer.text());
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_body_that_comes_in_time_is_read_however_slow_it_is() {
    let api = api().await;
    let late =
        stream::once(sleep(Duration::from_secs(14)).map(|()| Ok(Bytes::from_static(b" \"a@example.com\"}"))));
    let answer = api.send_stream(post_bytes(TARGET, ""), body(late)).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}
