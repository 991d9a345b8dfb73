//! What a change of a user does to the tokens and notices that were mailed before it.

use denizen_models::{Patch, PatchUserRequest, Profile, UpdateUserRequest, User};
use denizen_services::{AccessContext, IfMatch, ResetPasswordError, store::MailKind};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, member, replacement};

/// Alice, with a token in her mailbox.
async fn alice_with_token() -> (World, User, String) {
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    (world, alice, token)
}

async fn is_dead(world: &World, token: &str) -> bool {
    let said_to_be_valid = world.validate(token).await.valid;
    let works = world.reset(token, NEW_PASSWORD).await.is_ok();
    assert_eq!(said_to_be_valid, works);
    !works
}

/// Security checklist: 19.
#[tokio::test]
async fn a_new_address_kills_the_token_that_went_to_the_old_one() {
    let (world, alice, token) = alice_with_token().await;
    world.change_email(alice.id, "alice@elsewhere.example").await;
    assert!(is_dead(&world, &token).await);
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
}

/// Security checklist: 19.
#[tokio::test]
async fn a_token_stays_dead_when_the_old_address_comes_back() {
    let (world, alice, token) = alice_with_token().await;
    world.change_email(alice.id, "alice@elsewhere.example").await;
    world.change_email(alice.id, "alice@example.com").await;
    assert!(is_dead(&world, &token).await);
}

#[tokio::test]
async fn another_case_of_the_address_is_not_another_address() {
    let (world, alice, token) = alice_with_token().await;
    world.change_email(alice.id, "Alice@Example.com").await;
    assert!(!is_dead(&world, &token).await);
}

/// Security checklist: 19.
#[tokio::test]
async fn switching_off_kills_the_token_even_if_the_user_comes_back() {
    let (world, alice, token) = alice_with_token().await;
    world.switch_off(alice.id).await;
    assert!(is_dead(&world, &token).await);
    world.switch_on(alice.id).await;
    assert!(is_dead(&world, &token).await);
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
}

#[tokio::test]
async fn a_changed_profile_name_or_role_does_not_kill_the_token() {
    let changes: [fn(&mut UpdateUserRequest); 5] = [
        |request| request.profile = Some(Profile { bio: "New.".to_owned(), ..Profile::default() }),
        |request| request.first_name = "Alicia".to_owned(),
        |request| request.username = "alicia".to_owned(),
        |request| request.age = Some(30),
        |request| request.roles = Some(vec!["editor".to_owned()]),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (world, alice, token) = alice_with_token().await;
        world.change(alice.id, change).await;
        assert!(!is_dead(&world, &token).await, "change {number} killed the token");
        assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
    }
}

#[tokio::test]
async fn a_member_who_edits_their_profile_can_still_reset() {
    let (world, alice, token) = alice_with_token().await;
    let request = UpdateUserRequest { last_name: "Married".to_owned(), ..replacement(&alice) };
    world.try_update(&member(alice.id), alice.id, request).await.unwrap();
    assert!(!is_dead(&world, &token).await);
}

#[tokio::test]
async fn nobody_takes_an_account_over_by_giving_it_their_address_and_asking_for_a_reset() {
    let world = World::new();
    let (alice, mallory) = (world.create("alice").await, world.create("mallory").await);
    for victim in [alice.id, mallory.id] {
        let request = UpdateUserRequest { email: "evil@example.com".to_owned(), ..replacement(&alice) };
        assert!(world.try_update(&member(mallory.id), victim, request).await.is_err());
    }
    world.request_reset("evil@example.com").await;
    world.deliver_mail().await;
    assert!(world.mailer.sent().is_empty());
}

#[tokio::test]
async fn after_a_change_of_address_only_the_new_one_gets_a_token() {
    let (world, alice, old_token) = alice_with_token().await;
    // One that waits while the address changes, and one that is asked for afterwards.
    world.request_reset("alice@example.com").await;
    world.change_email(alice.id, "alice@elsewhere.example").await;
    world.deliver_mail().await;
    world.request_reset("alice@example.com").await;
    world.deliver_mail().await;
    assert_eq!(world.token_for("alice@example.com"), old_token);
    let new_token = world.obtain_token("alice@elsewhere.example").await;
    assert!(is_dead(&world, &old_token).await);
    assert!(!is_dead(&world, &new_token).await);
}

#[tokio::test]
async fn a_new_address_is_not_verified_until_a_token_comes_back_from_it() {
    let (world, alice, token) = alice_with_token().await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    assert!(world.find(alice.id).await.unwrap().values.email_verified);
    world.change_email(alice.id, "alice@elsewhere.example").await;
    assert!(!world.find(alice.id).await.unwrap().values.email_verified);
}

#[tokio::test]
async fn a_notice_that_waits_goes_to_the_address_that_the_user_has_then() {
    let (world, alice, token) = alice_with_token().await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    assert_eq!(world.waiting(MailKind::PasswordChanged).await, 1);
    world.change_email(alice.id, "alice@elsewhere.example").await;
    world.deliver_mail().await;
    assert_eq!(world.mailer.sent_to("alice@elsewhere.example").len(), 1);
}

#[tokio::test]
async fn tokens_go_with_the_user_and_those_of_others_stay() {
    let world = World::tutorial();
    let alice = world.create("alice").await;
    world.create("bob").await;
    let tokens = [world.obtain_token("alice@example.com").await, world.obtain_token("bob@example.com").await];
    world.delete(alice.id).await;
    assert_eq!(world.reset(&tokens[0], NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken));
    assert_eq!(world.reset(&tokens[1], NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_reset_that_waits_for_a_deleted_user_is_mailed_to_nobody() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.request_reset("alice@example.com").await;
    world.delete(alice.id).await;
    assert_eq!(world.deliver_mail().await, 1);
    assert!(world.mailer.sent().is_empty() && world.jobs().await.is_empty());
}

#[tokio::test]
async fn switching_off_by_a_patch_kills_the_token() {
    let (world, alice, token) = alice_with_token().await;
    let request = PatchUserRequest { active: Patch::Set(false), ..PatchUserRequest::default() };
    let (system, expected) = (AccessContext::system(), IfMatch::anything());
    world.users.patch_user(&system, alice.id, request, expected).await.unwrap();
    assert!(is_dead(&world, &token).await);
}

#[tokio::test]
async fn a_changed_password_kills_the_token() {
    let (world, _, token) = alice_with_token().await;
    let alice = world.enter("alice").await;
    world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    assert!(is_dead(&world, &token).await);
}

#[tokio::test]
async fn an_accepted_invitation_kills_the_token() {
    let (world, alice, token) = alice_with_token().await;
    world.replace_password(alice.id, NEW_PASSWORD).await;
    assert!(is_dead(&world, &token).await);
}

#[tokio::test]
async fn a_confirmed_change_of_address_kills_the_token_that_went_to_the_old_one() {
    let (world, _, token) = alice_with_token().await;
    let alice = world.enter("alice").await;
    world.want_email(&alice.context, "alice@elsewhere.example", OLD_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    world.confirm_email(&world.token_for("alice@elsewhere.example")).await.unwrap();
    assert!(is_dead(&world, &token).await);
}
