//! An administrator sends a user a new way in.

use std::collections::BTreeMap;

use denizen_models::{User, UserId};
use denizen_services::{
    AcceptInvitationError, AccessContext, Failure, HashError, LinkTemplate, LoginError, MailMessage,
    SendPasswordResetError,
    store::{AuditKind, MailJob, Recipient, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, member, stranger};

const ALICE: &str = "alice@example.com";

async fn world_with_alice() -> (World, User) {
    let world = World::new();
    let alice = world.create("alice").await;
    world.administrator().await;
    (world, alice)
}

async fn send(world: &World, user: UserId) -> Result<(), SendPasswordResetError> {
    world.users.send_password_reset(&world.administrator().await, user, false).await
}

/// Sends, so that nobody can sign in with the old password.
async fn discard(world: &World, user: UserId) -> Result<(), SendPasswordResetError> {
    world.users.send_password_reset(&world.administrator().await, user, true).await
}

#[tokio::test]
async fn a_user_with_a_password_is_mailed_a_reset_and_everything_works_until_it_is_used() {
    let (world, alice) = world_with_alice().await;
    let session = world.enter("alice").await;
    assert_eq!(send(&world, alice.id).await, Ok(()));
    let job = world.only_job().await;
    assert_eq!(job.mail, MailJob::PasswordReset { address: ALICE.to_owned() });
    world.deliver_mail().await;
    assert!(world.lets_in(&session.signed_in).await && world.log_in("alice", OLD_PASSWORD).await.is_ok());
    assert_eq!(world.reset(&world.token_for(ALICE), NEW_PASSWORD).await, Ok(()));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_user_without_a_password_is_mailed_an_invitation_even_where_registration_is_closed() {
    let world = World::new();
    let alice = world.create_without_password("alice").await;
    assert_eq!(send(&world, alice.id).await, Ok(()));
    assert_eq!(world.only_job().await.mail.recipient(), Recipient::User(alice.id));
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    assert!(
        matches!(mails[0].message, MailMessage::Link { template: LinkTemplate::Invitation(_), .. }),
        "{mails:?}"
    );
    assert_eq!(world.accept(&world.token_for(ALICE), NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 36.
#[tokio::test]
async fn a_discarded_password_lets_nobody_in_and_every_session_and_token_ends() {
    let (world, alice) = world_with_alice().await;
    let session = world.enter("alice").await;
    let earlier = world.obtain_token(ALICE).await;
    assert_eq!(discard(&world, alice.id).await, Ok(()));
    assert!(!world.lets_in(&session.signed_in).await && !world.validate(&earlier).await.valid);
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    assert_eq!(world.find(alice.id).await.unwrap().security_version, alice.security_version + 1);
    world.deliver_mail().await;
    assert_eq!(world.reset(&world.token_for(ALICE), NEW_PASSWORD).await, Ok(()));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn where_there_is_no_password_to_discard_earlier_invitations_die() {
    let world = World::inviting();
    let alice = world.create_without_password("alice").await;
    world.deliver_mail().await;
    let earlier = world.token_for(ALICE);
    assert_eq!(discard(&world, alice.id).await, Ok(()));
    assert_eq!(world.password_hash(alice.id).await, None);
    assert_eq!(world.accept(&earlier, NEW_PASSWORD).await, Err(AcceptInvitationError::InvalidOrExpired));
    world.deliver_mail().await;
    assert_eq!(world.accept(&world.token_for(ALICE), NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 60.
#[tokio::test]
async fn what_the_administrator_did_is_recorded() {
    let (world, alice) = world_with_alice().await;
    let bob = world.create_without_password("bob").await;
    for id in [alice.id, bob.id] {
        send(&world, id).await.unwrap();
        discard(&world, id).await.unwrap();
    }
    let administrator = world.find_at("the_administrator@example.com").await.unwrap();
    let actor = format!("user:{}", administrator.id);
    let trail = world.audit().await;
    let by_administrator = trail.iter().filter(|event| event.actor == actor);
    let recorded: Vec<_> = by_administrator.map(|event| (event.target.unwrap(), event.kind)).collect();
    let expected = [
        (alice.id, AuditKind::PasswordResetRequested),
        (alice.id, AuditKind::PasswordDiscarded),
        (alice.id, AuditKind::PasswordResetRequested),
        (bob.id, AuditKind::UserInvited),
        (bob.id, AuditKind::PasswordDiscarded),
        (bob.id, AuditKind::UserInvited),
    ];
    assert_eq!(recorded, expected);
}

/// Security checklist: 27.
#[tokio::test]
async fn only_administrators_send_and_to_others_nobody_is_there() {
    let (world, alice) = world_with_alice().await;
    world.store.reset();
    let hashes = world.hasher.hashes();
    let not_found = |id| Err(SendPasswordResetError::NotFound(id));
    for (context, id, expected) in [
        (
            member(alice.id),
            alice.id,
            Err(SendPasswordResetError::Failure(Failure::Forbidden(
                "only administrators can send this mail".into(),
            ))),
        ),
        (member(UserId::new(97)), alice.id, not_found(alice.id)),
        (stranger(), alice.id, not_found(alice.id)),
        (stranger(), UserId::new(99), not_found(UserId::new(99))),
    ] {
        for discard in [false, true] {
            assert_eq!(world.users.send_password_reset(&context, id, discard).await, expected);
        }
    }
    assert_eq!((world.store.all_calls(), world.hasher.hashes()), (BTreeMap::new(), hashes));
    let unknown = UserId::new(99);
    assert_eq!(send(&world, unknown).await, not_found(unknown));
}

#[tokio::test]
async fn who_is_switched_off_is_sent_nothing() {
    let (world, alice) = world_with_alice().await;
    world.switch_off(alice.id).await;
    for answer in [send(&world, alice.id).await, discard(&world, alice.id).await] {
        assert_eq!(answer, Err(SendPasswordResetError::Inactive));
    }
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn strangers_who_fill_the_queue_do_not_keep_an_administrator_from_sending() {
    let world = World::with_room_for(1);
    let alice = world.create("alice").await;
    world.request_reset("stranger@example.com").await;
    assert_eq!(send(&world, alice.id).await, Ok(()));
    assert_eq!(world.jobs().await.len(), 2);
}

#[tokio::test]
async fn a_password_that_somebody_chooses_meanwhile_is_discarded_as_well() {
    let (world, alice) = world_with_alice().await;
    let token = world.obtain_token(ALICE).await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.reset(&token, NEW_PASSWORD).await.unwrap() });
    assert_eq!(discard(&world, alice.id).await, Ok(()));
    for password in [OLD_PASSWORD, NEW_PASSWORD] {
        assert!(!world.can_log_in_with(alice.id, password).await);
    }
}

#[tokio::test]
async fn somebody_who_is_switched_off_meanwhile_is_sent_nothing() {
    let (world, alice) = world_with_alice().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.switch_off(alice.id).await });
    assert_eq!(send(&world, alice.id).await, Err(SendPasswordResetError::Inactive));
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_nothing_changes() {
    let (world, alice) = world_with_alice().await;
    world.hasher.fail_next(HashError::Busy);
    assert_eq!(discard(&world, alice.id).await, Err(SendPasswordResetError::from(HashError::Busy)));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(discard(&world, alice.id).await, Err(SendPasswordResetError::from(busy)));
    assert!(world.jobs().await.is_empty() && world.can_log_in_with(alice.id, OLD_PASSWORD).await);
    assert!(world.users.send_password_reset(&AccessContext::system(), alice.id, true).await.is_ok());
}

#[tokio::test]
async fn an_invitation_that_is_renewed_while_it_is_prepared_is_mailed_once() {
    let world = World::inviting();
    let alice = world.create_without_password("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.send_reset(alice.id).await });
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (2, 1));
    let minted = world.tokens.minted();
    assert!(minted.len() == 2 && world.accept(&minted[0], NEW_PASSWORD).await.is_err());
    assert_eq!(world.accept(&minted[1], NEW_PASSWORD).await, Ok(()));
}
