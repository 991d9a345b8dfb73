//! What a stranger may ask for.

use std::collections::BTreeMap;

use denizen_models::{CreateUserRequest, PasswordPolicy, Secret};
use denizen_services::{
    Disclosure, Failure, HashError, RegistrationMode, ServiceSettings, SignUpError, SignedUp,
    store::StoreFailure,
};

use crate::support::{World, failing_members, new_user, stranger};

const BOTH: [Disclosure; 2] = [Disclosure::Detailed, Disclosure::Uniform];

async fn refusal(world: &World, request: CreateUserRequest) -> SignUpError {
    world.users.sign_up(&stranger(), request).await.unwrap_err()
}

async fn failing(world: &World, request: CreateUserRequest) -> Vec<String> {
    match refusal(world, request).await {
        SignUpError::Failure(Failure::Invalid(errors)) => failing_members(&errors),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn where_registration_is_not_open_nobody_signs_up() {
    for world in [World::new(), World::inviting()] {
        assert_eq!(
            world.sign_up("alice").await,
            Err(SignUpError::Failure(Failure::Forbidden("registration is not open".into())))
        );
        assert_eq!(
            world.users.sign_up(&stranger(), CreateUserRequest::default()).await,
            Err(SignUpError::Failure(Failure::Forbidden("registration is not open".into())))
        );
        assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), 0));
    }
}

#[tokio::test]
async fn every_failing_member_is_told_and_a_password_is_needed() {
    for world in BOTH.map(World::open) {
        let request = CreateUserRequest {
            username: "a".to_owned(),
            email: "nobody".to_owned(),
            password: None,
            ..new_user("alice")
        };
        let expected = [
            "username: username must be at least 3 characters long",
            "email: invalid email format",
            "password: password cannot be empty",
        ];
        assert_eq!(failing(&world, request).await, expected);
        let request = CreateUserRequest { password: Some(Secret::from("short")), ..new_user("alice") };
        let expected = ["password: password must be at least 8 characters long"];
        assert_eq!(failing(&world, request).await, expected);
        assert_eq!((world.store.all_calls(), world.hasher.runs()), (BTreeMap::new(), 0));
    }
}

/// Security checklist: 52.
#[tokio::test]
async fn what_only_administrators_decide_is_refused_before_any_work() {
    for world in BOTH.map(World::open) {
        let roles = Some(vec!["user".to_owned(), "admin".to_owned()]);
        for (request, member) in [
            (CreateUserRequest { roles, ..new_user("alice") }, "roles"),
            (CreateUserRequest { roles: Some(vec!["admin".to_owned()]), ..new_user("alice") }, "roles"),
            (CreateUserRequest { active: Some(false), ..new_user("alice") }, "active"),
            (CreateUserRequest { email_verified: Some(true), ..new_user("alice") }, "email_verified"),
        ] {
            let error = refusal(&world, request).await;
            assert_eq!(
                error,
                SignUpError::Failure(Failure::Forbidden(
                    format!("only administrators can choose {member}").into()
                ))
            );
            assert_eq!(error.to_string(), format!("only administrators can choose {member}"));
        }
        assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), 0));
    }
}

#[tokio::test]
async fn what_everybody_gets_may_be_named() {
    for world in BOTH.map(World::open) {
        let request = CreateUserRequest {
            roles: Some(vec!["user".to_owned(), "user".to_owned()]),
            active: Some(true),
            email_verified: Some(false),
            id: Some(0),
            ..new_user("alice")
        };
        match world.users.sign_up(&stranger(), request).await.unwrap() {
            SignedUp::User(user) => assert_eq!(user.values.roles, ["user"]),
            SignedUp::Pending => assert_eq!(world.jobs().await.len(), 1),
        }
    }
}

/// Security checklist: 30.
#[tokio::test]
async fn a_weak_password_is_refused_and_nothing_is_kept() {
    for world in BOTH.map(World::open) {
        for (password, message) in [
            ("P@ssw0rd", "password: password is too common"),
            ("alice@example.com", "password: password cannot be your own name or address"),
        ] {
            let request = CreateUserRequest { password: Some(Secret::from(password)), ..new_user("alice") };
            assert_eq!(failing(&world, request).await, [message]);
        }
        assert!(world.jobs().await.is_empty() && world.find_at("alice@example.com").await.is_none());
        assert_eq!(world.hasher.hashes(), 0);
    }
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_nothing_is_kept() {
    for world in BOTH.map(World::open) {
        world.hasher.fail_next(HashError::Busy);
        assert_eq!(world.sign_up("alice").await, Err(SignUpError::from(HashError::Busy)));
        let busy = StoreFailure::Busy("a full queue".into());
        world.fail_next_commit(busy.clone());
        assert_eq!(world.sign_up("alice").await, Err(SignUpError::from(busy)));
        assert!(world.jobs().await.is_empty() && world.find_at("alice@example.com").await.is_none());
        assert!(world.sign_up("alice").await.is_ok());
    }
}

/// Security checklist: 28.
#[tokio::test]
async fn the_password_policy_is_that_of_the_settings() {
    let password_policy = PasswordPolicy { min_chars: 18, ..PasswordPolicy::default() };
    let registration = RegistrationMode::Open;
    let settings = ServiceSettings { registration, password_policy, ..ServiceSettings::default() };
    let error = refusal(&World::with(settings), new_user("alice")).await;
    assert_eq!(error.to_string(), "password must be at least 18 characters long");
}
