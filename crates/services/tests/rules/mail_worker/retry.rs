//! Mails that cannot be sent at once.

use chrono::Duration;
use denizen_services::{
    Clock as _, MailError, MailMessage,
    store::{AuditKind, MailKind, NewMailJob, StoreError, UnitOfWork, Units as _},
};

use crate::support::{NEW_PASSWORD, World, stranger};

const ALICE: &str = "alice@example.com";

fn no_connection() -> MailError {
    MailError::Temporary("no connection".to_owned())
}

/// Alice has asked for a reset, and nothing was delivered yet.
async fn world_with_request() -> World {
    let world = World::new();
    world.create("alice").await;
    world.request_reset(ALICE).await;
    world
}

/// Moves on to the instant at which the only job is due, and works on it.
async fn deliver_when_due(world: &World) {
    world.clock.set(world.only_job().await.due_at);
    assert_eq!(world.deliver_mail().await, 1);
}

#[tokio::test]
async fn a_mail_that_is_not_sent_is_kept_with_the_reason_and_tried_again_after_a_second() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, no_connection());
    assert_eq!(world.deliver_mail().await, 1);
    let job = world.only_job().await;
    assert_eq!((job.attempts, job.dead), (1, false));
    assert_eq!(job.reason.as_deref(), Some("mail not sent yet: no connection"));
    assert_eq!(job.due_at, world.clock.now() + Duration::seconds(1));
    world.clock.advance(Duration::microseconds(999_999));
    assert_eq!(world.deliver_mail().await, 0);
    world.clock.advance(Duration::microseconds(1));
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!((world.mailer.sent_to(ALICE).len(), world.jobs().await), (1, Vec::new()));
}

#[tokio::test]
async fn each_attempt_mints_a_token_and_only_the_newest_works() {
    let world = world_with_request().await;
    world.mailer.fail_next(2, no_connection());
    for _ in 0..3 {
        deliver_when_due(&world).await;
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
async fn the_delay_doubles_from_a_second_to_six_hours_until_the_twentieth_failure() {
    let world = world_with_request().await;
    world.mailer.fail_next(20, no_connection());
    for failures in 1..20 {
        deliver_when_due(&world).await;
        let job = world.only_job().await;
        let delay = (1 << (failures - 1)).min(6 * 60 * 60);
        assert_eq!((job.attempts, job.due_at - world.clock.now()), (failures, Duration::seconds(delay)));
        assert!(!job.dead);
    }
    deliver_when_due(&world).await;
    let job = world.only_job().await;
    assert_eq!((job.attempts, job.dead), (20, true));
    assert_eq!(job.reason.as_deref(), Some("mail not sent yet: no connection"));
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_dead_at_once_and_keeps_the_reason() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".to_owned()));
    assert_eq!(world.deliver_mail().await, 1);
    let job = world.only_job().await;
    assert_eq!((job.attempts, job.dead, job.reason.as_deref()), (1, true, Some("no such mailbox")));
    world.clock.advance(Duration::days(400));
    assert_eq!(world.deliver_mail().await, 0);
    assert_eq!(world.only_job().await, job);
}

#[tokio::test]
async fn a_new_request_revives_a_dead_mail() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".to_owned()));
    world.deliver_mail().await;
    world.request_reset(ALICE).await;
    let job = world.only_job().await;
    assert_eq!((job.generation, job.attempts, job.dead), (2, 0, false));
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!(world.reset(&world.token_for(ALICE), NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_new_request_does_not_wait_for_the_next_attempt() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, no_connection());
    world.deliver_mail().await;
    world.request_reset(ALICE).await;
    assert_eq!(world.only_job().await.due_at, world.clock.now());
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (1, 1));
}

#[tokio::test]
async fn a_mail_that_fails_does_not_keep_others_waiting() {
    let world = world_with_request().await;
    world.create("bob").await;
    world.request_reset("bob@example.com").await;
    world.mailer.fail_next(1, no_connection());
    assert_eq!(world.deliver_mail().await, 2);
    assert_eq!(world.mailer.sent_to("bob@example.com").len(), 1);
    assert!(world.mailer.sent_to(ALICE).is_empty());
}

#[tokio::test]
async fn a_notice_is_tried_again_and_tells_the_time_of_the_change() {
    let world = World::new();
    world.create("alice").await;
    let token = world.obtain_token(ALICE).await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    let changed_at = world.clock.now();
    world.mailer.fail_next(3, no_connection());
    for _ in 0..4 {
        assert_eq!(world.waiting(MailKind::PasswordChanged).await, 1);
        deliver_when_due(&world).await;
    }
    let mails = world.mailer.sent_to(ALICE);
    assert!(
        matches!(mails[1].message, MailMessage::PasswordChanged { at, .. } if at == changed_at),
        "{mails:?}"
    );
    assert_eq!((mails.len(), world.jobs().await), (2, Vec::new()));
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_not_mailed() {
    let world = world_with_request().await;
    world.fail_next_commit(StoreError::Busy("a full queue".to_owned()));
    assert_eq!(world.deliver_mail().await, 1);
    assert!(world.mailer.sent().is_empty());
    assert_eq!(world.only_job().await.reason.as_deref(), Some("the store is busy: a full queue"));
    deliver_when_due(&world).await;
    assert_eq!(world.reset(&world.token_for(ALICE), NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_job_that_makes_no_sense_is_dead_and_does_not_keep_others_waiting() {
    let world = World::new();
    let alice = world.create("alice").await;
    let job = NewMailJob::to_user(MailKind::PasswordReset, alice.id, &stranger(), world.clock.now());
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
    world.request_reset(ALICE).await;
    assert_eq!(world.deliver_mail().await, 2);
    let job = world.only_job().await;
    let reason = "a password_reset mail for the wrong kind of recipient";
    assert_eq!((job.dead, job.reason.as_deref()), (true, Some(reason)));
    assert_eq!(world.mailer.sent_to(ALICE).len(), 1);
}
