//! Mails that cannot be sent at once.

use chrono::Duration;
use denizen_services::{
    Clock as _, MailError, MailMessage, NoticeTemplate, ServiceSettings,
    store::{MailKind, StoreFailure, UnitOfWork, WriteStore as _},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

const ALICE: &str = "alice@example.com";

fn no_connection() -> MailError {
    MailError::Temporary("no connection".into())
}

/// Alice has asked for a verification, and nothing was delivered yet.
async fn world_with_request() -> World {
    let world = World::new();
    world.create("alice").await;
    world.request_verification(ALICE).await;
    world
}

/// Moves on to the instant at which the only job is due, and works on it.
async fn deliver_when_due(world: &World) {
    world.clock.set(world.only_job().await.due_at);
    assert_eq!(world.deliver_mail().await, 1);
}

/// Security checklist: 4.
#[tokio::test]
async fn a_mail_that_is_not_sent_is_kept_with_the_reason_and_tried_again_after_a_second_and_a_bit() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, no_connection());
    assert_eq!(world.deliver_mail().await, 1);
    let job = world.only_job().await;
    assert_eq!((job.attempts, job.dead), (1, false));
    assert_eq!(job.reason.as_deref(), Some("mail not sent yet: no connection"));
    assert!((1_000..=1_250).contains(&(job.due_at - world.clock.now()).num_milliseconds()), "{job:?}");
    world.clock.set(job.due_at - Duration::microseconds(1));
    assert_eq!(world.deliver_mail().await, 0);
    world.clock.set(job.due_at);
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!((world.mailer.sent_to(ALICE).len(), world.jobs().await), (1, Vec::new()));
}

/// Security checklist: 10.
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
    for token in &minted[..2] {
        assert!(world.verify(token).await.is_err());
    }
    assert_eq!(world.verify(&minted[2]).await, Ok(()));
}

#[tokio::test]
async fn the_delay_doubles_from_a_second_to_six_hours_with_up_to_a_quarter_more() {
    let world = world_with_request().await;
    world.mailer.fail_next(18, no_connection());
    let mut surpluses = Vec::new();
    for failures in 1..=18 {
        deliver_when_due(&world).await;
        let job = world.only_job().await;
        let least = Duration::seconds((1 << (failures - 1)).min(6 * 60 * 60));
        let surplus = job.due_at - world.clock.now() - least;
        assert!((Duration::zero()..=least / 4).contains(&surplus), "{surplus} after {failures}");
        assert_eq!((job.attempts, job.dead), (failures, false));
        surpluses.push(surplus.num_microseconds().unwrap() * 100 / least.num_microseconds().unwrap());
    }
    // Not the same each time, or it would keep nobody apart.
    assert!(surpluses.iter().min().unwrap() + 5 < *surpluses.iter().max().unwrap(), "{surpluses:?}");
}

#[tokio::test]
async fn a_mail_is_tried_until_it_is_two_days_old_and_then_given_up_with_the_reason() {
    let world = world_with_request().await;
    let asked_at = world.clock.now();
    world.mailer.fail_next(100, no_connection());
    while !world.only_job().await.dead {
        deliver_when_due(&world).await;
    }
    assert_eq!(world.clock.now() - asked_at, Duration::days(2));
    let job = world.only_job().await;
    assert_eq!(job.reason.as_deref(), Some("mail not sent yet: no connection"));
    world.clock.advance(Duration::days(400));
    assert_eq!(world.deliver_mail().await, 0);
}

#[tokio::test]
async fn a_mail_that_is_too_old_when_it_is_first_tried_is_tried_once() {
    for fails in [false, true] {
        let world = world_with_request().await;
        world.clock.advance(Duration::days(3));
        world.mailer.fail_next(usize::from(fails), no_connection());
        assert_eq!(world.deliver_mail().await, 1);
        let dead: Vec<_> = world.jobs().await.into_iter().map(|job| job.dead).collect();
        assert_eq!((world.mailer.sent().len(), dead), if fails { (0, vec![true]) } else { (1, vec![]) });
    }
}

#[tokio::test]
async fn a_dead_mail_that_an_operator_wants_is_tried_again_however_old_it_is() {
    let world = world_with_request().await;
    world.clock.advance(Duration::days(3));
    world.mailer.fail_next(1, no_connection());
    world.deliver_mail().await;
    let job = world.only_job().await;
    assert!(job.dead);
    world.store.commit(UnitOfWork::new().retry_mail(job.id, world.clock.now())).await.unwrap();
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (1, 1));
}

#[tokio::test]
async fn the_age_at_which_mails_are_given_up_is_that_of_the_settings() {
    let settings = ServiceSettings { mail_max_age: Duration::seconds(3), ..ServiceSettings::default() };
    let world = World::with(settings);
    world.create("alice").await;
    world.request_verification(ALICE).await;
    world.mailer.fail_next(100, no_connection());
    let mut attempts = 0;
    while !world.only_job().await.dead {
        deliver_when_due(&world).await;
        attempts += 1;
    }
    // At once, after a second, and after three.
    assert_eq!(attempts, 3);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_dead_at_once_and_keeps_the_reason() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
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
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    world.deliver_mail().await;
    world.request_verification(ALICE).await;
    let job = world.only_job().await;
    assert_eq!((job.generation, job.attempts, job.dead), (2, 0, false));
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!(world.verify(&world.token_for(ALICE)).await, Ok(()));
}

#[tokio::test]
async fn a_new_request_does_not_wait_for_the_next_attempt() {
    let world = world_with_request().await;
    world.mailer.fail_next(1, no_connection());
    world.deliver_mail().await;
    world.request_verification(ALICE).await;
    assert_eq!(world.only_job().await.due_at, world.clock.now());
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (1, 1));
}

#[tokio::test]
async fn a_mail_that_fails_does_not_keep_others_waiting() {
    let world = world_with_request().await;
    world.create("bob").await;
    world.request_verification("bob@example.com").await;
    world.mailer.fail_next(1, no_connection());
    assert_eq!(world.deliver_mail().await, 2);
    assert_eq!(world.mailer.sent_to("bob@example.com").len(), 1);
    assert!(world.mailer.sent_to(ALICE).is_empty());
}

#[tokio::test]
async fn a_notice_is_tried_again_and_tells_the_time_of_the_change() {
    let world = World::new();
    world.create("alice").await;
    let alice = world.enter("alice").await;
    world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    let changed_at = world.clock.now();
    world.mailer.fail_next(3, no_connection());
    for _ in 0..4 {
        assert_eq!(world.waiting(MailKind::PasswordChanged).await, 1);
        deliver_when_due(&world).await;
    }
    let mails = world.mailer.sent_to(ALICE);
    assert!(
        matches!(mails[0].message, MailMessage::Notice { template: NoticeTemplate::PasswordChanged, at, .. } if at == changed_at),
        "{mails:?}"
    );
    assert_eq!((mails.len(), world.jobs().await), (1, Vec::new()));
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_not_mailed() {
    let world = world_with_request().await;
    world.fail_next_commit(StoreFailure::Busy("a full queue".into()));
    assert_eq!(world.deliver_mail().await, 1);
    assert!(world.mailer.sent().is_empty());
    assert_eq!(world.only_job().await.reason.as_deref(), Some("the store is busy: a full queue"));
    deliver_when_due(&world).await;
    assert_eq!(world.verify(&world.token_for(ALICE)).await, Ok(()));
}
