//! More work than threads, and work that goes wrong.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use log::{LevelFilter, Log, Metadata, Record};
use tokio::{sync::oneshot, task::JoinHandle};

use denizen_services::lock;

use super::*;
use denizen_services::RandomnessError;

/// A hasher whose only thread is held up, and which has room for some more jobs.
struct Blocked {
    hasher: Arc<Argon2Hasher>,
    release: mpsc::Sender<()>,
    blocker: JoinHandle<Result<(), HashError>>,
}

impl Blocked {
    async fn start(room: usize) -> Self {
        let hasher = Argon2Hasher::start(Argon2Cost::CHEAPEST, 1, room, Arc::new(OsTokenSource));
        let hasher = hasher.map(Arc::new).unwrap();
        let (release, released) = mpsc::channel();
        let (began, begin) = oneshot::channel();
        let work = move || {
            began.send(()).unwrap();
            released.recv().unwrap();
        };
        let blocker = tokio::spawn({
            let hasher = Arc::clone(&hasher);
            async move { hasher.run(SERVICE, Box::new(work)).await }
        });
        begin.await.unwrap();
        Self { hasher, release, blocker }
    }

    /// Puts a job into the queue.
    async fn queue(&self, work: impl FnOnce() + Send + 'static) -> JoinHandle<Result<(), HashError>> {
        let hasher = Arc::clone(&self.hasher);
        let queued = tokio::spawn(async move { hasher.run(SERVICE, Box::new(work)).await });
        // The test has one thread: when it is this task's turn again, the job is in the queue.
        tokio::task::yield_now().await;
        queued
    }

    async fn release(self) -> Arc<Argon2Hasher> {
        self.release.send(()).unwrap();
        assert_eq!(self.blocker.await.unwrap(), Ok(()));
        self.hasher
    }
}

/// Security checklist: 33.
#[tokio::test]
async fn beyond_the_queue_every_answer_is_busy() {
    let hash = hasher(Argon2Cost::CHEAPEST).hash(SERVICE, password("secret 1")).await.unwrap();
    let blocked = Blocked::start(1).await;
    let waiting = blocked.queue(|| ()).await;
    let hasher = &blocked.hasher;
    assert_eq!(hasher.hash(SERVICE, password("secret 1")).await, Err(HashError::Busy));
    assert_eq!(hasher.verify(SERVICE, password("secret 1"), hash).await, Err(HashError::Busy));
    assert_eq!(hasher.verify_dummy(SERVICE, password("secret 1"), None).await, Err(HashError::Busy));
    assert_eq!(hasher.run(SERVICE, Box::new(|| panic!("it ran"))).await, Err(HashError::Busy));
    let hasher = blocked.release().await;
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert!(hasher.hash(SERVICE, password("secret 1")).await.is_ok());
}

/// Security checklist: 33.
#[tokio::test]
async fn a_network_that_waits_alone_makes_room_for_the_next() {
    let blocked = Blocked::start(1).await;
    let (crowd, other) = (Network::of("2001:db8::1".parse().ok()), Network::of("192.0.2.1".parse().ok()));
    let queue = async |network| {
        let hasher = Arc::clone(&blocked.hasher);
        let queued = tokio::spawn(async move { hasher.hash(network, password("secret 1")).await.map(drop) });
        tokio::task::yield_now().await;
        queued
    };
    let waiting = queue(crowd).await;
    assert_eq!(
        queue(other).await.await.unwrap(),
        Err(HashError::Busy),
        "one waits of each, and one has room"
    );
    waiting.abort();
    blocked.release().await;
}

#[tokio::test]
async fn a_job_whose_caller_has_gone_is_not_run() {
    static RAN: AtomicBool = AtomicBool::new(false);
    // Room for both: the thread may not have looked at the one that is gone when the other one comes.
    let blocked = Blocked::start(2).await;
    let gone = blocked.queue(|| RAN.store(true, Ordering::Relaxed)).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let hasher = blocked.release().await;
    assert!(hasher.hash(SERVICE, password("secret 1")).await.is_ok());
    assert!(!RAN.load(Ordering::Relaxed));
}

/// Security checklist: 33.
#[tokio::test]
async fn other_work_runs_on_the_threads_of_the_hasher() {
    let (name, named) = oneshot::channel();
    let work = move || name.send(std::thread::current().name().map(str::to_owned)).unwrap();
    assert_eq!(hasher(Argon2Cost::CHEAPEST).run(SERVICE, Box::new(work)).await, Ok(()));
    assert!(named.await.unwrap().unwrap().starts_with("argon2-"));
}

/// Salts that come the second time only.
#[derive(Default)]
struct FirstPanic(AtomicBool);

impl TokenSource for FirstPanic {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        assert!(self.0.swap(true, Ordering::Relaxed), "quoting hunter2");
        OsTokenSource.fill(bytes)
    }
}

struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        if record.target().contains("denizen_hashing") {
            lock(&self.0).push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn a_job_that_panics_costs_its_own_answer_and_a_line_that_quotes_nothing() {
    static LINES: Lines = Lines(Mutex::new(Vec::new()));
    log::set_logger(&LINES).map(|()| log::set_max_level(LevelFilter::Trace)).unwrap();
    let salts = Arc::new(FirstPanic::default());
    let hasher = Argon2Hasher::start(Argon2Cost::CHEAPEST, 1, 8, salts).unwrap();
    let panicked = HashError::Failed("the job panicked".into());
    assert_eq!(hasher.hash(SERVICE, password("hunter2")).await, Err(panicked.clone()));
    let hash = hasher.hash(SERVICE, password("hunter2")).await.unwrap();
    assert_eq!(hasher.run(SERVICE, Box::new(|| panic!("quoting hunter2"))).await, Err(panicked));
    assert_eq!(hasher.verify(SERVICE, password("hunter2"), hash).await, Ok(Verdict::Match));
    assert_eq!(*lock(&LINES.0), ["a job of the password hasher panicked"; 2]);
}
