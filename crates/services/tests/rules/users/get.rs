//! Finding one user.

use std::collections::BTreeMap;

use denizen_models::{CreateUserRequest, UserId};
use denizen_services::{AccessContext, GetUserError};

use crate::support::{World, administrator, member, new_user, stranger};

const NOBODY: UserId = UserId::new(99);

#[tokio::test]
async fn a_user_is_found_by_id() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    assert_eq!(world.users.get_user(&AccessContext::system(), alice.id).await, Ok(alice));
    assert_eq!(world.users.get_user(&AccessContext::system(), bob.id).await, Ok(bob));
}

#[tokio::test]
async fn a_user_is_found_by_name_in_any_case() {
    let world = World::new();
    let request = CreateUserRequest { username: "Alice_Dev".to_owned(), ..new_user("alice") };
    let alice = world.users.create_user(&AccessContext::system(), request).await.unwrap();
    for name in ["Alice_Dev", "alice_dev", "ALICE_DEV"] {
        let found = world.users.get_user_by_username(&AccessContext::system(), name).await;
        assert_eq!(found.as_ref(), Ok(&alice), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_id_is_named_in_the_error() {
    let error = World::new().users.get_user(&AccessContext::system(), NOBODY).await.unwrap_err();
    assert_eq!(error, GetUserError::IdNotFound(NOBODY));
    assert_eq!(error.to_string(), "user with ID 99 not found");
}

#[tokio::test]
async fn an_unknown_or_impossible_name_is_shown_as_typed() {
    let world = World::new();
    for name in ["Nobody", "x", "", "not a name", "alice@example.com"] {
        let error = world.users.get_user_by_username(&AccessContext::system(), name).await.unwrap_err();
        assert_eq!(error, GetUserError::UsernameNotFound(name.to_owned()));
        assert_eq!(error.to_string(), format!("user with username '{name}' not found"));
    }
}

#[tokio::test]
async fn members_see_themselves_and_administrators_everybody() {
    let world = World::new();
    let (alice, diana) = (world.create("alice").await, world.create("diana").await);
    for context in [member(alice.id), administrator(diana.id)] {
        assert_eq!(world.users.get_user(&context, alice.id).await.as_ref(), Ok(&alice));
        assert_eq!(world.users.get_user_by_username(&context, "alice").await.as_ref(), Ok(&alice));
    }
}

#[tokio::test]
async fn what_is_not_theirs_does_not_exist_for_members_and_strangers() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    for context in [stranger(), member(bob.id)] {
        assert_eq!(world.users.get_user(&context, alice.id).await, Err(GetUserError::IdNotFound(alice.id)));
        assert_eq!(world.users.get_user(&context, NOBODY).await, Err(GetUserError::IdNotFound(NOBODY)));
        for name in ["Alice", "nobody"] {
            let answer = world.users.get_user_by_username(&context, name).await;
            assert_eq!(answer, Err(GetUserError::UsernameNotFound(name.to_owned())));
        }
    }
}

#[tokio::test]
async fn the_time_of_an_answer_does_not_tell_which_ids_exist() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.store.reset();
    for id in [alice.id, NOBODY] {
        world.users.get_user(&stranger(), id).await.unwrap_err();
        assert_eq!(world.store.all_calls(), BTreeMap::new());
    }
    for name in ["alice", "nobody"] {
        world.store.reset();
        world.users.get_user_by_username(&stranger(), name).await.unwrap_err();
        assert_eq!(world.store.all_calls(), BTreeMap::from([("find_user_by_username", 1)]), "{name}");
    }
}
