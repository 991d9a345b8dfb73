//! Invitations that an operator passes on.

use chrono::Duration;
use denizen_models::{CreateUserRequest, UserId};
use denizen_services::{
    AcceptInvitationError, AccessContext, Actor, Failure, InviteByHandError, SetUpError,
    store::{AuditKind, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, administrator, new_user, stranger};

fn operator() -> AccessContext {
    AccessContext { actor: Actor::Cli, ..AccessContext::system() }
}

#[tokio::test]
async fn an_operator_is_shown_an_invitation_for_the_first_administrator() {
    let world = World::new();
    let alice = world.create_without_password("alice").await;
    let token = world.accounts.invite_by_hand(&operator(), alice.id).await.unwrap();
    let event = world.audit().await.pop().unwrap();
    assert_eq!((event.kind, event.actor.as_str()), (AuditKind::UserInvited, "cli"));
    assert_eq!((event.target, world.jobs().await.len()), (Some(alice.id), 0));
    world.clock.advance(Duration::days(3) - Duration::microseconds(1));
    assert_eq!(world.accept(token.expose(), NEW_PASSWORD).await, Ok(()));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn it_also_lets_in_a_user_who_has_forgotten_the_password_and_replaces_earlier_ones() {
    let world = World::new();
    let alice = world.create("alice").await;
    let first = world.accounts.invite_by_hand(&operator(), alice.id).await.unwrap();
    let second = world.accounts.invite_by_hand(&operator(), alice.id).await.unwrap();
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok(), "nothing changes until it is accepted");
    assert_eq!(
        world.accept(first.expose(), NEW_PASSWORD).await,
        Err(AcceptInvitationError::InvalidOrExpired)
    );
    assert_eq!(world.accept(second.expose(), NEW_PASSWORD).await, Ok(()));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn nobody_else_is_shown_one_not_even_administrators() {
    let world = World::new();
    let diana = world.create_administrator("diana").await;
    for context in [stranger(), administrator(diana.id)] {
        for id in [diana.id, UserId::new(99)] {
            let answer = world.accounts.invite_by_hand(&context, id).await;
            assert_eq!(
                answer.unwrap_err(),
                InviteByHandError::Failure(Failure::Forbidden("only operators can invite by hand".into()))
            );
        }
    }
    assert_eq!((world.tokens.minted().len(), world.recorded(AuditKind::UserInvited).await), (0, 0));
}

#[tokio::test]
async fn who_is_unknown_or_switched_off_is_not_invited() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.switch_off(alice.id).await;
    let invite = async |id| world.accounts.invite_by_hand(&operator(), id).await.map(|_| ());
    assert_eq!(invite(alice.id).await, Err(InviteByHandError::Inactive));
    assert_eq!(invite(UserId::new(99)).await, Err(InviteByHandError::NotFound(UserId::new(99))));
    world.switch_on(alice.id).await;
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(invite(alice.id).await, Err(InviteByHandError::from(busy)));
    assert_eq!(world.recorded(AuditKind::UserInvited).await, 0);
}

#[tokio::test]
async fn a_user_who_changes_meanwhile_is_invited_as_it_is_then() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    let rival = world.rival();
    // Raises the security version.
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.roles = Some(vec!["editor".to_owned()])).await;
    });
    let token = world.accounts.invite_by_hand(&operator(), alice.id).await.unwrap();
    assert_eq!(world.accept(token.expose(), NEW_PASSWORD).await, Ok(()));

    let rival = world.rival();
    world.before_next_commit(async move { rival.delete(bob.id).await });
    let answer = world.accounts.invite_by_hand(&operator(), bob.id).await;
    assert_eq!(answer.unwrap_err(), InviteByHandError::NotFound(bob.id));
    assert_eq!(world.recorded(AuditKind::UserInvited).await, 1);
}

fn first_administrator() -> CreateUserRequest {
    let roles = Some(vec!["user".to_owned(), "admin".to_owned()]);
    CreateUserRequest { roles, password: None, ..new_user("diana") }
}

#[tokio::test]
async fn a_queued_invitation_that_a_setup_link_replaces_is_dropped_and_recorded() {
    let world = World::inviting();
    world.users.create_user(&operator(), first_administrator()).await.unwrap();
    assert_eq!(world.jobs().await.len(), 1);
    world.accounts.set_up_administrator(&operator(), first_administrator()).await.unwrap();
    assert_eq!((world.jobs().await.len(), world.recorded(AuditKind::MailDropped).await), (0, 1));
}

#[tokio::test]
async fn a_setup_link_is_refused_to_other_actors_before_anything_is_written() {
    let world = World::new();
    let alice = world.create_administrator("alice").await;
    let before = world.audit().await.len();
    let answer = world.accounts.set_up_administrator(&administrator(alice.id), first_administrator()).await;
    let forbidden = Failure::Forbidden("only operators can invite by hand".into());
    assert_eq!(answer.unwrap_err(), SetUpError::Failure(forbidden));
    assert_eq!(world.audit().await.len(), before);
}
