//! Signing up where answers may tell.

use denizen_models::{CreateUserRequest, User};
use denizen_services::{
    Disclosure, LinkTemplate, MailMessage, SignUpError, SignedUp,
    store::{AuditKind, MailKind},
};

use crate::support::{OLD_PASSWORD, World, new_user, stranger};

async fn sign_up(world: &World, name: &str) -> User {
    match world.sign_up(name).await.unwrap() {
        SignedUp::User(user) => user,
        SignedUp::Pending => panic!("{name} has to wait"),
    }
}

#[tokio::test]
async fn a_stranger_is_a_user_at_once_and_is_mailed_a_token_for_the_address() {
    let world = World::open(Disclosure::Detailed);
    let alice = sign_up(&world, "alice").await;
    assert_eq!(world.find(alice.id).await, Some(alice.clone()));
    assert!(alice.values.active && !alice.values.email_verified);
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
    assert_eq!(world.waiting_kinds().await, [MailKind::EmailVerification]);
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    assert!(
        matches!(mails[0].message, MailMessage::Link { template: LinkTemplate::VerifyEmail, .. }),
        "{mails:?}"
    );
    assert_eq!(world.verify(&world.token_for("alice@example.com")).await, Ok(()));
    assert!(world.find(alice.id).await.unwrap().values.email_verified);
    let story = [AuditKind::SignedUp, AuditKind::LoginSucceeded, AuditKind::EmailVerified];
    assert_eq!(world.story_of(alice.id).await, story);
}

#[tokio::test]
async fn what_is_taken_is_told_as_it_was_typed() {
    let world = World::open(Disclosure::Detailed);
    sign_up(&world, "alice").await;
    let error = world.sign_up("Alice").await.unwrap_err();
    assert_eq!(error, SignUpError::UsernameTaken("Alice".to_owned()));
    let request = CreateUserRequest { email: "Alice@Example.com".to_owned(), ..new_user("other") };
    let error = world.users.sign_up(&stranger(), request).await.unwrap_err();
    assert_eq!(error, SignUpError::EmailTaken("Alice@Example.com".to_owned()));
    assert_eq!(world.recorded(AuditKind::SignedUp).await, 1);
}

#[tokio::test]
async fn of_two_who_want_a_name_at_once_one_gets_it() {
    let world = World::open(Disclosure::Detailed);
    world.hold_commits_until_there_are(2);
    let (one, two) = tokio::join!(world.sign_up("alice"), world.sign_up("alice"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(one.and(two), Err(SignUpError::UsernameTaken("alice".to_owned())));
}
