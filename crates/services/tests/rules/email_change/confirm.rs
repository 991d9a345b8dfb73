//! From the token to the new address.

use chrono::Duration;
use denizen_models::CreateUserRequest;
use denizen_services::{
    Clock as _, ConfirmEmailChangeError, Disclosure, Failure, MailMessage, NoticeTemplate, VerifyEmailError,
    store::{AuditKind, MailKind, StoreFailure},
};

use crate::support::{Entered, NEW_PASSWORD, OLD_PASSWORD, World, failing_members, stranger};

const OLD: &str = "alice@example.com";
const NEW: &str = "alice@elsewhere.example";
const DEAD: Result<(), ConfirmEmailChangeError> = Err(ConfirmEmailChangeError::InvalidOrExpired);

/// Alice has asked for another address, and has read the mail that went there.
async fn world_with_token() -> (World, Entered, String) {
    let world = World::open(Disclosure::Uniform);
    world.create("alice").await;
    let alice = world.enter("alice").await;
    world.want_email(&alice.context, NEW, OLD_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    let token = world.token_for(NEW);
    (world, alice, token)
}

async fn address_of(world: &World, alice: &Entered) -> String {
    world.find(alice.user.id).await.unwrap().values.email.to_string()
}

#[tokio::test]
async fn whoever_has_the_token_gives_the_account_the_address_and_everybody_stays_in() {
    let (world, alice, token) = world_with_token().await;
    assert_eq!(world.confirm_email(&token).await, Ok(()));
    let after = world.find(alice.user.id).await.unwrap();
    assert_eq!((after.values.email.as_str(), after.values.email_verified), (NEW, true));
    assert_eq!(after.security_version, alice.user.security_version + 1);
    assert!(world.lets_in(&alice.signed_in).await);
    assert!(world.log_in(NEW, OLD_PASSWORD).await.is_ok() && world.log_in(OLD, OLD_PASSWORD).await.is_err());
    let story = world.story_of(alice.user.id).await;
    let expected = [AuditKind::LoginSucceeded, AuditKind::EmailChangeRequested, AuditKind::EmailChanged];
    assert_eq!(story[..3], expected);
}

/// Security checklist: 56.
#[tokio::test]
async fn the_old_address_is_told_when_and_from_where() {
    let (world, _, token) = world_with_token().await;
    world.confirm_email(&token).await.unwrap();
    let changed_at = world.clock.now();
    assert_eq!(world.waiting_kinds().await, [MailKind::EmailChanged]);
    world.clock.advance(Duration::hours(1));
    world.deliver_mail().await;
    let mails = world.mailer.sent_to(OLD);
    assert_eq!((mails.len(), mails[0].name.as_str()), (1, "Sample"));
    let MailMessage::Notice { template: NoticeTemplate::EmailChanged, at, ip } = mails[0].message else {
        panic!("{mails:?}")
    };
    assert_eq!((at, ip), (changed_at, stranger().ip));
}

/// Security checklist: 19.
#[tokio::test]
async fn tokens_that_went_to_the_old_address_die() {
    let (world, _, token) = world_with_token().await;
    let verification = world.obtain_verification(OLD).await;
    world.confirm_email(&token).await.unwrap();
    assert!(world.verify(&verification).await.is_err());
}

#[tokio::test]
async fn the_token_of_a_sign_up_with_the_address_is_dead() {
    let (world, alice, token) = world_with_token().await;
    let request = CreateUserRequest { email: NEW.to_owned(), ..CreateUserRequest::default() };
    world.users.sign_up(&stranger(), request).await.unwrap();
    world.deliver_mail().await;
    let sign_up = world.token_for(NEW);
    world.confirm_email(&token).await.unwrap();
    let refused = world.confirm_sign_up(&sign_up, "eve").await;
    assert_eq!(refused, Err(VerifyEmailError::InvalidOrExpired));
    assert_eq!(address_of(&world, &alice).await, NEW);
}

#[tokio::test]
async fn a_token_works_once_and_until_it_expires() {
    let (world, alice, token) = world_with_token().await;
    world.clock.advance(Duration::days(1));
    assert_eq!(world.confirm_email(&token).await, DEAD);
    world.clock.advance(-Duration::microseconds(1));
    assert_eq!(address_of(&world, &alice).await, OLD);
    assert_eq!(world.confirm_email(&token).await, Ok(()));
    assert_eq!(world.confirm_email(&token).await, DEAD);
    assert_eq!(ConfirmEmailChangeError::InvalidOrExpired.to_string(), "invalid or expired token");
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (world, _, token) = world_with_token().await;
    world.hold_commits_until_there_are(2);
    let (one, two) = tokio::join!(world.confirm_email(&token), world.confirm_email(&token));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!((one.and(two), world.recorded(AuditKind::EmailChanged).await), (DEAD, 1));
}

/// Security checklist: 56.
#[tokio::test]
async fn an_address_that_somebody_else_got_meanwhile_is_taken() {
    let (world, alice, token) = world_with_token().await;
    let bob = world.create("bob").await;
    world.change_email(bob.id, NEW).await;
    let error = world.confirm_email(&token).await.unwrap_err();
    assert_eq!(error, ConfirmEmailChangeError::EmailTaken(NEW.to_owned()));
    assert_eq!(address_of(&world, &alice).await, OLD);
    world.delete(bob.id).await;
    assert_eq!(world.confirm_email(&token).await, Ok(()));
}

#[tokio::test]
async fn what_else_changes_meanwhile_is_kept() {
    let (world, alice, token) = world_with_token().await;
    let (rival, id) = (world.rival(), alice.user.id);
    world.before_next_commit(async move {
        rival.change(id, |request| request.first_name = "Alicia".to_owned()).await;
    });
    assert_eq!(world.confirm_email(&token).await, Ok(()));
    let values = world.find(id).await.unwrap().values;
    assert_eq!((values.first_name.as_str(), values.email.as_str()), ("Alicia", NEW));
}

#[tokio::test]
async fn whoever_is_always_too_late_is_told_that_the_store_is_busy() {
    let (world, alice, token) = world_with_token().await;
    for age in 1..=32 {
        let (rival, id) = (world.rival(), alice.user.id);
        world.before_next_commit(async move {
            rival.change(id, |request| request.age = Some(age)).await;
        });
    }
    let answer = world.confirm_email(&token).await;
    assert!(matches!(answer, Err(ConfirmEmailChangeError::Failure(Failure::Overloaded(_)))), "{answer:?}");
    assert_eq!(world.confirm_email(&token).await, Ok(()));
}

/// Security checklist: 19.
#[tokio::test]
async fn a_token_dies_with_the_password_the_address_and_the_status_it_was_given_under() {
    for what in ["password", "address", "status"] {
        let (world, alice, token) = world_with_token().await;
        let (rival, id) = (world.rival(), alice.user.id);
        world.before_next_commit(async move {
            match what {
                "password" => {
                    let changed = rival.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await;
                    assert!(changed.is_ok());
                }
                "address" => rival.change_email(id, "chosen@example.com").await,
                _ => rival.switch_off(id).await,
            }
        });
        assert_eq!(world.confirm_email(&token).await, DEAD, "{what}");
        assert_ne!(world.find(id).await.unwrap().values.email.as_str(), NEW, "{what}");
    }
}

#[tokio::test]
async fn a_confirmation_needs_a_token_and_failures_of_the_store_are_passed_on() {
    let (world, _, token) = world_with_token().await;
    let answer = world.confirm_email("\t").await;
    let Err(ConfirmEmailChangeError::Failure(Failure::Invalid(errors))) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(failing_members(&errors), ["token: token cannot be empty"]);
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(world.confirm_email(&token).await, Err(busy.into()));
    assert_eq!(world.confirm_email(&token).await, Ok(()));
}
