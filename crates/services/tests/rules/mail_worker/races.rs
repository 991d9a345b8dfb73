//! What happens between the worker's steps: lease, look up, mint, store the hash, send, finish.

use std::future::pending;

use chrono::Duration;
use denizen_models::UserId;
use denizen_services::{MailError, TokenPurpose};
use tokio::sync::oneshot;

use crate::support::World;

const ALICE: &str = "alice@example.com";

/// Alice has asked for a verification, and nothing was delivered yet.
async fn world_with_request() -> (World, UserId) {
    let world = World::new();
    let alice = world.create("alice").await;
    world.request_verification(ALICE).await;
    (world, alice.id)
}

async fn working_tokens(world: &World) -> Vec<String> {
    let mut working = Vec::new();
    for token in world.tokens.minted() {
        if world.keeps_token(TokenPurpose::EmailVerification, &token).await {
            working.push(token);
        }
    }
    working
}

#[tokio::test]
async fn a_request_while_the_mail_is_sent_is_answered_by_a_second_mail() {
    let (world, _) = world_with_request().await;
    let asking = world.clone();
    world.while_sending_next(async move { asking.request_verification(ALICE).await });
    assert_eq!(world.deliver_mail().await, 2);
    assert_eq!((world.mailer.sent_to(ALICE).len(), world.jobs().await), (2, Vec::new()));
    assert_eq!(working_tokens(&world).await, [world.token_for(ALICE)]);
}

#[tokio::test]
async fn a_request_while_the_sending_fails_is_answered_without_delay() {
    let (world, _) = world_with_request().await;
    let asking = world.clone();
    world.while_sending_next(async move { asking.request_verification(ALICE).await });
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    assert_eq!(world.deliver_mail().await, 2);
    assert_eq!((world.mailer.sent_to(ALICE).len(), world.jobs().await), (1, Vec::new()));
}

#[tokio::test]
async fn a_request_that_is_renewed_before_the_token_is_stored_stores_none() {
    let (world, _) = world_with_request().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.request_verification(ALICE).await;
    });
    assert_eq!(world.deliver_mail().await, 2);
    let mails = world.mailer.sent_to(ALICE);
    assert_eq!((mails.len(), world.jobs().await), (1, Vec::new()));
    assert_eq!(working_tokens(&world).await, [world.token_for(ALICE)]);
}

#[tokio::test]
async fn a_user_whose_address_changes_before_the_token_is_stored_gets_none_at_the_old_one() {
    let (world, alice) = world_with_request().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.change_email(alice, "new@example.com").await });
    // The second one is the notice of the change.
    assert_eq!(world.deliver_mail().await, 2);
    let job = world.only_job().await;
    assert_eq!((job.attempts, job.reason.as_deref()), (1, Some("the account changed meanwhile")));
    world.clock.set(job.due_at);
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!((world.mailer.last_token_for(ALICE), world.jobs().await), (None, Vec::new()));
    assert!(working_tokens(&world).await.is_empty());
}

#[tokio::test]
async fn a_user_who_is_switched_off_or_deleted_before_the_token_is_stored_gets_none() {
    for delete in [false, true] {
        let (world, alice) = world_with_request().await;
        let rival = world.rival();
        world.before_next_commit(async move {
            if delete { rival.delete(alice).await } else { rival.switch_off(alice).await }
        });
        world.deliver_mail().await;
        world.deliver_mail_later().await;
        assert!(world.mailer.sent().is_empty() && world.jobs().await.is_empty());
        assert!(working_tokens(&world).await.is_empty());
    }
}

#[tokio::test]
async fn a_user_whose_roles_change_before_the_token_is_stored_gets_one_soon_after() {
    let (world, alice) = world_with_request().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice, |request| request.roles = Some(vec!["admin".to_owned()])).await;
    });
    world.deliver_mail().await;
    assert!(world.mailer.sent().is_empty() && working_tokens(&world).await.is_empty());
    assert_eq!(world.deliver_mail_later().await, 1);
    assert_eq!(working_tokens(&world).await, [world.token_for(ALICE)]);
}

#[tokio::test]
async fn no_other_worker_sends_what_one_is_sending() {
    let (world, _) = world_with_request().await;
    let rival = world.rival();
    world.while_sending_next(async move { assert_eq!(rival.deliver_mail().await, 0) });
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!(world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn a_worker_that_dies_while_sending_is_replaced_when_its_lease_ends() {
    let (world, _) = world_with_request().await;
    let (tell, sending) = oneshot::channel();
    world.while_sending_next(async {
        tell.send(()).unwrap();
        pending().await
    });
    tokio::select! {
        biased;
        _ = world.deliver_mail() => panic!("the mail was delivered"),
        told = sending => told.unwrap(),
    }
    let rival = world.rival();
    world.clock.advance(Duration::minutes(5) - Duration::microseconds(1));
    assert_eq!(rival.deliver_mail().await, 0);
    world.clock.advance(Duration::microseconds(1));
    assert_eq!(rival.deliver_mail().await, 1);
    assert_eq!(working_tokens(&world).await, [world.token_for(ALICE)]);
}

#[tokio::test]
async fn of_two_mails_of_one_job_the_one_that_was_minted_last_works() {
    let (world, _) = world_with_request().await;
    let rival = world.rival();
    let clock = world.clock.clone();
    // Sending takes longer than the lease, so another worker sends as well, and is the first to finish.
    world.while_sending_next(async move {
        clock.advance(Duration::minutes(5));
        assert_eq!(rival.deliver_mail().await, 1);
    });
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!((world.mailer.sent().len(), world.jobs().await), (2, Vec::new()));
    let minted = world.tokens.minted();
    assert_eq!(working_tokens(&world).await, minted[1..]);
    assert_eq!(world.verify(&minted[1]).await, Ok(()));
}
