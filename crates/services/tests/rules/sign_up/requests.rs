//! What a stranger may ask for.

use std::collections::BTreeMap;

use denizen_models::{CreateUserRequest, PasswordPolicy, Profile, Secret};
use denizen_services::{
    Disclosure, Failure, HashError, RegistrationMode, ServiceSettings, SignUpError, SignedUp,
    store::StoreFailure,
};

use crate::support::{World, address_of, failing_members, new_user, stranger};

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

/// Security checklist: 52, 65.
#[tokio::test]
async fn everything_but_the_address_is_refused_before_any_work() {
    let world = World::open(Disclosure::Uniform);
    let full = CreateUserRequest {
        id: Some(0),
        age: Some(0),
        active: Some(true),
        email_verified: Some(false),
        roles: Some(vec!["user".to_owned()]),
        profile: Some(Profile::default()),
        created_at: Some(chrono::DateTime::UNIX_EPOCH),
        updated_at: Some(chrono::DateTime::UNIX_EPOCH),
        ..new_user("alice")
    };
    let expected = [
        "id",
        "username",
        "first_name",
        "last_name",
        "age",
        "active",
        "email_verified",
        "roles",
        "profile",
        "password",
        "created_at",
        "updated_at",
    ]
    .map(|member| {
        format!(
            "{member}: {member} must be absent: a sign-up has only the member \"email\", and the rest is chosen with \
             the mailed token"
        )
    });
    assert_eq!(failing(&world, full).await, expected);
    let one = CreateUserRequest { password: Some(Secret::from("")), ..address_of("alice") };
    assert_eq!(failing(&world, one).await, [expected[9].as_str()]);
    for (email, reason) in [("", "email: email cannot be empty"), ("nobody", "email: invalid email format")] {
        let request = CreateUserRequest { email: email.to_owned(), ..CreateUserRequest::default() };
        assert_eq!(failing(&world, request).await, [reason]);
    }
    assert_eq!((world.store.all_calls(), world.hasher.runs()), (BTreeMap::new(), 0));
}

#[tokio::test]
async fn where_answers_may_tell_every_failing_member_is_told_and_a_password_is_needed() {
    let world = World::open(Disclosure::Detailed);
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

/// Security checklist: 52.
#[tokio::test]
async fn what_only_administrators_decide_is_refused_before_any_work() {
    let world = World::open(Disclosure::Detailed);
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

#[tokio::test]
async fn where_answers_may_tell_what_everybody_gets_may_be_named() {
    let world = World::open(Disclosure::Detailed);
    let request = CreateUserRequest {
        roles: Some(vec!["user".to_owned(), "user".to_owned()]),
        active: Some(true),
        email_verified: Some(false),
        id: Some(0),
        ..new_user("alice")
    };
    match world.users.sign_up(&stranger(), request).await.unwrap() {
        SignedUp::User(user) => assert_eq!(user.values.roles, ["user"]),
        SignedUp::Pending => panic!("she has to wait"),
    }
}

/// Security checklist: 30.
#[tokio::test]
async fn a_weak_password_is_refused_and_nothing_is_kept() {
    let world = World::open(Disclosure::Detailed);
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

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_nothing_is_kept() {
    for disclosure in [Disclosure::Detailed, Disclosure::Uniform] {
        let world = World::open(disclosure);
        if disclosure == Disclosure::Detailed {
            world.hasher.fail_next(HashError::Busy);
            assert_eq!(world.sign_up("alice").await, Err(SignUpError::from(HashError::Busy)));
        }
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
    let (registration, disclosure) = (RegistrationMode::Open, Disclosure::Detailed);
    let settings =
        ServiceSettings { registration, disclosure, password_policy, ..ServiceSettings::default() };
    let error = refusal(&World::with(settings), new_user("alice")).await;
    assert_eq!(error.to_string(), "password must be at least 18 characters long");
}
