use std::{
    panic::resume_unwind,
    sync::{Arc, Mutex, PoisonError},
    thread::yield_now,
    time::Duration,
};

use denizen_services::store::{
    Change, CommitError, CommitObserver, Committed, Store, StoreFailure, UniqueKey, UnitOfWork,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

use crate::{
    contract::verbs::{
        NOBODY, USER_GONE, at, begin_and_abandon, commit, credentials, insert, password, refusal,
    },
    must, user_values,
};

/// Keeps what it is told, and passes it on.
struct Witness {
    told: Mutex<Vec<(UnitOfWork, Committed)>>,
    pass_on: UnboundedSender<UnitOfWork>,
}

impl CommitObserver for Witness {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        // Long enough for others to overtake, if the store lets them.
        for _ in 0..20 {
            yield_now();
        }
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push((work.clone(), committed.clone()));
        // A test that does not listen is no reason to fail.
        let _ = self.pass_on.send(work.clone());
    }
}

impl Witness {
    fn of(store: &Arc<dyn Store>) -> (Arc<Self>, UnboundedReceiver<UnitOfWork>) {
        let (pass_on, news) = unbounded_channel();
        let witness = Arc::new(Self { told: Mutex::default(), pass_on });
        store.observe(witness.clone());
        (witness, news)
    }

    fn told(&self) -> Vec<(UnitOfWork, Committed)> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Panics whenever it is told something.
struct Troublemaker;

impl CommitObserver for Troublemaker {
    fn committed(&self, _: &UnitOfWork, _: &Committed) {
        // A panic that leaves no message on the test's output.
        resume_unwind(Box::new("an observer that panics"));
    }
}

async fn next(news: &mut UnboundedReceiver<UnitOfWork>) -> UnitOfWork {
    must(must(timeout(Duration::from_secs(20), news.recv()).await).ok_or("the observer is gone"))
}

fn insertion(name: &str) -> UnitOfWork {
    UnitOfWork::new().insert_user(user_values(name), None, at(0))
}

pub async fn observers_are_told_before_the_caller(store: Arc<dyn Store>) {
    let (witness, _news) = Witness::of(&store);
    for number in 0..20 {
        let work = insertion(&format!("user_{number}")).revoke_tokens(NOBODY);
        let committed = must(store.commit(work.clone()).await);
        assert_eq!(witness.told().last(), Some(&(work, committed)), "number {number}");
    }
    assert_eq!(witness.told().len(), 20, "once for each commit");
}

pub async fn what_observers_are_told_has_happened(store: Arc<dyn Store>) {
    let (_witness, mut news) = Witness::of(&store);
    let reader = store.clone();
    let reading = tokio::spawn(async move {
        for number in 0..50 {
            let name = format!("user_{number}");
            assert_eq!(next(&mut news).await, insertion(&name));
            let name = user_values(&name).username;
            let found = must(reader.find_user_by_username(&name).await);
            assert!(found.is_some(), "the observer knew of user_{number} before the readers");
        }
    });
    for number in 0..50 {
        commit(&store, insertion(&format!("user_{number}"))).await;
    }
    must(reading.await);
}

pub async fn observers_are_told_in_the_order_of_the_commits(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let (witness, _news) = Witness::of(&store);
    let mut callers = JoinSet::new();
    for _ in 0..6 {
        let store = store.clone();
        callers.spawn(async move {
            let mut successes = 0;
            while successes < 15 {
                let version = credentials(&store, alice.id).await.security_version;
                let work = UnitOfWork::new().set_password(alice.id, password("any"), version, at(1));
                match store.commit(work).await {
                    Ok(_) => successes += 1,
                    // Somebody else was faster: that is what makes the order visible.
                    Err(error) => assert_eq!(error, USER_GONE),
                }
            }
        });
    }
    callers.join_all().await;
    let version = |change: &Change| {
        if let Change::SetPassword { security_version, .. } = change { Some(*security_version) } else { None }
    };
    let versions: Vec<_> = witness
        .told()
        .iter()
        .flat_map(|(work, _)| work.changes().iter().filter_map(version).collect::<Vec<_>>())
        .collect();
    assert_eq!(versions.len(), 90);
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
}

pub async fn observers_are_told_even_if_the_caller_goes_away(store: Arc<dyn Store>) {
    let (_witness, mut news) = Witness::of(&store);
    for number in 0..20 {
        let work = insertion(&format!("orphan_{number}"));
        begin_and_abandon(store.commit(work.clone())).await;
        assert_eq!(next(&mut news).await, work);
        let name = user_values(&format!("orphan_{number}")).username;
        assert!(must(store.find_user_by_username(&name).await).is_some(), "orphan_{number}");
    }
}

pub async fn observers_are_not_told_of_what_failed(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    let (witness, _news) = Witness::of(&store);
    let taken = CommitError::Conflict(UniqueKey::Username);
    assert_eq!(refusal(&store, insertion("alice")).await, taken);
    assert_eq!(refusal(&store, insertion("bob").delete_user(NOBODY, None)).await, USER_GONE);
    let nonsense = refusal(&store, insertion("bob").insert_user(user_values("carol"), None, at(0))).await;
    assert!(matches!(nonsense, CommitError::Failed(StoreFailure::Malformed(_))), "{nonsense:?}");
    assert_eq!(witness.told(), []);
    commit(&store, insertion("bob")).await;
    assert_eq!(witness.told().len(), 1);
}

pub async fn observers_are_told_of_each_good_unit_of_a_batch(store: Arc<dyn Store>) {
    let (witness, _news) = Witness::of(&store);
    let batch = ["alice", "alice", "bob", "BOB", "carol"].map(insertion);
    let answers = store.commit_batch(batch.to_vec()).await;
    let good = batch.into_iter().zip(answers).filter_map(|(work, answer)| Some((work, answer.ok()?)));
    let good: Vec<_> = good.collect();
    assert_eq!(good.len(), 3);
    assert_eq!(witness.told(), good);
}

pub async fn a_panicking_observer_breaks_nothing(store: Arc<dyn Store>) {
    let (before, _before) = Witness::of(&store);
    store.observe(Arc::new(Troublemaker));
    let (after, _after) = Witness::of(&store);
    for name in ["alice", "bob"] {
        let id = must(must(store.commit(insertion(name)).await).user());
        assert!(must(store.find_user(id).await).is_some(), "{name}");
    }
    let answers = store.commit_batch(vec![insertion("carol"), insertion("alice")]).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!((before.told().len(), after.told().len()), (3, 3), "the other observers are told");
}

pub async fn observers_are_told_only_of_commits_from_then_on(store: Arc<dyn Store>) {
    commit(&store, insertion("alice")).await;
    let (early, _early) = Witness::of(&store);
    commit(&store, insertion("bob")).await;
    let (late, _late) = Witness::of(&store);
    commit(&store, insertion("carol")).await;
    assert_eq!((early.told().len(), late.told().len()), (2, 1));
}
