//! Requests that actix refuses by itself: it tells nobody, so this reads it off what is sent.

/// Is told the status of a request that no route has seen.
pub(super) type OnRefusal = Box<dyn Fn(u16)>;

const LINE: &[u8] = b"HTTP/1.1 ";
/// More than the longest head that actix sends by itself.
const LONGEST: usize = 256;

/// Returns the status of the response that ends these bytes, if it is a refusal of actix's own: such a response has no body
/// and, unlike ours, no request id.
pub(super) fn status_of(bytes: &[u8]) -> Option<u16> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let end = bytes.get(bytes.len().saturating_sub(LONGEST)..)?;
    let start = end.windows(LINE.len()).rposition(|window| window == LINE)?;
    let head = end.get(start..)?.to_ascii_lowercase();
    let id = b"x-request-id:";
    let status: u16 = str::from_utf8(head.get(LINE.len()..LINE.len() + 3)?).ok()?.parse().ok()?;
    (status >= 400 && !head.windows(id.len()).any(|window| window == id)).then_some(status)
}

#[cfg(test)]
mod tests {
    use super::status_of;

    #[test]
    fn only_a_response_without_body_and_request_id_is_a_refusal() {
        let refusal = "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n";
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nx-request-id: req_1\r\n\r\n{}";
        let head = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nX-Request-Id: req_1\r\n\r\n";
        for (bytes, expected) in [
            (refusal.to_owned(), Some(408)),
            (answer.to_owned() + refusal, Some(408)),
            ("x".repeat(100_000) + refusal, Some(408)),
            (answer.to_owned(), None),
            (head.to_owned(), None),
            (refusal.to_owned() + head, None),
            ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), None),
            ("HTTP/1.1 x\r\n\r\n".to_owned(), None),
            ("HTTP/1.1 \r\n\r\n".to_owned(), None),
            ("\r\n\r\n".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(status_of(bytes.as_bytes()), expected, "{:.200}", bytes);
        }
    }
}
