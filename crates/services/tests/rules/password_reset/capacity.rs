//! How much strangers can leave behind.

use denizen_models::EmailVerificationRequest;
use denizen_services::{Failure, MailError, RequestPasswordResetError, store::MailKind};

use crate::support::{NEW_PASSWORD, World, stranger};

fn overloaded() -> Result<(), RequestPasswordResetError> {
    Err(Failure::Overloaded("too many requests are waiting".into()).into())
}

#[tokio::test]
async fn when_the_queue_is_full_everybody_is_turned_away_known_or_not_waiting_or_not() {
    let world = World::with_room_for(2);
    for name in ["alice", "bob"] {
        world.create(name).await;
    }
    world.request_reset("alice@example.com").await;
    world.request_reset("nobody@example.com").await;
    for name in ["alice", "ALICE", "nobody", "bob", "invented"] {
        assert_eq!(world.try_request_reset(&format!("{name}@example.com")).await, overloaded(), "{name}");
    }
    assert_eq!(world.jobs().await.len(), 2);
}

/// Security checklist: 75.
#[tokio::test]
async fn mails_of_another_kind_that_fill_their_queue_keep_nobody_from_a_reset() {
    let world = World::with_room_for(2);
    for name in ["alice", "bob", "carol"] {
        world.create(name).await;
    }
    for name in ["alice", "bob"] {
        world.request_verification(&format!("{name}@example.com")).await;
    }
    let request = EmailVerificationRequest { email: "carol@example.com".to_owned() };
    let refused = world.users.request_email_verification(&stranger(), request).await;
    assert_eq!(refused, Err(Failure::Overloaded("too many requests are waiting".into()).into()));
    for name in ["alice", "bob"] {
        assert_eq!(world.try_request_reset(&format!("{name}@example.com")).await, Ok(()));
    }
    assert_eq!(world.try_request_reset("carol@example.com").await, overloaded());
    assert_eq!(world.deliver_mail().await, 4);
}

/// While the mail server refuses it, the mail to somebody with an account is in the queue; nobody's is not. Who comes to ask
/// again when the queue is full must not learn which.
#[tokio::test]
async fn a_full_queue_does_not_tell_whose_mail_is_in_it() {
    let world = World::with_room_for(1);
    world.create("alice").await;
    world.mailer.fail_next(1, MailError::Permanent("550 no such mailbox".into()));
    for address in ["alice@example.com", "nobody@example.com"] {
        world.request_reset(address).await;
        world.deliver_mail().await;
    }
    assert!(world.only_job().await.dead);
    world.request_reset("stranger@example.com").await;
    for address in ["alice@example.com", "nobody@example.com"] {
        assert_eq!(world.try_request_reset(address).await, overloaded(), "{address}");
    }
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
    assert_eq!(world.try_request_reset("alice@example.com").await, overloaded());
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
    assert_eq!(world.try_request_reset("alice@example.com").await, overloaded());
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
    assert_eq!(world.waiting(MailKind::PasswordChanged).await, 1);
}
