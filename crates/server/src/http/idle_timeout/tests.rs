//! The clocks and the bounds, over a pipe.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::timeout,
};

use super::*;

const TIMEOUT: Duration = Duration::from_secs(10);

fn connection() -> (DuplexStream, IdleTimeoutStream<DuplexStream>) {
    let (client, server) = duplex(1024);
    let (send, ignore) = (SendTimeout::new(TIMEOUT), Box::new(|_| {}));
    (client, IdleTimeoutStream::new(server, TIMEOUT, Arc::default(), send, ignore))
}

fn begin(in_flight: &InFlight) -> InFlightGuard {
    in_flight.begin(BodyLength::Known(0), || 0)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_left() {
    let (_client, mut server) = connection();
    let start = Instant::now();
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn single_bytes_do_not_buy_time() {
    let (mut client, mut server) = connection();
    tokio::spawn(async move {
        while client.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let (start, mut bytes) = (Instant::now(), Vec::new());
    server.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!((9..=11).contains(&bytes.len()), "{bytes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_running_request_takes_the_time_it_takes_and_the_next_one_has_its_own() {
    let (_client, mut server) = connection();
    let requests = server.in_flight();
    let (first, second) = (begin(&requests), begin(&requests));
    timeout(Duration::from_secs(3600), server.read(&mut [0; 8])).await.expect_err("an end");
    drop(first);
    timeout(Duration::from_secs(3600), server.read(&mut [0; 8])).await.expect_err("an end");
    let answer = second.until_end_of("body");
    timeout(Duration::from_secs(3600), server.read(&mut [0; 8])).await.expect_err("an end");
    drop(answer);
    let start = Instant::now();
    assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn who_has_flushed_an_answer_is_woken_although_nothing_is_read() {
    let (_client, mut server) = connection();
    drop(begin(&server.in_flight()));
    let start = Instant::now();
    let end = std::future::poll_fn(|context| {
        let flushed = Pin::new(&mut server).poll_flush(context);
        if start.elapsed() < TIMEOUT { Poll::Pending } else { flushed }
    });
    timeout(Duration::from_secs(3600), end).await.expect("to be woken").unwrap();
}
/// Reads until nothing more comes at once.
async fn read_some(server: &mut IdleTimeoutStream<DuplexStream>) -> usize {
    let mut bytes = Vec::new();
    let _waits = timeout(Duration::from_millis(1), server.read_to_end(&mut bytes)).await;
    bytes.len()
}

/// Sends 200 KiB as fast as they are taken, and then nothing.
fn flood(mut client: tokio::io::WriteHalf<DuplexStream>) {
    tokio::spawn(async move {
        client.write_all(&[b'x'; 200 * 1024]).await.unwrap();
        std::future::pending::<()>().await;
    });
}

/// Security checklist: 72.
#[tokio::test(start_paused = true)]
async fn a_head_without_end_is_refused_and_the_rest_is_thrown_away() {
    let (client, mut server) = connection();
    let (mut reader, writer) = tokio::io::split(client);
    flood(writer);
    let (start, mut bytes) = (Instant::now(), Vec::new());
    timeout(Duration::from_secs(3600), server.read_to_end(&mut bytes)).await.expect("an end").unwrap();
    assert!((MAX_HEAD..MAX_HEAD + 2048).contains(&bytes.len()), "{}", bytes.len());
    // It has its time, in which it can send everything and read the refusal, of which it sees the end.
    assert_eq!(start.elapsed(), TIMEOUT);
    let mut refusal = String::new();
    timeout(Duration::ZERO, reader.read_to_string(&mut refusal)).await.expect("an end").unwrap();
    assert_eq!(refusal.as_bytes(), TOO_LARGE);
}

/// Security checklist: 72.
#[tokio::test(start_paused = true)]
async fn while_a_request_runs_little_is_read_beyond_its_body() {
    for body in [0, 100_000] {
        let (client, mut server) = connection();
        let (_reader, writer) = tokio::io::split(client);
        flood(writer);
        let requests = server.in_flight();
        let guard = requests.begin(BodyLength::Known(body), || 0);
        let read = read_some(&mut server).await;
        assert!((body + MAX_AHEAD..body + MAX_AHEAD + 2048).contains(&read), "{read}");
        assert_eq!(read_some(&mut server).await, 0);
        drop(guard);
        // Then the head of the next one may be as long as any.
        let guard = requests.begin(BodyLength::Known(0), || 0);
        drop(guard);
        assert!(read_some(&mut server).await > 0);
    }
}

/// What one read gives.
async fn read_once(server: &mut IdleTimeoutStream<DuplexStream>) -> Option<usize> {
    let mut buffer = vec![0; 16 * 1024];
    timeout(Duration::from_millis(1), server.read(&mut buffer)).await.ok().map(Result::unwrap)
}

/// Security checklist: 72.
#[tokio::test(start_paused = true)]
async fn what_may_be_many_small_requests_is_decoded_a_few_at_a_time() {
    for body in [None, Some(BodyLength::Known(0)), Some(BodyLength::Chunked(Rc::default()))] {
        let (client, server) = duplex(64 * 1024);
        let (send, ignore) = (SendTimeout::new(TIMEOUT), Box::new(|_| {}));
        let mut server = IdleTimeoutStream::new(server, TIMEOUT, Arc::default(), send, ignore);
        let (_reader, writer) = tokio::io::split(client);
        flood(writer);
        let requests = server.in_flight();
        let _guard = body.map(|body| requests.begin(body, || 0));
        assert_eq!(read_once(&mut server).await, Some(MAX_HEADS));
        let looked = std::future::poll_fn(|context| {
            let mut bytes = [0; 8];
            Poll::Ready(Pin::new(&mut server).poll_read(context, &mut ReadBuf::new(&mut bytes)).is_pending())
        });
        assert!(looked.await, "actix looks at them first");
    }
    // A body of known length comes in large pieces.
    let (client, server) = duplex(64 * 1024);
    let (send, ignore) = (SendTimeout::new(TIMEOUT), Box::new(|_| {}));
    let mut server = IdleTimeoutStream::new(server, TIMEOUT, Arc::default(), send, ignore);
    let (_reader, writer) = tokio::io::split(client);
    flood(writer);
    let requests = server.in_flight();
    let _guard = requests.begin(BodyLength::Known(100_000), || 0);
    assert_eq!(read_once(&mut server).await, Some(16 * 1024));
}

/// Security checklist: 72.
#[tokio::test(start_paused = true)]
async fn chunks_after_the_answer_buy_no_more_time_than_a_body_of_known_length() {
    for (ended, seconds) in [(false, 1), (true, 10)] {
        let (_client, mut server) = connection();
        let ended = BodyLength::Chunked(Rc::new(Cell::new(ended)));
        drop(server.in_flight().begin(ended, || 0));
        let start = Instant::now();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}
