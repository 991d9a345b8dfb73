//! Users whose password is documented.

use denizen_models::{CreateUserRequest, Secret, UpdateUserRequest, User};
use denizen_services::{AccessContext, CreateUserError, Failure, SAMPLE_PASSWORD};

use crate::support::{NEW_PASSWORD, World, failing_members, new_user, replacement};

async fn world_with_a_sample() -> (World, User) {
    let world = World::new();
    let request = CreateUserRequest { password: Some(Secret::from(SAMPLE_PASSWORD)), ..new_user("diana") };
    let diana = world.accounts.create_sample_user(request).await.unwrap();
    (world, diana)
}

async fn found(world: &World) -> Option<User> {
    world.accounts.find_sample_password().await.unwrap()
}

/// Security checklist: 78.
#[tokio::test]
async fn a_sample_user_is_found_by_whatever_name_until_the_password_is_another() {
    let (world, diana) = world_with_a_sample().await;
    world.create("alice").await;
    assert_eq!(found(&world).await, Some(diana.clone()));
    assert!(world.log_in("diana", SAMPLE_PASSWORD).await.is_ok());
    let request = UpdateUserRequest {
        username: "somebody".to_owned(),
        email: "somebody@example.org".to_owned(),
        ..replacement(&diana)
    };
    let renamed = world.try_update(&AccessContext::system(), diana.id, request).await.unwrap();
    assert_eq!(found(&world).await, Some(renamed));
    world.switch_off(diana.id).await;
    assert!(found(&world).await.is_some(), "it could be switched on again");
    world.switch_on(diana.id).await;
    world.replace_password(diana.id, NEW_PASSWORD).await;
    assert_eq!(found(&world).await, None);
}

/// Security checklist: 78.
#[tokio::test]
async fn nobody_else_can_have_the_documented_password() {
    let world = World::new();
    for password in [SAMPLE_PASSWORD, "TUTORIAL-password", "tut0rial-passw0rd"] {
        let request = CreateUserRequest { password: Some(Secret::from(password)), ..new_user("alice") };
        match world.users.create_user(&AccessContext::system(), request).await {
            Err(CreateUserError::Failure(Failure::Invalid(errors))) => {
                assert_eq!(failing_members(&errors), ["password: password is too common"], "{password}");
            }
            other => panic!("{password}: {other:?}"),
        }
    }
    assert_eq!(found(&world).await, None);
}
