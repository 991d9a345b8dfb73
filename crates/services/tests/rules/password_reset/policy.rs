//! What a new password must be, and what it costs to find out.

use std::collections::BTreeMap;

use denizen_services::{Failure, HashError, ResetPasswordError};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, failing_members};

async fn refusal(world: &World, token: &str, new_password: &str) -> Vec<String> {
    match world.reset(token, new_password).await {
        Err(ResetPasswordError::Failure(Failure::Invalid(errors))) => failing_members(&errors),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_password_that_breaks_the_policy_costs_neither_the_token_nor_a_hash() {
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    world.store.reset();
    for (password, message) in [
        ("", "new_password: new password cannot be empty"),
        ("         ", "new_password: new password cannot be empty"),
        ("seven77", "new_password: new password must be at least 8 characters long"),
        ("пароль7", "new_password: new password must be at least 8 characters long"),
        (&"p".repeat(257), "new_password: new password cannot exceed 256 characters"),
        (&"p".repeat(1_000_000), "new_password: new password cannot exceed 256 characters"),
    ] {
        assert_eq!(refusal(&world, &token, password).await, [message]);
    }
    assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), 1));
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 30.
#[tokio::test]
async fn common_passwords_and_the_users_own_data_are_refused_and_cost_no_token() {
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    let work = || (world.hasher.hashes(), world.hasher.runs());
    assert_eq!(refusal(&world, &token, "P@ssw0rd").await, ["new_password: new password is too common"]);
    for own in ["Alice@Example.com", "moc.elpmaxe@ecila"] {
        let expected = ["new_password: new password cannot be your own name or address"];
        assert_eq!(refusal(&world, &token, own).await, expected, "{own}");
    }
    let before = work();
    // Whose address it is stays unknown to those who have no token. To judge a password takes milliseconds of a core,
    // which they do not get either.
    for password in ["alice@example.com", "P@ssw0rd"] {
        assert_eq!(
            world.reset("guessed", password).await,
            Err(ResetPasswordError::InvalidOrExpired),
            "{password}"
        );
    }
    assert_eq!((work(), before), ((1, 4), before));
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
}

#[tokio::test]
async fn a_missing_token_and_a_poor_password_are_told_at_once() {
    let world = World::new();
    let expected =
        ["token: token cannot be empty", "new_password: new password must be at least 8 characters long"];
    assert_eq!(refusal(&world, " ", "short").await, expected);
}

/// Security checklist: 28.
#[tokio::test]
async fn the_policy_is_that_of_the_settings() {
    let world = World::with_passwords_of(15);
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    let expected = ["new_password: new password must be at least 15 characters long"];
    assert_eq!(refusal(&world, &token, "fourteen chars").await, expected);
    world.reset(&token, "fifteen letters").await.unwrap();
    assert!(world.can_log_in_with(alice.id, "fifteen letters").await);
}

/// Security checklist: 29.
#[tokio::test]
async fn any_characters_are_kept_as_they_are() {
    let world = World::new();
    let alice = world.create("alice").await;
    let long = |end: &str| format!("{}{end}", "p".repeat(200));
    for (password, other) in [
        ("  blanks around  ", "blanks around"),
        ("🦀🐢🦀🐙🐋🐢🐡🦐", "🦀🐢🦀🐙🐋🐢🐡"),
        (long("a").as_str(), long("b").as_str()),
    ] {
        let token = world.obtain_token("alice@example.com").await;
        world.reset(&token, password).await.unwrap();
        assert!(world.can_log_in_with(alice.id, password).await, "{password:?}");
        assert!(!world.can_log_in_with(alice.id, other).await, "{other:?}");
    }
}

/// Security checklist: 23.
#[tokio::test]
async fn a_guessed_token_costs_one_read_and_no_hash() {
    let world = World::new();
    world.create("alice").await;
    world.validate("the first limit that is counted has its key made").await;
    world.store.reset();
    for guess in 0..100 {
        assert!(world.reset(&format!("{guess:064x}"), NEW_PASSWORD).await.is_err());
    }
    // And one write, which counts it.
    let calls = BTreeMap::from([("commit", 100), ("find_token", 100)]);
    assert_eq!((world.store.all_calls(), world.hasher.hashes()), (calls, 1));
}

#[tokio::test]
async fn when_the_hasher_is_busy_the_token_waits() {
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    world.hasher.fail_next(HashError::Busy);
    let answer = world.reset(&token, NEW_PASSWORD).await;
    assert_eq!(answer, Err(ResetPasswordError::from(HashError::Busy)));
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}
