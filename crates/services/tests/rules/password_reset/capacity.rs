//! How much strangers can leave behind.

use denizen_services::{RequestPasswordResetError, store::MailKind};

use crate::support::{NEW_PASSWORD, World};

const OVERLOADED: Result<(), RequestPasswordResetError> = Err(RequestPasswordResetError::Overloaded);

#[tokio::test]
async fn when_the_queue_is_full_new_addresses_are_turned_away_known_or_not() {
    let world = World::with_room_for(2);
    world.create("alice").await;
    world.request_reset("nobody@example.com").await;
    world.request_reset("someone@example.com").await;
    for address in ["alice@example.com", "invented@example.com"] {
        assert_eq!(world.try_request_reset(address).await, OVERLOADED, "{address}");
    }
    assert_eq!(world.jobs().await.len(), 2);
}

#[tokio::test]
async fn those_who_wait_already_may_ask_again() {
    let world = World::with_room_for(2);
    world.create("alice").await;
    world.request_reset("alice@example.com").await;
    world.request_reset("nobody@example.com").await;
    for address in ["alice@example.com", "ALICE@example.com", "nobody@example.com"] {
        assert_eq!(world.try_request_reset(address).await, Ok(()), "{address}");
    }
    assert_eq!(world.jobs().await.len(), 2);
}

#[tokio::test]
async fn a_hundred_requests_for_one_address_are_one_mail() {
    let world = World::new();
    world.create("alice").await;
    for _ in 0..100 {
        world.request_reset("alice@example.com").await;
    }
    assert_eq!(world.only_job().await.generation, 100);
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_flood_of_invented_addresses_leaves_nothing_once_it_is_worked_off() {
    let world = World::with_room_for(50);
    world.create("alice").await;
    let before = world.audit().await;
    for number in 0..50 {
        world.request_reset(&format!("invented-{number}@example.com")).await;
    }
    assert_eq!(world.try_request_reset("alice@example.com").await, OVERLOADED);
    assert_eq!(world.deliver_mail().await, 50);
    assert!(world.jobs().await.is_empty() && world.mailer.sent().is_empty());
    assert!(world.tokens.minted().is_empty());
    assert_eq!(world.audit().await, before);
    assert_eq!(world.try_request_reset("alice@example.com").await, Ok(()));
}

#[tokio::test]
async fn a_full_queue_keeps_nobody_from_choosing_a_new_password() {
    let world = World::with_room_for(1);
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    world.request_reset("nobody@example.com").await;
    assert_eq!(world.try_request_reset("alice@example.com").await, OVERLOADED);
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
    assert_eq!(world.waiting(MailKind::PasswordChanged).await, 1);
}
