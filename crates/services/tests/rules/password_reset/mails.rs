//! Tokens and trail of resets whose mails are tried again, renewed, or not sent at all.

use denizen_models::{PasswordResetRequest, UserId};
use denizen_services::{MailError, store::AuditKind};

use crate::support::{NEW_PASSWORD, World, from};

const ALICE: &str = "alice@example.com";

/// Alice has asked for a reset, and nothing was delivered yet.
async fn world_with_request() -> (World, UserId) {
    let world = World::new();
    let alice = world.create("alice").await;
    world.request_reset(ALICE).await;
    (world, alice.id)
}

async fn working_tokens(world: &World) -> Vec<String> {
    let mut working = Vec::new();
    for token in world.tokens.minted() {
        if world.validate(&token).await.valid {
            working.push(token);
        }
    }
    working
}

#[tokio::test]
async fn each_attempt_mints_a_token_and_only_the_newest_works() {
    let (world, _) = world_with_request().await;
    world.mailer.fail_next(2, MailError::Temporary("no connection".into()));
    for _ in 0..3 {
        world.clock.set(world.only_job().await.due_at);
        assert_eq!(world.deliver_mail().await, 1);
    }
    let minted = world.tokens.minted();
    assert_eq!(minted.len(), 3);
    assert_eq!(world.token_for(ALICE), minted[2]);
    assert_eq!(world.recorded(AuditKind::PasswordResetRequested).await, 3);
    for token in &minted[..2] {
        assert!(world.reset(token, NEW_PASSWORD).await.is_err());
    }
    assert_eq!(world.reset(&minted[2], NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_request_that_is_renewed_before_the_token_is_stored_stores_none() {
    let (world, _) = world_with_request().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        let request = PasswordResetRequest { email: ALICE.to_owned() };
        rival.users.request_password_reset(&from("the second"), request).await.unwrap();
    });
    assert_eq!(world.deliver_mail().await, 2);
    let mails = world.mailer.sent_to(ALICE);
    assert_eq!((mails.len(), world.jobs().await), (1, Vec::new()));
    assert_eq!(working_tokens(&world).await, [world.token_for(ALICE)]);
    let trail = world.audit().await;
    let requested: Vec<_> =
        trail.iter().filter(|event| event.kind == AuditKind::PasswordResetRequested).collect();
    assert_eq!((requested.len(), requested[0].request_id.as_str()), (1, "the second"));
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
        assert_eq!(world.recorded(AuditKind::PasswordResetRequested).await, 0);
    }
}
