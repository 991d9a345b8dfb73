//! Replacing a password that is known.

use chrono::Duration;
use denizen_services::{
    AccessContext, ChangePasswordError, Clock as _, Failure, HashError, LoginError, MailMessage,
    NoticeTemplate, TokenPurpose,
    store::{AuditKind, MailJob, StoreFailure},
};

use crate::support::{Entered, NEW_PASSWORD, OLD_PASSWORD, World, failing_members, member, stranger};

async fn world_with_alice() -> (World, Entered) {
    let world = World::new();
    world.create("alice").await;
    let alice = world.enter("alice").await;
    (world, alice)
}

/// Security checklist: 34.
#[tokio::test]
async fn the_new_password_works_the_old_one_does_not_and_the_user_stays_in() {
    let (world, alice) = world_with_alice().await;
    world.clock.advance(Duration::hours(1));
    let changed = world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    assert_eq!(changed.expires_at, world.clock.now() + Duration::days(30));
    assert_eq!(world.use_session(&changed).await.unwrap().user.id, alice.user.id);
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 34.
#[tokio::test]
async fn every_session_of_the_user_ends_and_none_of_anybody_else() {
    let (world, alice) = world_with_alice().await;
    world.create("bob").await;
    let (other, bob) = (world.enter("alice").await, world.enter("bob").await);
    let changed = world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    for old in [&alice, &other] {
        assert!(!world.lets_in(&old.signed_in).await);
    }
    assert!(world.lets_in(&bob.signed_in).await);
    let left: Vec<_> = world.sessions_of(alice.user.id).await.iter().map(|session| session.id).collect();
    assert_eq!(left, [changed.session]);
}

/// Security checklist: 19, 21.
#[tokio::test]
async fn tokens_in_the_mail_die_and_a_notice_tells_when_and_from_where() {
    let (world, alice) = world_with_alice().await;
    let token = world.obtain_verification("alice@example.com").await;
    world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    assert!(!world.keeps_token(TokenPurpose::EmailVerification, &token).await);
    let job = world.only_job().await;
    assert_eq!(job.mail, MailJob::PasswordChanged { user: alice.user.id });
    world.deliver_mail().await;
    let mail = world.mailer.sent().pop().unwrap();
    let MailMessage::Notice { template: NoticeTemplate::PasswordChanged, at, ip } = mail.message else {
        panic!("{mail:?}")
    };
    assert_eq!((at, ip), (world.clock.now(), stranger().ip));
}

/// Security checklist: 60.
#[tokio::test]
async fn a_change_and_a_failure_are_recorded_with_the_user_as_actor() {
    let (world, alice) = world_with_alice().await;
    world.change_password(&alice.context, NEW_PASSWORD, NEW_PASSWORD).await.unwrap_err();
    world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    let actor = format!("user:{}", alice.user.id);
    let by_alice: Vec<_> = world
        .audit()
        .await
        .into_iter()
        .filter(|event| event.actor == actor)
        .map(|event| event.kind)
        .collect();
    assert_eq!(by_alice, [AuditKind::PasswordChangeFailed, AuditKind::PasswordChanged]);
}

/// Security checklist: 34.
#[tokio::test]
async fn without_the_current_password_nothing_changes() {
    let (world, alice) = world_with_alice().await;
    let answer = world.change_password(&alice.context, "not the password", NEW_PASSWORD).await;
    assert_eq!(answer.unwrap_err(), ChangePasswordError::WrongPassword);
    assert!(world.lets_in(&alice.signed_in).await && world.jobs().await.is_empty());
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
    assert_eq!(world.find(alice.user.id).await, Some(alice.user));
}

#[tokio::test]
async fn only_users_who_have_signed_in_have_a_password_to_change() {
    let (world, _) = world_with_alice().await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    for context in [stranger(), AccessContext::system(), member(bob.id)] {
        let answer = world.change_password(&context, OLD_PASSWORD, NEW_PASSWORD).await;
        assert_eq!(answer.unwrap_err(), ChangePasswordError::Failure(Failure::Unauthenticated));
    }
}

/// Security checklist: 28.
#[tokio::test]
async fn the_new_password_keeps_the_policy_and_is_judged_after_the_current_one() {
    let (world, alice) = world_with_alice().await;
    for (current, new, expected) in [
        (
            "",
            "",
            "current_password: current password cannot be empty, new_password: new password cannot be empty",
        ),
        (OLD_PASSWORD, "seven77", "new_password: new password must be at least 8 characters long"),
        (OLD_PASSWORD, "P@ssw0rd", "new_password: new password is too common"),
        (OLD_PASSWORD, "alice@example.com", "new_password: new password cannot be your own name or address"),
    ] {
        match world.change_password(&alice.context, current, new).await.unwrap_err() {
            ChangePasswordError::Failure(Failure::Invalid(errors)) => {
                assert_eq!(failing_members(&errors).join(", "), expected);
            }
            other => panic!("{new:?}: {other:?}"),
        }
    }
    // Whoever does not know the password learns nothing of the new one, and causes no work with it.
    let runs = world.hasher.runs();
    let answer = world.change_password(&alice.context, "not the password", "P@ssw0rd").await;
    assert_eq!((answer.unwrap_err(), world.hasher.runs()), (ChangePasswordError::WrongPassword, runs));
}

#[tokio::test]
async fn a_password_that_is_replaced_meanwhile_is_not_overwritten() {
    let (world, alice) = world_with_alice().await;
    let (rival, id) = (world.rival(), alice.user.id);
    world.before_next_commit(async move { rival.replace_password(id, NEW_PASSWORD).await });
    let answer = world.change_password(&alice.context, OLD_PASSWORD, "chosen by somebody else").await;
    assert_eq!(answer.unwrap_err(), ChangePasswordError::Failure(Failure::Unauthenticated));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn of_two_changes_at_once_one_counts() {
    let (world, alice) = world_with_alice().await;
    world.hold_commits_until_there_are(2);
    let (one, two) = tokio::join!(
        world.change_password(&alice.context, OLD_PASSWORD, "the first of both"),
        world.change_password(&alice.context, OLD_PASSWORD, "the second of both"),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let works = world.log_in("alice", "the first of both").await.is_ok();
    assert_eq!(works, one.is_ok());
    assert_eq!(world.recorded(AuditKind::PasswordChanged).await, 1);
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_nothing_changes() {
    let (world, alice) = world_with_alice().await;
    world.hasher.fail_next(HashError::Busy);
    let answer = world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.unwrap_err(), ChangePasswordError::from(HashError::Busy));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    let answer = world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.unwrap_err(), ChangePasswordError::from(busy));
    assert!(world.lets_in(&alice.signed_in).await && world.log_in("alice", OLD_PASSWORD).await.is_ok());
}
