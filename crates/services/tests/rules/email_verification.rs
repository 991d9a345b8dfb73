//! Showing that the address of an account is one's own.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_models::{EmailVerificationRequest, User};
use denizen_services::{
    AccessContext, Clock as _, Disclosure, Failure, LinkTemplate, MailMessage, ServiceSettings,
    VerifyEmailError,
    store::{AuditEvent, AuditKind, MailKind, StoreFailure},
};

use crate::support::{World, failing_members, stranger};

const ALICE: &str = "alice@example.com";
const DEAD: Result<(), VerifyEmailError> = Err(VerifyEmailError::InvalidOrExpired);

async fn world_with_token() -> (World, User, String) {
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_verification(ALICE).await;
    (world, alice, token)
}

async fn is_verified(world: &World, user: &User) -> bool {
    world.find(user.id).await.unwrap().values.email_verified
}

async fn ask(world: &World, email: &str) -> Result<(), Failure> {
    let request = EmailVerificationRequest { email: email.to_owned() };
    world.users.request_email_verification(&stranger(), request).await
}

#[tokio::test]
async fn every_address_gets_the_same_answer_for_the_same_work_even_in_the_tutorial() {
    for world in [Disclosure::Uniform, Disclosure::Detailed].map(World::open) {
        world.create("alice").await;
        let bob = world.create("bob").await;
        world.switch_off(bob.id).await;
        world.obtain_confirmation("carol").await;
        for name in ["alice", "bob", "carol", "nobody"] {
            world.store.reset();
            assert_eq!(ask(&world, &format!("{name}@example.com")).await, Ok(()));
            assert_eq!(world.store.all_calls(), BTreeMap::from([("commit", 1)]), "{name}");
        }
    }
}

#[tokio::test]
async fn only_active_users_who_have_not_verified_their_address_are_mailed() {
    let world = World::new();
    for name in ["alice", "bob", "carol"] {
        world.create(name).await;
    }
    let bob = world.find_at("bob@example.com").await.unwrap();
    world.switch_off(bob.id).await;
    let token = world.obtain_verification("carol@example.com").await;
    world.verify(&token).await.unwrap();
    for name in ["alice", "bob", "carol", "nobody"] {
        world.request_verification(&format!("{name}@example.com")).await;
    }
    assert_eq!(world.deliver_mail().await, 4);
    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[1].to.as_str(), mails[1].name.as_str()), (2, ALICE, "Sample"));
    let MailMessage::Link { template: LinkTemplate::VerifyEmail, valid_for, .. } = &mails[1].message else {
        panic!("{mails:?}")
    };
    assert_eq!((*valid_for, world.jobs().await), (Duration::days(1), Vec::new()));
}

#[tokio::test]
async fn whoever_has_the_token_verifies_the_address_and_changes_nothing_else() {
    let (world, alice, token) = world_with_token().await;
    let session = world.enter("alice").await;
    world.clock.advance(Duration::hours(1));
    assert_eq!(world.verify(&token).await, Ok(()));
    let expected = AuditEvent {
        kind: AuditKind::EmailVerified,
        at: world.clock.now(),
        actor: "anonymous".to_owned(),
        target: Some(alice.id),
        key: None,
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    };
    assert_eq!(world.audit().await.pop(), Some(expected));
    let mut after = world.find(alice.id).await.unwrap();
    assert_eq!((after.revision, after.updated_at), (alice.revision + 1, world.clock.now()));
    assert!(after.values.email_verified && world.lets_in(&session.signed_in).await);
    after.values.email_verified = false;
    assert_eq!((after.values, after.security_version), (alice.values, alice.security_version));
}

#[tokio::test]
async fn a_token_works_once_and_until_it_expires() {
    let (world, alice, token) = world_with_token().await;
    world.clock.advance(Duration::days(1));
    assert_eq!(world.verify(&token).await, DEAD);
    world.clock.advance(-Duration::microseconds(1));
    assert_eq!(world.verify(&token).await, Ok(()));
    assert_eq!(world.verify(&token).await, DEAD);
    assert!(is_verified(&world, &alice).await);
    assert_eq!(VerifyEmailError::InvalidOrExpired.to_string(), "invalid or expired verification token");
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (world, _, token) = world_with_token().await;
    world.hold_commits_until_there_are(2);
    let (one, two) = tokio::join!(world.verify(&token), world.verify(&token));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!((one.and(two), world.recorded(AuditKind::EmailVerified).await), (DEAD, 1));
}

#[tokio::test]
async fn a_token_that_went_to_another_address_verifies_nothing() {
    let (world, alice, token) = world_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.change_email(alice.id, "new@example.com").await });
    assert_eq!(world.verify(&token).await, DEAD);
    assert_eq!(world.verify(&token).await, DEAD);
    assert!(!is_verified(&world, &alice).await);
}

#[tokio::test]
async fn a_token_of_somebody_who_was_switched_off_stays_dead() {
    let (world, alice, token) = world_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.switch_off(alice.id).await });
    assert_eq!(world.verify(&token).await, DEAD);
    world.switch_on(alice.id).await;
    assert_eq!(world.verify(&token).await, DEAD);
    assert!(!is_verified(&world, &alice).await);
}

#[tokio::test]
async fn a_change_of_roles_meanwhile_does_not_get_in_the_way() {
    let (world, alice, token) = world_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.roles = Some(vec!["editor".to_owned()])).await;
    });
    assert_eq!(world.verify(&token).await, Ok(()));
    let after = world.find(alice.id).await.unwrap().values;
    assert_eq!((after.email_verified, after.roles), (true, vec!["editor".to_owned()]));
}

#[tokio::test]
async fn a_request_that_is_renewed_while_it_is_prepared_gets_one_mail_with_one_token() {
    let world = World::new();
    world.create("alice").await;
    world.request_verification(ALICE).await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.request_verification(ALICE).await });
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (2, 1));
    let minted = world.tokens.minted();
    assert_eq!((minted.len(), world.verify(&minted[0]).await), (2, DEAD));
    assert_eq!(world.verify(&minted[1]).await, Ok(()));
}

#[tokio::test]
async fn a_request_needs_an_address_and_a_confirmation_a_token() {
    let world = World::new();
    for (email, message) in [("", "email: email cannot be empty"), ("alice", "email: invalid email format")] {
        let Err(Failure::Invalid(errors)) = ask(&world, email).await else { panic!("{email:?} was taken") };
        assert_eq!(failing_members(&errors), [message]);
    }
    let Err(VerifyEmailError::Failure(Failure::Invalid(errors))) = world.verify(" ").await else {
        panic!("not refused")
    };
    assert_eq!(failing_members(&errors), ["token: token cannot be empty"]);
    assert_eq!(world.store.all_calls(), BTreeMap::new());
}

#[tokio::test]
async fn an_address_is_asked_for_once_a_minute_and_three_times_and_one_caller_asks_twenty_times() {
    let wait = |minutes| Err(Failure::RateLimited(Duration::minutes(minutes)));
    let world = World::with(ServiceSettings::default());
    world.create("alice").await;
    for email in [ALICE, "nobody@example.com"] {
        for next in [1, 1, 18] {
            assert_eq!(ask(&world, email).await, Ok(()));
            assert_eq!(ask(&world, email).await, wait(next), "{email}");
            world.clock.advance(Duration::minutes(1));
        }
    }
    // Each of these twelve cost the caller one, and two have come back in six minutes.
    for number in 10..20 {
        assert_eq!(ask(&world, &format!("{number}@example.com")).await, Ok(()));
    }
    assert_eq!(ask(&world, "20@example.com").await, wait(3));
    let request = EmailVerificationRequest { email: "20@example.com".to_owned() };
    let here = AccessContext::anonymous();
    assert_eq!(world.users.request_email_verification(&here, request).await, Ok(()));
}

#[tokio::test]
async fn when_too_many_wait_everybody_new_is_turned_away() {
    let world = World::with_room_for(1);
    world.request_verification(ALICE).await;
    assert_eq!(
        ask(&world, "bob@example.com").await,
        Err(Failure::Overloaded("too many requests are waiting".into()))
    );
    assert_eq!(world.waiting_kinds().await, [MailKind::EmailVerification]);
}

#[tokio::test]
async fn failures_of_the_store_are_passed_on_and_the_token_still_works() {
    let (world, _, token) = world_with_token().await;
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(ask(&world, ALICE).await, Err(busy.clone().into()));
    world.fail_next_commit(busy.clone());
    assert_eq!(world.verify(&token).await, Err(busy.into()));
    assert_eq!(world.verify(&token).await, Ok(()));
}
