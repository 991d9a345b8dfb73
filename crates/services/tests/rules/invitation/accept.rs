//! From the invitation to the first password.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_models::{AcceptInvitationRequest, Secret, User};
use denizen_services::{
    AcceptInvitationError, Failure, HashError, RegistrationMode, ServiceSettings,
    store::{AuditKind, StoreFailure},
};

use crate::support::{NEW_PASSWORD, World, failing_members, stranger};

const ALICE: &str = "alice@example.com";
const DEAD: Result<(), AcceptInvitationError> = Err(AcceptInvitationError::InvalidOrExpired);

/// Alice was invited, and has read the mail.
async fn world_with_invitation() -> (World, User, String) {
    let world = World::inviting();
    let alice = world.create_without_password("alice").await;
    world.deliver_mail().await;
    let token = world.token_for(ALICE);
    (world, alice, token)
}

#[tokio::test]
async fn whoever_was_invited_chooses_a_password_and_shows_that_the_address_is_theirs() {
    let (world, alice, token) = world_with_invitation().await;
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, Ok(()));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
    let after = world.find(alice.id).await.unwrap();
    assert!(after.values.email_verified);
    assert_eq!(after.security_version, alice.security_version + 1);
    let story = [AuditKind::UserInvited, AuditKind::InvitationAccepted, AuditKind::LoginSucceeded];
    assert_eq!(world.story_of(alice.id).await, story);
}

#[tokio::test]
async fn every_other_token_and_session_of_the_user_ends() {
    let (world, alice, token) = world_with_invitation().await;
    let verification = world.obtain_verification(ALICE).await;
    let session = world.open_session(alice.id).await;
    world.accept(&token, NEW_PASSWORD).await.unwrap();
    assert!(world.verify(&verification).await.is_err() && !world.session_is_open(&session).await);
}

#[tokio::test]
async fn a_token_works_once_and_until_it_expires() {
    let (world, _, token) = world_with_invitation().await;
    world.clock.advance(Duration::days(3));
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, DEAD);
    world.clock.advance(-Duration::microseconds(1));
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, Ok(()));
    assert_eq!(world.accept(&token, "a third password").await, DEAD);
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
    assert_eq!(AcceptInvitationError::InvalidOrExpired.to_string(), "invalid or expired invitation");
}

#[tokio::test]
async fn of_two_who_accept_at_once_one_succeeds() {
    let (world, _, token) = world_with_invitation().await;
    world.hold_commits_until_there_are(2);
    let (one, two) =
        tokio::join!(world.accept(&token, "the first of both"), world.accept(&token, "the second"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let works = world.log_in("alice", "the first of both").await.is_ok();
    assert_eq!((works, one.clone().and(two)), (one.is_ok(), DEAD));
    assert_eq!(world.recorded(AuditKind::InvitationAccepted).await, 1);
}

#[tokio::test]
async fn a_user_who_is_switched_off_or_readdressed_meanwhile_gets_no_password() {
    for switch_off in [false, true] {
        let (world, alice, token) = world_with_invitation().await;
        let rival = world.rival();
        world.before_next_commit(async move {
            if switch_off {
                rival.switch_off(alice.id).await
            } else {
                rival.change_email(alice.id, "a@b.co").await
            }
        });
        assert_eq!(world.accept(&token, NEW_PASSWORD).await, DEAD);
        assert_eq!(world.accept(&token, NEW_PASSWORD).await, DEAD);
        assert_eq!(world.password_hash(alice.id).await, None);
    }
}

#[tokio::test]
async fn failed_attempts_to_sign_in_before_there_was_a_password_do_not_keep_the_invited_device_out() {
    let registration = RegistrationMode::Invite;
    let world = World::with(ServiceSettings { registration, ..ServiceSettings::default() });
    world.create_without_password("alice").await;
    world.deliver_mail().await;
    for _ in 0..10 {
        world.log_in("alice", NEW_PASSWORD).await.unwrap_err();
    }
    let (token, password) = (Secret::from(world.token_for(ALICE).as_str()), Secret::from(NEW_PASSWORD));
    let acceptance = AcceptInvitationRequest { token, password };
    let device = world.users.accept_invitation(&stranger(), acceptance).await.unwrap();
    assert!(world.log_in_on(&device, "alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 28.
#[tokio::test]
async fn the_password_keeps_the_policy_and_a_refused_one_costs_no_token() {
    let (world, _, token) = world_with_invitation().await;
    for (token, password, expected) in [
        (" ", "", "token: token cannot be empty, password: password cannot be empty"),
        (token.as_str(), "seven77", "password: password must be at least 8 characters long"),
        (token.as_str(), "P@ssw0rd", "password: password is too common"),
        (token.as_str(), ALICE, "password: password cannot be your own name or address"),
    ] {
        match world.accept(token, password).await {
            Err(AcceptInvitationError::Failure(Failure::Invalid(errors))) => {
                assert_eq!(failing_members(&errors).join(", "), expected);
            }
            other => panic!("{password:?}: {other:?}"),
        }
    }
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 23.
#[tokio::test]
async fn a_guessed_token_costs_one_read_and_no_hash() {
    let (world, ..) = world_with_invitation().await;
    assert_eq!(world.accept("the first has the key of the limits made", NEW_PASSWORD).await, DEAD);
    world.store.reset();
    assert_eq!(world.accept(&"0".repeat(64), NEW_PASSWORD).await, DEAD);
    assert_eq!(world.store.all_calls(), BTreeMap::from([("commit", 1), ("find_token", 1)]));
    assert_eq!((world.hasher.hashes(), world.hasher.runs()), (0, 0));
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_the_token_still_works() {
    let (world, _, token) = world_with_invitation().await;
    world.hasher.fail_next(HashError::Busy);
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, Err(HashError::Busy.into()));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, Err(busy.into()));
    assert_eq!(world.accept(&token, NEW_PASSWORD).await, Ok(()));
}
