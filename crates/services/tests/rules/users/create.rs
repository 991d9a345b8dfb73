//! Creating users.

use std::collections::BTreeMap;

use denizen_models::{CreateUserRequest, Profile, Secret, User};
use denizen_services::{
    AccessContext, Actor, Clock as _, CreateUserError, Failure, HashError,
    store::{AuditEvent, AuditKind, StoreFailure},
};

use crate::support::{OLD_PASSWORD, World, administrator, failing_members, member, new_user, stranger};

async fn create(world: &World, request: CreateUserRequest) -> Result<User, CreateUserError> {
    world.users.create_user(&AccessContext::system(), request).await
}

#[tokio::test]
async fn what_is_left_out_has_a_default() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert_eq!((alice.values.age, alice.values.active, alice.values.email_verified), (0, true, false));
    assert_eq!(
        (alice.values.roles.as_slice(), &alice.values.profile),
        (["user".to_owned()].as_slice(), &None)
    );
    assert_eq!((alice.created_at, alice.updated_at), (world.clock.now(), world.clock.now()));
}

#[tokio::test]
async fn what_is_given_is_kept() {
    let world = World::new();
    let profile = Profile { bio: "Writes\nprograms.".to_owned(), experience: 7, ..Profile::default() };
    let request = CreateUserRequest {
        username: "Ada_L".to_owned(),
        email: " Ada@Example.com ".to_owned(),
        age: Some(36),
        active: Some(false),
        email_verified: Some(true),
        roles: Some(vec!["editor".to_owned(), "admin".to_owned()]),
        profile: Some(profile.clone()),
        ..new_user("ada")
    };
    let values = create(&world, request).await.unwrap().values;
    assert_eq!((values.username.as_str(), values.email.as_str()), ("Ada_L", "Ada@Example.com"));
    assert_eq!((values.first_name.as_str(), values.last_name.as_str()), ("Sample", "User"));
    assert_eq!((values.age, values.active, values.email_verified), (36, false, true));
    assert_eq!(
        (values.roles, values.profile),
        (vec!["editor".to_owned(), "admin".to_owned()], Some(profile))
    );
}

#[tokio::test]
async fn the_returned_user_is_the_stored_one() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert_eq!(world.find(alice.id).await, Some(alice));
}

#[tokio::test]
async fn the_password_is_hashed_and_verifies() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert_eq!(world.hasher.hashes(), 1);
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
    assert!(!world.can_log_in_with(alice.id, "Oldsecurepassword").await);
    let hash = world.password_hash(alice.id).await.unwrap();
    assert!(!hash.expose().contains(OLD_PASSWORD), "{}", hash.expose());
}

#[tokio::test]
async fn a_user_without_a_password_has_no_hash() {
    let world = World::new();
    let alice = create(&world, CreateUserRequest { password: None, ..new_user("alice") }).await.unwrap();
    assert_eq!((world.password_hash(alice.id).await, world.hasher.hashes()), (None, 0));
}

#[tokio::test]
async fn members_that_fail_are_named_and_nothing_is_done() {
    let world = World::new();
    let request = CreateUserRequest {
        username: "a".to_owned(),
        email: "nobody".to_owned(),
        password: Some(Secret::from("short")),
        ..new_user("alice")
    };
    let Err(CreateUserError::Failure(Failure::Invalid(errors))) = create(&world, request).await else {
        panic!("an invalid user was created")
    };
    let expected = [
        "username: username must be at least 3 characters long",
        "email: invalid email format",
        "password: password must be at least 8 characters long",
    ];
    assert_eq!(failing_members(&errors), expected);
    assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), 0));
}

/// Security checklist: 28.
#[tokio::test]
async fn the_password_policy_is_that_of_the_settings() {
    let world = World::with_passwords_of(18);
    let error = create(&world, new_user("alice")).await.unwrap_err();
    assert_eq!(error.to_string(), "password must be at least 18 characters long");
}

/// Security checklist: 30.
#[tokio::test]
async fn a_weak_password_is_refused_before_it_is_hashed() {
    let world = World::new();
    for (password, message) in [
        ("P@ssw0rd", "password: password is too common"),
        ("moc.elpmaxe@ecila", "password: password cannot be your own name or address"),
    ] {
        let request = CreateUserRequest { password: Some(Secret::from(password)), ..new_user("alice") };
        let Err(CreateUserError::Failure(Failure::Invalid(errors))) = create(&world, request).await else {
            panic!("{password} was taken")
        };
        assert_eq!(failing_members(&errors), [message]);
    }
    assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), 0));
}

#[tokio::test]
async fn a_password_is_judged_by_the_hasher_when_all_else_is_valid() {
    let world = World::new();
    let request = CreateUserRequest { password: Some(Secret::from("P@ssw0rd")), ..new_user("alice") };
    let invalid = CreateUserRequest { username: "a".to_owned(), ..request.clone() };
    let error = create(&world, invalid).await.unwrap_err();
    assert_eq!(error.to_string(), "username must be at least 3 characters long");
    assert_eq!(world.hasher.runs(), 0);
    world.hasher.fail_next(HashError::Busy);
    assert_eq!(create(&world, request.clone()).await, Err(CreateUserError::from(HashError::Busy)));
    assert_eq!(create(&world, request).await.unwrap_err().to_string(), "password is too common");
    assert_eq!((world.hasher.runs(), world.hasher.hashes()), (2, 0));
}

#[tokio::test]
async fn a_taken_name_is_refused_in_any_case_and_shown_as_typed() {
    let world = World::new();
    world.create("alice").await;
    let request = CreateUserRequest { email: "other@example.com".to_owned(), ..new_user("ALICE") };
    let error = create(&world, request).await.unwrap_err();
    assert_eq!(error, CreateUserError::UsernameTaken("ALICE".to_owned()));
    assert_eq!(error.to_string(), "username 'ALICE' already exists");
}

#[tokio::test]
async fn a_taken_address_is_refused_in_any_case_and_shown_as_typed() {
    let world = World::new();
    world.create("alice").await;
    let request = CreateUserRequest { email: " Alice@EXAMPLE.com ".to_owned(), ..new_user("other") };
    let error = create(&world, request).await.unwrap_err();
    assert_eq!(error, CreateUserError::EmailTaken("Alice@EXAMPLE.com".to_owned()));
    assert_eq!(error.to_string(), "email 'Alice@EXAMPLE.com' already exists");
}

#[tokio::test]
async fn when_name_and_address_are_taken_the_name_is_told() {
    let world = World::new();
    world.create("alice").await;
    let error = create(&world, new_user("Alice")).await.unwrap_err();
    assert_eq!(error, CreateUserError::UsernameTaken("Alice".to_owned()));
}

#[tokio::test]
async fn of_two_who_want_a_name_at_once_one_gets_it() {
    let world = World::new();
    world.hold_commits_until_there_are(2);
    let (one, two) = tokio::join!(create(&world, new_user("alice")), create(&world, new_user("Alice")));
    let (winner, loser) = if one.is_ok() { (one, two) } else { (two, one) };
    assert_eq!(world.find(winner.as_ref().unwrap().id).await, winner.ok());
    assert!(matches!(loser, Err(CreateUserError::UsernameTaken(_))), "{loser:?}");
    assert_eq!(world.recorded(AuditKind::UserCreated).await, 1);
}

#[tokio::test]
async fn strangers_and_members_create_nobody_and_cause_no_work() {
    let world = World::new();
    let bob = world.create("bob").await;
    world.store.reset();
    for context in [stranger(), member(bob.id)] {
        for request in [new_user("alice"), CreateUserRequest::default(), new_user("bob")] {
            let answer = world.users.create_user(&context, request).await;
            assert_eq!(
                answer,
                Err(CreateUserError::Failure(Failure::Forbidden(
                    "only administrators can create users".into()
                ))),
                "{context:?}"
            );
        }
    }
    assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), 1));
}

#[tokio::test]
async fn administrators_operators_and_the_system_create_users() {
    let world = World::new();
    let diana = world.create_administrator("diana").await;
    let cli = AccessContext { actor: Actor::Cli, ..AccessContext::system() };
    for (context, name) in [(administrator(diana.id), "ann"), (cli, "bob"), (AccessContext::system(), "cyd")]
    {
        let created = world.users.create_user(&context, new_user(name)).await.unwrap();
        assert_eq!(created.values.username.as_str(), name);
    }
}

/// Security checklist: 60.
#[tokio::test]
async fn a_creation_is_recorded_with_its_actor_and_request() {
    let world = World::new();
    let diana = world.create_administrator("diana").await;
    let context = administrator(diana.id);
    let alice = world.users.create_user(&context, new_user("alice")).await.unwrap();
    let expected = AuditEvent {
        kind: AuditKind::UserCreated,
        at: world.clock.now(),
        actor: format!("user:{}", diana.id),
        target: Some(alice.id),
        key: None,
        ip: context.ip,
        request_id: context.request_id,
    };
    assert_eq!(world.audit().await.pop(), Some(expected));
}

#[tokio::test]
async fn a_refused_creation_leaves_no_record() {
    let world = World::new();
    world.create("alice").await;
    create(&world, new_user("alice")).await.unwrap_err();
    assert_eq!(world.recorded(AuditKind::UserCreated).await, 1);
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_nobody_is_created() {
    let world = World::new();
    world.hasher.fail_next(HashError::Busy);
    assert_eq!(create(&world, new_user("alice")).await, Err(CreateUserError::from(HashError::Busy)));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(create(&world, new_user("alice")).await, Err(CreateUserError::from(busy)));
    assert!(create(&world, new_user("alice")).await.is_ok());
}
