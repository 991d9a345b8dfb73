//! Service keys, and what programs ask with them.

use chrono::Duration;
use denizen_models::{CreateKeyRequest, KeyScope, Secret};
use denizen_services::{
    AccessContext, Actor, Clock as _, CreateKeyError, CreatedKey, Failure, ForwardAuth as _, GetUserError,
    Introspections as _, Keys as _, RevokeKeyError,
    store::{AuditKind, KeyId},
};

use crate::support::{Entered, OLD_PASSWORD, World, member, stranger};

const MOMENT: Duration = Duration::microseconds(1);

fn request(password: &str) -> CreateKeyRequest {
    let scopes = vec!["sessions:introspect".to_owned()];
    CreateKeyRequest {
        name: "billing".to_owned(),
        scopes,
        password: Secret::from(password),
        ..CreateKeyRequest::default()
    }
}

/// A world with an administrator called diana, who has signed in.
async fn world_with_diana() -> (World, Entered) {
    let world = World::new();
    world.create_administrator("diana").await;
    let diana = world.enter("diana").await;
    (world, diana)
}

async fn create(world: &World, context: &AccessContext) -> CreatedKey {
    world.accounts.create_key(context, request(OLD_PASSWORD)).await.unwrap()
}

async fn is_live(world: &World, key: &CreatedKey) -> bool {
    world.accounts.authenticate_key(&key.key).await.unwrap().is_some()
}

fn program(scopes: &[KeyScope]) -> AccessContext {
    AccessContext { actor: Actor::Service { key: KeyId(1), scopes: scopes.to_vec() }, ..stranger() }
}

/// Security checklist: 79.
#[tokio::test]
async fn an_administrator_creates_a_key_with_the_password_and_it_works_until_it_is_revoked() {
    let (world, diana) = world_with_diana().await;
    let created = create(&world, &diana.context).await;
    assert!(created.key.expose().starts_with(&format!("dk_{}_", created.shown.id)));
    let known = world.accounts.authenticate_key(&created.key).await.unwrap().unwrap();
    assert_eq!((known.id.0, known.created.scopes), (created.shown.id, vec![KeyScope::SessionsIntrospect]));
    let listed = world.accounts.list_keys(&diana.context).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&created.shown));
    let id = KeyId(created.shown.id);
    world.accounts.revoke_key(&diana.context, id).await.unwrap();
    assert!(!is_live(&world, &created).await);
    let again = world.accounts.revoke_key(&diana.context, id).await;
    assert_eq!(again, Err(RevokeKeyError::NotFound));
    let trail = world.audit().await;
    let of_keys: Vec<_> =
        trail.iter().filter(|event| event.key == Some(id)).map(|event| event.kind).collect();
    assert_eq!(of_keys, [AuditKind::KeyCreated, AuditKind::KeyRevoked]);
}

/// Security checklist: 79.
#[tokio::test]
async fn without_the_password_or_the_role_no_key_is_created() {
    let (world, diana) = world_with_diana().await;
    let wrong = world.accounts.create_key(&diana.context, request("wrong")).await;
    assert_eq!(wrong.unwrap_err(), CreateKeyError::WrongPassword);
    let alice = world.create("alice").await;
    for context in [member(alice.id), stranger(), program(&KeyScope::ALL)] {
        let refused = world.accounts.create_key(&context, request(OLD_PASSWORD)).await.unwrap_err();
        assert!(
            matches!(refused, CreateKeyError::Failure(Failure::Forbidden(_))),
            "{context:?}: {refused:?}"
        );
        let refused = world.accounts.list_keys(&context).await.unwrap_err();
        assert!(matches!(refused, Failure::Forbidden(_)), "{context:?}: {refused:?}");
        let refused = world.accounts.revoke_key(&context, KeyId(1)).await.unwrap_err();
        assert!(
            matches!(refused, RevokeKeyError::Failure(Failure::Forbidden(_) | Failure::Unauthenticated)),
            "{context:?}: {refused:?}"
        );
    }
    assert_eq!(world.accounts.list_keys(&AccessContext::system()).await.unwrap(), []);
    assert!(world.accounts.create_key(&AccessContext::system(), request("")).await.is_ok(), "an operator");
}

/// Security checklist: 79.
#[tokio::test]
async fn a_key_expires_to_the_moment_and_only_the_whole_key_is_one() {
    let (world, diana) = world_with_diana().await;
    let start = world.clock.now();
    let request = CreateKeyRequest { expires_at: Some(start + Duration::days(1)), ..request(OLD_PASSWORD) };
    let created = world.accounts.create_key(&diana.context, request).await.unwrap();
    let (id, secret) = created.key.expose().strip_prefix("dk_").unwrap().split_once('_').unwrap();
    for other in [
        secret.to_owned(),
        format!("dk_{secret}"),
        format!("dk_0{id}_{secret}"),
        format!("dk_{id}1_{secret}"),
        format!("dk_{id}_{}", secret.to_uppercase()),
        format!("DK_{id}_{secret}"),
        format!("dk_{id}_"),
        String::new(),
    ] {
        let known = world.accounts.authenticate_key(&Secret::from(other.as_str())).await.unwrap();
        assert_eq!(known, None, "{other}");
    }
    world.clock.advance(Duration::days(1) - MOMENT);
    assert!(is_live(&world, &created).await);
    world.clock.advance(MOMENT);
    assert!(!is_live(&world, &created).await);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_noted_to_the_minute() {
    let (world, diana) = world_with_diana().await;
    let created = create(&world, &diana.context).await;
    world.clock.advance(Duration::minutes(5));
    assert!(is_live(&world, &created).await);
    let used = world.clock.now();
    world.accounts.flush_last_seen().await.unwrap();
    world.clock.advance(Duration::seconds(30));
    assert!(is_live(&world, &created).await);
    world.accounts.flush_last_seen().await.unwrap();
    let listed = world.accounts.list_keys(&diana.context).await.unwrap();
    assert_eq!(listed[0].last_used_at, Some(used));
}

/// Security checklist: 46.
#[tokio::test]
async fn an_introspection_is_a_use_of_the_session() {
    let (world, diana) = world_with_diana().await;
    let context = program(&[KeyScope::SessionsIntrospect]);
    let token = Secret::from(diana.signed_in.token.expose());
    for _ in 0..3 {
        world.clock.advance(Duration::days(6));
        let known = world.accounts.introspect(&context, &token).await.unwrap().unwrap();
        assert_eq!(known.user.id, diana.user.id);
        world.accounts.flush_last_seen().await.unwrap();
    }
    for context in
        [program(&[KeyScope::UsersRead]), diana.context.clone(), stranger(), AccessContext::system()]
    {
        let refused = world.accounts.introspect(&context, &token).await.unwrap_err();
        assert!(matches!(refused, Failure::Forbidden(_)), "{context:?}");
    }
    world.clock.advance(Duration::days(7));
    assert_eq!(world.accounts.introspect(&context, &token).await.unwrap(), None);
}

/// Security checklist: 80.
#[tokio::test]
async fn a_forward_token_is_that_of_its_session_and_ends_with_it() {
    let (world, diana) = world_with_diana().await;
    let other = world.enter("diana").await;
    let token = diana.signed_in.forward_token();
    let known = world.accounts.authenticate_forward(&token).await.unwrap().unwrap();
    assert_eq!(known.session.id, diana.session.id);
    assert_eq!(world.present(&token).await, None, "it is not a session token");
    let (_, mac) = token.expose().split_once('.').unwrap();
    let swapped = Secret::from(format!("{}.{mac}", other.session.id.0));
    assert_eq!(world.accounts.authenticate_forward(&swapped).await.unwrap(), None);
    assert!(!token.expose().contains(diana.signed_in.token.expose()));
    world.auth.logout(&diana.context).await.unwrap();
    assert_eq!(world.accounts.authenticate_forward(&token).await.unwrap(), None);
}

#[tokio::test]
async fn a_key_with_the_scope_sees_of_users_what_administrators_see() {
    let world = World::new();
    let alice = world.create("alice").await;
    let reader = program(&[KeyScope::UsersRead]);
    assert_eq!(world.users.get_user(&reader, alice.id).await.unwrap(), alice);
    assert!(reader.view(alice.clone()).email.is_some());
    assert_eq!(
        world.users.search_users(&reader, "alice@").await.unwrap().users,
        std::slice::from_ref(&alice)
    );
    let writer = program(&[KeyScope::UsersWrite, KeyScope::SessionsIntrospect, KeyScope::AppMetadataWrite]);
    let refused = world.users.get_user(&writer, alice.id).await.unwrap_err();
    assert_eq!(refused, GetUserError::IdNotFound(alice.id));
    assert!(writer.view(alice).email.is_none());
    let refused = world.users.search_users(&writer, "alice").await.unwrap_err();
    assert!(matches!(refused, Failure::Forbidden(_)), "{refused:?}");
}
