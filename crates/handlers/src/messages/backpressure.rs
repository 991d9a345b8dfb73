//! What a client is sent, no faster than it takes it.

use std::{
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    web::Bytes,
};
use tokio::sync::Notify;

/// Says when what was given to the WebSocket library has gone on to the connection.
///
/// The library takes 32 messages for each client and copies every one, where the service shares a message among all
/// who are to get it: some thousand clients that take nothing would be gigabytes. So it is given one at a time.
#[derive(Clone, Default)]
pub(super) struct Backpressure(Rc<Notify>);

impl Backpressure {
    /// Watches the body of this answer, which is what the client is sent.
    pub(super) fn watch(&self, response: HttpResponse) -> HttpResponse {
        let backpressure = self.clone();
        response.map_body(|_, body| BoxBody::new(Watched { body, backpressure }))
    }

    /// Returns when the next piece has gone on, or the connection is gone.
    pub(super) async fn passed(&self) {
        self.0.notified().await;
    }
}

struct Watched {
    body: BoxBody,
    backpressure: Backpressure,
}

impl MessageBody for Watched {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let piece = ready!(Pin::new(&mut self.body).poll_next(context));
        self.backpressure.0.notify_one();
        Poll::Ready(piece)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.backpressure.0.notify_one();
    }
}
