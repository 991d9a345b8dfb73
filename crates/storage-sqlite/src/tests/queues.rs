//! Queues that are full. The time of these tests is tokio's and stands still, so that nobody really waits for room.

use std::sync::mpsc;

use denizen_models::UserId;
use denizen_services::store::{
    PageRequest, ReadStore as _, StoreFailure, UserFilter, UserSort, WriteStore as _,
};
use tokio::sync::oneshot;

use crate::{
    SqliteOptions, SqliteStore,
    engine::writer::Message,
    tests::{Answer, Unit, names, open_with, sign_up, user_values},
};

fn busy<T, E: From<StoreFailure>>(reason: &str) -> Result<T, E> {
    Err(StoreFailure::Busy(reason.into()).into())
}

async fn queue(store: &SqliteStore, (unit, answer): (Unit, Answer)) -> Answer {
    assert!(store.writer.queue.send(Message::One(Box::new(unit))).await.is_ok());
    answer
}

/// Keeps the writer busy until the sender is dropped.
async fn occupy_writer(store: &SqliteStore) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = oneshot::channel();
    let mut begin = Some(begin);
    let occupy = Unit::new(move |_| {
        begin.take().map(|begin| begin.send(()));
        let _ = released.recv();
        Ok(())
    });
    queue(store, occupy).await;
    begun.await.unwrap();
    release
}

/// A long read that goes on until the sender is dropped.
fn occupy_reader(store: &SqliteStore) -> (mpsc::Sender<()>, impl Future<Output = Result<(), StoreFailure>>) {
    let (release, released) = mpsc::channel::<()>();
    let read = store.readers.read_long(move |_| {
        let _ = released.recv();
        Ok(())
    });
    (release, read)
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_what_it_refused_is_never_written() {
    let (store, _folder) = open_with(|options| SqliteOptions { queue: 1, ..options });
    let release = occupy_writer(&store).await;
    let waiting = queue(&store, Unit::of(sign_up(user_values("ann")))).await;
    assert_eq!(store.commit(sign_up(user_values("ben"))).await, busy("too many requests are waiting"));
    let batch = store.commit_batch(vec![sign_up(user_values("cleo"))]).await;
    assert_eq!(batch, [busy("too many requests are waiting")]);
    drop(release);
    assert_eq!(waiting.await, Ok(Ok(())));
    assert_eq!(store.ping().await, Ok(()));
    assert_eq!(names(&store).await, ["ann"]);
}

#[tokio::test(start_paused = true)]
async fn long_reads_never_keep_short_ones_waiting() {
    let (store, _folder) = open_with(|options| SqliteOptions { readers: 2, ..options });
    let (release, long) = occupy_reader(&store);
    let others = async {
        assert_eq!(store.find_user(UserId::new(1)).await, Ok(None));
        let page = PageRequest { sort: UserSort::Id, after: None, limit: 10 };
        let list = store.list_users(&UserFilter::default(), &page).await;
        assert_eq!(list, busy("too many lists and searches are running"));
        drop(release);
    };
    let (long, ()) = tokio::join!(biased; long, others);
    assert_eq!(long, Ok(()));
    assert_eq!(store.count_users(&UserFilter::default()).await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn a_long_read_counts_until_it_ends_even_if_its_caller_leaves() {
    let (store, _folder) = open_with(|options| SqliteOptions { readers: 2, ..options });
    let (begin, begun) = oneshot::channel();
    let (release, released) = mpsc::channel::<()>();
    let long = store.readers.read_long(move |_| {
        let _ = begin.send(());
        let _ = released.recv();
        Ok(())
    });
    tokio::select! {
        biased;
        _ = long => panic!("the read has not ended"),
        begun = begun => assert_eq!(begun, Ok(())),
    }
    let count = store.count_users(&UserFilter::default()).await;
    assert_eq!(count, busy("too many lists and searches are running"));
    drop(release);
}
