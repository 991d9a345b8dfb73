//! From the wish to the user.

use chrono::Duration;
use denizen_models::CreateUserRequest;
use denizen_services::{
    AccessContext, Clock as _, Disclosure, Failure, Limits, Mail, MailError, MailMessage, NoticeTemplate,
    ServiceSettings, SignedUp, VerifyEmailError,
    store::{AuditEvent, AuditKind, StoreFailure},
};

use crate::support::{OLD_PASSWORD, World, failing_members, new_user, stranger};

const ALICE: &str = "alice@example.com";

/// Alice has signed up and read the mail.
async fn world_with_token() -> (World, String) {
    let world = World::open(Disclosure::Uniform);
    let token = world.obtain_confirmation("alice").await;
    (world, token)
}

#[tokio::test]
async fn whoever_has_the_token_becomes_a_user_with_a_verified_address() {
    let (world, token) = world_with_token().await;
    world.clock.advance(Duration::hours(1));
    assert_eq!(world.verify(&token).await, Ok(()));
    let alice = world.find_at(ALICE).await.unwrap();
    assert_eq!((alice.values.username.as_str(), alice.values.roles.len()), ("alice", 1));
    assert!(alice.values.active && alice.values.email_verified);
    assert_eq!(alice.created_at, world.clock.now());
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
    let expected = AuditEvent {
        kind: AuditKind::SignedUp,
        at: world.clock.now(),
        actor: "anonymous".to_owned(),
        target: Some(alice.id),
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    };
    assert_eq!(world.audit().await[0], expected);
}

#[tokio::test]
async fn a_token_works_once_and_until_it_expires() {
    let (world, token) = world_with_token().await;
    world.clock.advance(Duration::days(1));
    assert_eq!(world.verify(&token).await, Err(VerifyEmailError::InvalidOrExpired));
    world.clock.advance(-Duration::microseconds(1));
    assert_eq!(world.verify(&token).await, Ok(()));
    assert_eq!(world.verify(&token).await, Err(VerifyEmailError::InvalidOrExpired));
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (world, token) = world_with_token().await;
    world.hold_commits_until_there_are(2);
    let (one, two) = tokio::join!(world.verify(&token), world.verify_as(&token, Some("alicia")));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(one.and(two), Err(VerifyEmailError::InvalidOrExpired));
    assert_eq!(world.recorded(AuditKind::SignedUp).await, 1);
}

#[tokio::test]
async fn when_the_name_was_taken_meanwhile_the_token_works_with_another() {
    let (world, token) = world_with_token().await;
    let other = CreateUserRequest { email: "other@example.com".to_owned(), ..new_user("Alice") };
    world.users.create_user(&AccessContext::system(), other).await.unwrap();
    world.create("bob").await;
    for (name, taken) in [(None, "alice"), (Some("BOB"), "BOB")] {
        let error = world.verify_as(&token, name).await.unwrap_err();
        assert_eq!(error, VerifyEmailError::UsernameTaken(taken.to_owned()));
    }
    let Err(VerifyEmailError::Failure(Failure::Invalid(errors))) = world.verify_as(&token, Some("a")).await
    else {
        panic!("not refused")
    };
    assert_eq!(failing_members(&errors), ["username: username must be at least 3 characters long"]);
    assert_eq!(world.verify_as(&token, Some("alice_too")).await, Ok(()));
    assert_eq!(world.find_at(ALICE).await.unwrap().values.username.as_str(), "alice_too");
    assert!(world.log_in(ALICE, OLD_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn when_the_address_was_taken_meanwhile_the_token_is_dead() {
    let (world, token) = world_with_token().await;
    let other = CreateUserRequest { email: ALICE.to_owned(), ..new_user("other") };
    world.users.create_user(&AccessContext::system(), other).await.unwrap();
    assert_eq!(world.verify(&token).await, Err(VerifyEmailError::InvalidOrExpired));
    assert_eq!(world.recorded(AuditKind::SignedUp).await, 0);
}

#[tokio::test]
async fn when_registration_is_closed_nobody_who_waits_becomes_a_user_or_is_mailed() {
    let (world, token) = world_with_token().await;
    world.sign_up("bob").await.unwrap();
    let closed = ServiceSettings { limits: Limits::GENEROUS, ..ServiceSettings::default() };
    let closed = world.rival_with(closed);
    assert_eq!(closed.verify(&token).await, Err(VerifyEmailError::InvalidOrExpired));
    assert_eq!((closed.deliver_mail().await, world.mailer.sent().len()), (1, 1));
    assert_eq!(world.verify(&token).await, Ok(()));
}

#[tokio::test]
async fn a_wish_that_is_renewed_while_it_is_prepared_gets_one_mail_with_one_token() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    let rival = world.rival();
    world.before_next_commit(async move {
        assert_eq!(rival.sign_up("alice").await, Ok(SignedUp::Pending));
    });
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (2, 1));
    let minted = world.tokens.minted();
    assert_eq!((minted.len(), world.verify(&minted[0]).await), (2, Err(VerifyEmailError::InvalidOrExpired)));
    assert_eq!(world.verify(&minted[1]).await, Ok(()));
}

#[tokio::test]
async fn a_mail_that_fails_is_tried_again_with_another_token_and_a_whole_day_to_use_it() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    world.clock.advance(Duration::hours(23));
    world.deliver_mail().await;
    world.clock.advance(Duration::hours(23));
    let minted = world.tokens.minted();
    assert_eq!(world.verify(&minted[0]).await, Err(VerifyEmailError::InvalidOrExpired));
    assert_eq!(world.verify(&minted[1]).await, Ok(()));
}

#[tokio::test]
async fn a_wish_that_is_void_before_its_mail_goes_out_is_mailed_to_nobody() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    world.clock.advance(Duration::days(1));
    assert_eq!(world.deliver_mail().await, 1);
    assert!(world.mailer.sent().is_empty() && world.jobs().await.is_empty());
}

#[tokio::test]
async fn whoever_gets_the_address_before_the_mail_goes_out_is_told_instead() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    world.create("alice").await;
    world.deliver_mail().await;
    let mails = world.mailer.sent_to(ALICE);
    assert!(matches!(
        mails[..],
        [Mail { message: MailMessage::Notice { template: NoticeTemplate::AccountExists, .. }, .. }]
    ));
}

#[tokio::test]
async fn a_failure_of_the_store_is_passed_on_and_the_token_still_works() {
    let (world, token) = world_with_token().await;
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(world.verify(&token).await, Err(busy.into()));
    assert_eq!(world.verify(&token).await, Ok(()));
}
