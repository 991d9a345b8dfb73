//! Readiness: what is asked of the store, how often, and what the log says of it.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use denizen_services::{Accounts, HealthService, Readiness, store::StoreFailure};
use denizen_storage_memory::InMemoryStore;
use denizen_testkit::{Call, HookedStore, InsecureTestHasher, StoreHook};
use tokio::{
    join,
    sync::watch,
    time::{Instant, advance},
};

use crate::support::log;

/// How the store answers pings, and how many it has got.
#[derive(Default)]
struct Pings {
    answer: Mutex<Answer>,
    count: Mutex<usize>,
}

#[derive(Clone, Copy, Default)]
enum Answer {
    #[default]
    Ready,
    Failing(&'static str),
    Never,
}

#[async_trait]
impl StoreHook for Pings {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        if call.method != "ping" {
            return Ok(());
        }
        *self.count.lock().unwrap() += 1;
        let answer = *self.answer.lock().unwrap();
        match answer {
            Answer::Ready => Ok(()),
            Answer::Failing(reason) => Err(StoreFailure::Busy(reason.into())),
            Answer::Never => pending().await,
        }
    }
}

struct Watched {
    store: Arc<HookedStore<Pings>>,
    health: Arc<dyn HealthService>,
    _stop: watch::Sender<bool>,
}

impl Watched {
    fn new() -> Self {
        let store = Arc::new(HookedStore::<Pings>::new(Arc::new(InMemoryStore::new())));
        let accounts = Accounts::builder(store.clone(), Arc::new(InsecureTestHasher::new())).build().unwrap();
        let (_stop, stopped) = watch::channel(false);
        let health = accounts.health(&accounts.spawn_background(stopped));
        Self { store, health, _stop }
    }

    fn answer(&self, answer: Answer) {
        *self.store.hook.answer.lock().unwrap() = answer;
    }

    fn pings(&self) -> usize {
        *self.store.hook.count.lock().unwrap()
    }

    async fn is_ready(&self) -> bool {
        let Readiness { store, mail_worker } = self.health.readiness().await;
        assert!(mail_worker);
        store
    }
}

/// Security checklist: 74.
#[tokio::test(start_paused = true)]
async fn many_callers_cost_the_store_one_ping_a_second() {
    let watched = Watched::new();
    assert_eq!(join!(watched.is_ready(), watched.is_ready(), watched.is_ready()), (true, true, true));
    watched.answer(Answer::Failing("the disk is full"));
    advance(Duration::from_millis(999)).await;
    assert!(watched.is_ready().await);
    assert_eq!(watched.pings(), 1);
    advance(Duration::from_millis(1)).await;
    assert!(!watched.is_ready().await);
    watched.answer(Answer::Ready);
    assert!(!watched.is_ready().await);
    assert_eq!(watched.pings(), 2);
    advance(Duration::from_secs(1)).await;
    assert!(watched.is_ready().await);
}

/// Security checklist: 74.
#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_is_not_ready() {
    let watched = Watched::new();
    watched.answer(Answer::Never);
    let asked = Instant::now();
    assert!(!watched.is_ready().await);
    assert_eq!(asked.elapsed(), Duration::from_secs(3));
    watched.answer(Answer::Ready);
    advance(Duration::from_secs(1)).await;
    assert!(watched.is_ready().await);
}

#[tokio::test(start_paused = true)]
async fn the_log_tells_each_change_once() {
    log::capture();
    let watched = Watched::new();
    for answer in [
        Answer::Ready,
        Answer::Failing("the disk burns"),
        Answer::Failing("the disk burns"),
        Answer::Failing("the disk is gone"),
        Answer::Ready,
        Answer::Ready,
    ] {
        watched.answer(answer);
        watched.is_ready().await;
        advance(Duration::from_secs(1)).await;
    }
    let lines = log::lines();
    let said: Vec<_> = lines.iter().filter(|line| line.contains(" denizen_services::health ")).collect();
    let expected = [
        "WARN denizen_services::health the store is not ready: the store is busy: the disk burns",
        "WARN denizen_services::health the store is not ready: the store is busy: the disk is gone",
        "INFO denizen_services::health the store is ready again",
    ];
    assert_eq!(said, expected);
}
