//! What a client sends, within bounds.

use std::{
    cell::Cell,
    future::{Ready, ready},
    mem,
    rc::Rc,
    task::{self, Poll},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, error::PayloadError, web};
use actix_ws::Item;
use denizen_models::Message;
use futures_util::{StreamExt as _, stream};

use super::close::SessionEnd;
use crate::http::{ApiError, describe::Describe};

/// The most that may arrive without completing a frame. More than a frame may have, because one look at the socket may
/// bring the end of one frame and about 160 KiB of others behind it.
const MAX_PARTIAL: usize = 4 * Message::MAX_BYTES;
/// The most parts that a message may come in; empty ones would otherwise go on for ever.
const MAX_FRAGMENTS: usize = 1024;

/// The bytes from a client, as an extractor.
///
/// The WebSocket library collects a frame in memory, however long it says it is, and finds only then that it is too
/// long. So what it collects is counted here.
pub(super) struct IncomingFrames {
    pub(super) payload: web::Payload,
    pub(super) partial: PartialFrame,
}

/// How many bytes arrived since the last complete frame.
#[derive(Clone, Default)]
pub(super) struct PartialFrame(Rc<Cell<usize>>);

impl PartialFrame {
    /// A frame is complete.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }
}

impl Describe for IncomingFrames {}

impl FromRequest for IncomingFrames {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let partial = PartialFrame::default();
        let (count, mut received) = (Rc::clone(&partial.0), payload.take());
        let counted = stream::poll_fn(move |context| {
            if count.get() > MAX_PARTIAL {
                return Poll::Ready(Some(Err(PayloadError::Overflow)));
            }
            let chunk = task::ready!(received.poll_next_unpin(context));
            if let Some(Ok(bytes)) = &chunk {
                count.set(count.get() + bytes.len());
            }
            Poll::Ready(chunk)
        });
        let mut payload: Payload = Payload::Stream { payload: Box::pin(counted) };
        let payload = web::Payload::from_request(request, &mut payload).into_inner();
        ready(payload.map(|payload| Self { payload, partial }).map_err(ApiError::internal))
    }
}

/// A message that comes in parts.
#[derive(Default)]
pub(super) struct Fragments {
    bytes: Vec<u8>,
    count: usize,
}

impl Fragments {
    /// Takes the next part, and gives the message if it was the last one.
    ///
    /// # Errors
    /// It is not text, or it is too long.
    pub(super) fn add(&mut self, part: Item) -> Result<Option<String>, SessionEnd> {
        let (bytes, is_last) = match part {
            Item::FirstBinary(_) => return Err(SessionEnd::Binary),
            Item::FirstText(bytes) | Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        self.count += 1;
        if self.count > MAX_FRAGMENTS || self.bytes.len() + bytes.len() > Message::MAX_BYTES {
            return Err(SessionEnd::TooLong);
        }
        self.bytes.extend_from_slice(&bytes);
        if !is_last {
            return Ok(None);
        }
        let Self { bytes, count: _ } = mem::take(self);
        String::from_utf8(bytes).map(Some).map_err(|_| SessionEnd::NotText)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::web::Bytes;

    use super::*;

    #[test]
    fn parts_become_a_message_and_then_another() {
        let mut fragments = Fragments::default();
        for _ in 0..2 {
            // A character may be cut in two.
            assert_eq!(fragments.add(Item::FirstText(Bytes::from_static(b"caf\xc3"))), Ok(None));
            assert_eq!(fragments.add(Item::Continue(Bytes::new())), Ok(None));
            assert_eq!(fragments.add(Item::Last(Bytes::from_static(b"\xa9"))), Ok(Some("café".to_owned())));
        }
    }

    #[test]
    fn parts_are_bounded_together() {
        let half = || Bytes::from(vec![b'x'; Message::MAX_BYTES / 2]);
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(Item::FirstText(half())), Ok(None));
        assert_eq!(fragments.add(Item::Continue(half())), Ok(None));
        assert_eq!(fragments.add(Item::Continue(Bytes::from_static(b"x"))), Err(SessionEnd::TooLong));
    }

    #[test]
    fn empty_parts_do_not_go_on_for_ever() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(Item::FirstText(Bytes::new())), Ok(None));
        let end = (0..MAX_FRAGMENTS).find_map(|_| fragments.add(Item::Continue(Bytes::new())).err());
        assert_eq!(end, Some(SessionEnd::TooLong));
    }

    #[test]
    fn only_text_is_taken() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.add(Item::FirstBinary(Bytes::new())), Err(SessionEnd::Binary));
        assert_eq!(fragments.add(Item::FirstText(Bytes::from_static(b"\xff"))), Ok(None));
        assert_eq!(fragments.add(Item::Last(Bytes::new())), Err(SessionEnd::NotText));
    }
}
