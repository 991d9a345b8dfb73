//! Asking the store what this process was not told.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Duration};
use denizen_models::{ADMIN_ROLE, Topic, User};
use denizen_services::{
    AccessContext, Clock as _, Connection, LiveSessions as _, MessageLimits, MessageService as _,
    store::{SessionId, SessionValidity, StoreFailure, UnitOfWork, WriteStore as _},
};
use denizen_testkit::{Call, HookedStore, StoreHook};

use super::{Chat, acting, is_revoked, session_of, username};

impl Chat {
    pub(super) async fn sweep(&self) {
        let now = self.world.clock.now();
        let validity = SessionValidity { now, unseen_since: now - Duration::days(7) };
        let swept = self.messages.end_revoked(self.world.store.as_ref(), validity).await;
        swept.expect("a store that answers");
    }

    /// An administrator, connected.
    async fn admit_administrator(&self, name: &str) -> (User, AccessContext, Connection) {
        let user = self.world.create(name).await;
        let roles = Some(vec![ADMIN_ROLE.to_owned()]);
        let user = self.world.change(user.id, |request| request.roles = roles).await;
        let context = self.sign_in(&user).await;
        let connection = self.connect_as(&context);
        (user, context, connection)
    }
}

#[tokio::test]
async fn while_nobody_is_connected_nothing_is_asked() {
    let chat = Chat::uninformed();
    drop(chat.connect("alice"));
    chat.world.store.reset();
    chat.sweep().await;
    assert_eq!(chat.world.store.all_calls().into_iter().collect::<Vec<_>>(), []);
}

#[tokio::test]
async fn a_crowd_is_asked_about_in_batches_and_only_who_must_go_goes() {
    let chat =
        Chat::uninformed_with(MessageLimits { connections_per_user: 2_000, ..MessageLimits::default() });
    let alice = chat.world.create("alice").await;
    let mut crowd = Vec::new();
    for _ in 0..1_001 {
        let context = chat.sign_in(&alice).await;
        crowd.push((session_of(&context), chat.connect_as(&context)));
    }
    let gone = crowd[700].0;
    chat.world.store.commit(UnitOfWork::new().revoke_session(alice.id, gone)).await.expect("a commit");
    chat.world.store.reset();
    chat.sweep().await;
    assert_eq!(chat.world.store.calls("list_ended_sessions"), 3);
    for (session, connection) in &mut crowd {
        assert_eq!(is_revoked(connection), *session == gone, "{session:?}");
    }
}

#[tokio::test]
async fn a_subscriber_who_is_no_administrator_any_more_hears_no_more() {
    let chat = Chat::uninformed();
    let (carol, carols, mut listening) = chat.admit_administrator("carol").await;
    let (_, daves, mut still) = chat.admit_administrator("dave").await;
    let (erin, _, mut silent) = chat.admit_administrator("erin").await;
    for (context, connection) in [(&carols, &listening), (&daves, &still)] {
        chat.messages.subscribe(context, connection.id, Topic::UserEvents).expect("a subscription");
    }
    chat.sweep().await;
    assert!(!is_revoked(&mut listening), "nothing has changed");

    for id in [carol.id, erin.id] {
        chat.world.change(id, |request| request.roles = Some(vec!["user".to_owned()])).await;
    }
    chat.world.store.reset();
    chat.sweep().await;
    assert!(is_revoked(&mut listening));
    assert!(!is_revoked(&mut still));
    // Who does not listen loses nothing by that, and is not looked up.
    assert!(!is_revoked(&mut silent));
    assert_eq!(chat.world.store.calls("find_user"), 2);
}

fn busy() -> StoreFailure {
    StoreFailure::Busy("out of order".into())
}

#[derive(Default)]
struct OutOfOrder;

#[async_trait]
impl StoreHook for OutOfOrder {
    async fn before(&self, _: Call<'_>) -> Result<(), StoreFailure> {
        Err(busy())
    }
}

#[tokio::test]
async fn a_store_that_does_not_answer_takes_nothing_away() {
    let chat = Chat::uninformed();
    let context = acting(chat.world.create("alice").await.id, username("alice"), SessionId(999), Vec::new());
    let mut alice = chat.connect_as(&context);
    let never = SessionValidity { now: DateTime::UNIX_EPOCH, unseen_since: DateTime::UNIX_EPOCH };
    let store = HookedStore::<OutOfOrder>::new(Arc::clone(&chat.world.store) as _);
    assert_eq!(chat.messages.end_revoked(&store, never).await, Err(busy()));
    assert!(!is_revoked(&mut alice));
    chat.sweep().await;
    assert!(is_revoked(&mut alice), "there is no such session");
}
