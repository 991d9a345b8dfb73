//! What a stranger can learn from the answers, and from the work behind them.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_services::{
    LinkTemplate, MailMessage, RequestPasswordResetError, ResetPasswordError,
    store::{MailJob, QueuedMail},
};

use crate::support::{NEW_PASSWORD, World};

const KNOWN: &str = "alice@example.com";
const UNKNOWN: &str = "nobody@example.com";
const SWITCHED_OFF: &str = "bob@example.com";

async fn populate(world: &World) {
    world.create("alice").await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
}

/// Security checklist: 1, 2.
#[tokio::test]
async fn every_address_gets_the_same_answer_for_the_same_work() {
    let world = World::new();
    populate(&world).await;
    // The first limit that is counted has its key made.
    world.request_reset("first@example.com").await;
    for address in [KNOWN, UNKNOWN, SWITCHED_OFF] {
        for _first_and_again in 0..2 {
            world.store.reset();
            assert_eq!(world.try_request_reset(address).await, Ok(()));
            assert_eq!(world.store.user_reads(), 0);
            assert_eq!(world.store.all_calls(), BTreeMap::from([("commit", 1)]), "{address}");
        }
    }
    assert_eq!((world.hasher.hashes(), world.tokens.minted().len()), (2, 0));
}

/// Security checklist: 2.
#[tokio::test]
async fn what_waits_for_every_address_looks_the_same() {
    let world = World::new();
    populate(&world).await;
    for address in [KNOWN, UNKNOWN, SWITCHED_OFF] {
        world.request_reset(address).await;
    }
    let mut jobs = world.jobs().await;
    for (job, address) in jobs.iter_mut().zip([KNOWN, UNKNOWN, SWITCHED_OFF]) {
        assert_eq!(job.mail, MailJob::PasswordReset { address: address.to_owned() });
        job.mail = MailJob::PasswordReset { address: KNOWN.to_owned() };
    }
    assert_eq!(jobs[1], QueuedMail { id: jobs[1].id, ..jobs[0].clone() });
    assert_eq!(jobs[2], QueuedMail { id: jobs[2].id, ..jobs[0].clone() });
}

/// Security checklist: 16.
#[tokio::test]
async fn dead_tokens_are_not_told_apart() {
    let world = World::new();
    let alice = world.create("alice").await;
    let mut dead = vec!["0".repeat(64), "x".to_owned()];
    let replaced = world.obtain_token(KNOWN).await;
    let used = world.obtain_token(KNOWN).await;
    world.reset(&used, NEW_PASSWORD).await.unwrap();
    dead.extend([replaced, used, world.obtain_token(KNOWN).await]);
    world.clock.advance(Duration::minutes(30));
    for token in &dead {
        let error = world.reset(token, NEW_PASSWORD).await.unwrap_err();
        assert_eq!(error, ResetPasswordError::InvalidOrExpired);
        assert_eq!(error.to_string(), "invalid or expired reset token");
    }
    let revoked = world.obtain_token(KNOWN).await;
    world.switch_off(alice.id).await;
    assert_eq!(world.reset(&revoked, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidOrExpired));
}

#[tokio::test]
async fn the_tutorial_names_an_unknown_address_as_typed_and_queues_nothing() {
    let world = World::tutorial();
    populate(&world).await;
    let error = world.try_request_reset("  Nobody@Example.com ").await.unwrap_err();
    assert!(matches!(error, RequestPasswordResetError::UnknownAddress(_)), "{error:?}");
    assert_eq!(error.to_string(), "user with email 'Nobody@Example.com' not found");
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn the_tutorial_accepts_every_known_address_in_any_case() {
    let world = World::tutorial();
    populate(&world).await;
    for address in [KNOWN, "ALICE@example.com", SWITCHED_OFF] {
        assert_eq!(world.try_request_reset(address).await, Ok(()), "{address}");
    }
    assert_eq!(world.deliver_mail().await, 2);
    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, KNOWN));
}

#[tokio::test]
async fn the_tutorial_tells_expired_from_invalid() {
    let world = World::tutorial();
    world.create("alice").await;
    let token = world.obtain_token(KNOWN).await;
    world.clock.advance(Duration::minutes(30));
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Err(ResetPasswordError::ExpiredToken));
    let newer = world.obtain_token(KNOWN).await;
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken));
    assert_eq!(world.reset(&newer, NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn the_mail_goes_to_the_stored_address_not_to_the_typed_one() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.change_email(alice.id, "Alice@Example.com").await;
    world.request_reset("ALICE@EXAMPLE.COM").await;
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "Alice@Example.com"));
    assert!(
        matches!(mails[0].message, MailMessage::Link { template: LinkTemplate::PasswordReset, .. }),
        "{mails:?}"
    );
}
