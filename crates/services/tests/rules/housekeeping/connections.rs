//! Connections use their sessions, and end with them.

use std::{sync::Arc, time::Duration as StdDuration};

use chrono::Duration;
use denizen_models::{Secret, User};
use denizen_services::{
    AccessContext, Actor, CloseReason, Connection, DefaultMessageService, LiveSessions as _, MessageLimits,
    MessageService as _, Outgoing, ServiceSettings, TokenHash,
    store::{ReadStore as _, UnitOfWork, WriteStore as _},
};
use denizen_storage_memory::InMemoryStore;
use tokio::time::Instant;

use super::{
    House,
    run::{let_pass, start},
};
use crate::support::World;

/// A house with connections.
struct Connected {
    house: House,
    messages: DefaultMessageService,
}

impl Connected {
    fn new() -> Self {
        let world = World::with(ServiceSettings::default());
        // Of another store: what the commits of another process do it is not told of.
        let (elsewhere, limits) = (InMemoryStore::new(), MessageLimits::default());
        let messages = DefaultMessageService::new(world.clock.clone(), limits);
        elsewhere.observe(messages.observer());
        let house = House::of(world, ServiceSettings::default(), Some(Arc::new(messages.clone())));
        Self { house, messages }
    }

    /// The session is used to connect, and for nothing else.
    async fn connect(&self, user: &User, session: &Secret) -> Connection {
        let session = self.house.world.store.find_session(&TokenHash::of(session)).await.unwrap();
        let actor = Actor::User {
            id: user.id,
            username: user.values.username.clone(),
            session: session.expect("a session").id,
            roles: user.values.roles.clone(),
        };
        let context = AccessContext { actor, ..AccessContext::anonymous() };
        self.messages.connect(&context).expect("a connection")
    }
}

#[tokio::test]
async fn a_session_with_a_connection_is_in_use() {
    let connected = Connected::new();
    let house = &connected.house;
    let alice = house.world.create("alice").await;
    let (used, left) = (house.sign_in(&alice).await, house.sign_in(&alice).await);
    let _connection = connected.connect(&alice, &used).await;
    drop(connected.connect(&alice, &left).await);
    for removed in [0, 1, 0] {
        house.world.clock.advance(Duration::days(6));
        assert_eq!(house.tidy().await, removed);
    }
    house.authenticate(&used).await;
    assert!(!house.is_kept(&left).await);
}

/// Security checklist: 18, 58.
#[tokio::test(start_paused = true)]
async fn what_another_process_revokes_is_disconnected_within_a_second() {
    let connected = Connected::new();
    let house = &connected.house;
    let alice = house.world.create("alice").await;
    let session = house.sign_in(&alice).await;
    let mut connection = connected.connect(&alice, &session).await;
    let _running = start(house);
    let_pass(10_500).await;
    assert!(connection.outgoing.try_recv().is_err(), "nothing has happened");

    house.commit(UnitOfWork::new().revoke_sessions(alice.id, None)).await;
    let revoked = Instant::now();
    assert_eq!(connection.outgoing.recv().await, Some(Outgoing::Close(CloseReason::Revoked)));
    assert!(revoked.elapsed() <= StdDuration::from_secs(1), "{:?}", revoked.elapsed());
}

/// Security checklist: 71.
#[tokio::test(start_paused = true)]
async fn a_connection_ends_within_a_second_of_its_session_expiry() {
    // The longest life of a session, and the longest time without use: that the use is noted once a minute keeps a
    // connection open, but not if this process slept meanwhile.
    for days in [30, 7] {
        let connected = Connected::new();
        let house = &connected.house;
        let alice = house.world.create("alice").await;
        let session = house.sign_in(&alice).await;
        let mut connection = connected.connect(&alice, &session).await;
        let _running = start(house);
        let_pass(500).await;
        if days == 30 {
            for _ in 0..29 {
                house.world.clock.advance(Duration::days(1));
                let_pass(60_000).await;
            }
            house.world.clock.advance(Duration::days(1) - Duration::microseconds(1));
        } else {
            house.world.clock.advance(Duration::days(7) - Duration::microseconds(1));
        }
        let_pass(1_000).await;
        assert!(connection.outgoing.try_recv().is_err(), "{days}");
        let expired = Instant::now();
        house.world.clock.advance(Duration::days(if days == 30 { 1 } else { 8 }));
        assert_eq!(connection.outgoing.recv().await, Some(Outgoing::Close(CloseReason::Revoked)));
        assert!(expired.elapsed() <= StdDuration::from_secs(1), "{days}: {:?}", expired.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_counts_as_use_every_minute() {
    let connected = Connected::new();
    let house = &connected.house;
    let alice = house.world.create("alice").await;
    let session = house.sign_in(&alice).await;
    let _connection = connected.connect(&alice, &session).await;
    let _running = start(house);
    for _ in 0..3 {
        house.world.clock.advance(Duration::days(6));
        let_pass(61_000).await;
        house.authenticate(&session).await;
    }
    assert_eq!(house.world.store.calls("touch_sessions"), 4, "no more often");
}
