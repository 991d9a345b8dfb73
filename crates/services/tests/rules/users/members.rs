//! What members may change about themselves, and what nobody may change about others.

use std::collections::BTreeMap;

use denizen_models::{UpdateUserRequest, UserId};
use denizen_services::{
    DeleteUserError, Failure, UpdateUserError,
    store::{AuditEvent, AuditKind},
};

use crate::support::{World, administrator, member, replacement, stranger};

#[tokio::test]
async fn members_may_change_their_names_and_profile() {
    let world = World::new();
    let alice = world.create("alice").await;
    let request = UpdateUserRequest {
        username: "alicia".to_owned(),
        first_name: "Alicia".to_owned(),
        age: Some(30),
        ..replacement(&alice)
    };
    let values = world.try_update(&member(alice.id), alice.id, request).await.unwrap().values;
    assert_eq!((values.username.as_str(), values.first_name.as_str(), values.age), ("alicia", "Alicia", 30));
    let AuditEvent { kind, actor, target, .. } = world.audit().await.pop().unwrap();
    let myself = format!("user:{}", alice.id);
    assert_eq!((kind, actor, target), (AuditKind::UserUpdated, myself, Some(alice.id)));
}

#[tokio::test]
async fn members_may_send_back_their_roles_status_and_address_as_they_are() {
    let world = World::new();
    let alice = world.create("alice").await;
    let request = UpdateUserRequest {
        roles: Some(alice.values.roles.clone()),
        active: Some(true),
        ..replacement(&alice)
    };
    let answer = world.try_update(&member(alice.id), alice.id, request).await;
    assert_eq!(answer.unwrap().values, alice.values);
}

/// Security checklist: 52.
#[tokio::test]
async fn members_may_not_change_their_roles_status_or_address() {
    let world = World::new();
    let alice = world.create("alice").await;
    let as_it_is = || replacement(&alice);
    let roles = UpdateUserRequest { roles: Some(vec!["user".to_owned(), "admin".to_owned()]), ..as_it_is() };
    let active = UpdateUserRequest { active: Some(false), ..as_it_is() };
    let email = UpdateUserRequest { email: "mallory@example.com".to_owned(), ..as_it_is() };
    let case = UpdateUserRequest { email: "Alice@example.com".to_owned(), ..as_it_is() };
    for (request, name) in [(roles, "roles"), (active, "active"), (email, "email"), (case, "email")] {
        let request = UpdateUserRequest { first_name: "New".to_owned(), ..request };
        let error = world.try_update(&member(alice.id), alice.id, request).await.unwrap_err();
        assert_eq!(
            error,
            UpdateUserError::Failure(Failure::Forbidden(
                format!("only administrators can change {name}").into()
            ))
        );
        assert_eq!(error.to_string(), format!("only administrators can change {name}"));
    }
    assert_eq!(world.find(alice.id).await, Some(alice));
}

#[tokio::test]
async fn administrators_may_change_all_of_it_even_of_themselves() {
    let world = World::new();
    let diana = world.create_administrator("diana").await;
    let request = UpdateUserRequest {
        roles: Some(vec!["admin".to_owned(), "editor".to_owned()]),
        email: "Diana@example.com".to_owned(),
        ..replacement(&diana)
    };
    let values = world.try_update(&administrator(diana.id), diana.id, request).await.unwrap().values;
    assert_eq!(
        (values.roles, values.email.as_str()),
        (vec!["admin".to_owned(), "editor".to_owned()], "Diana@example.com")
    );
}

#[tokio::test]
async fn a_role_that_was_taken_away_meanwhile_cannot_be_kept_by_sending_it_back() {
    let world = World::new();
    let alice = world.create("alice").await;
    let alice = world
        .change(alice.id, |request| request.roles = Some(["user", "editor"].map(str::to_owned).into()))
        .await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.roles = Some(vec!["user".to_owned()])).await;
    });
    let echo = UpdateUserRequest { roles: Some(alice.values.roles.clone()), ..replacement(&alice) };
    let answer = world.try_update(&member(alice.id), alice.id, echo).await;
    assert_eq!(
        answer,
        Err(UpdateUserError::Failure(Failure::Forbidden("only administrators can change roles".into())))
    );
    assert_eq!(world.find(alice.id).await.unwrap().values.roles, ["user"]);
}

#[tokio::test]
async fn for_strangers_and_other_members_nobody_is_there_to_be_changed_or_deleted() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    let (nobody, before) = (UserId::new(99), world.audit().await);
    for context in [stranger(), member(bob.id)] {
        for id in [alice.id, nobody] {
            world.store.reset();
            for request in [replacement(&alice), UpdateUserRequest::default()] {
                let answer = world.try_update(&context, id, request).await;
                assert_eq!(answer, Err(UpdateUserError::NotFound(id)));
            }
            let answer = world.try_delete(&context, id).await;
            assert_eq!(answer, Err(DeleteUserError::NotFound(id)));
            assert_eq!(world.store.all_calls(), BTreeMap::new(), "the store was asked about {id}");
        }
    }
    assert_eq!((world.find(alice.id).await, world.audit().await), (Some(alice), before));
}

/// Security checklist: 77.
#[tokio::test]
async fn an_open_session_alone_deletes_nobodys_own_account() {
    let world = World::new();
    let (alice, _) = (world.create("alice").await, world.create_administrator("olga").await);
    let hint = "to delete your own account, send your password to POST /api/auth/delete-account";
    for context in [member(alice.id), administrator(alice.id)] {
        let answer = world.try_delete(&context, alice.id).await;
        assert_eq!(answer, Err(DeleteUserError::Failure(Failure::Forbidden(hint.into()))));
    }
    assert_eq!(world.find(alice.id).await, Some(alice));
}
