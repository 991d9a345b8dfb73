//! Who is invited, and with what.

use chrono::Duration;
use denizen_models::CreateUserRequest;
use denizen_services::{
    AccessContext, Clock as _, Limits, LinkTemplate, MailMessage, RegistrationMode, ServiceSettings,
    store::{AuditEvent, AuditKind, MailJob, MailKind},
};

use crate::support::{NEW_PASSWORD, World, administrator, new_user};

const ALICE: &str = "alice@example.com";

#[tokio::test]
async fn whoever_is_created_without_a_password_is_mailed_an_invitation() {
    let world = World::inviting();
    let diana = world.create_administrator("diana").await;
    let context = administrator(diana.id);
    let request = CreateUserRequest { password: None, ..new_user("alice") };
    let alice = world.users.create_user(&context, request).await.unwrap();
    let job = world.only_job().await;
    assert_eq!(job.mail, MailJob::Invitation { user: alice.id });
    assert!(world.tokens.minted().is_empty());
    world.clock.advance(Duration::minutes(1));
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[0].to.as_str(), mails[0].name.as_str()), (1, ALICE, "Sample"));
    let MailMessage::Link { template: LinkTemplate::Invitation(username), valid_for, .. } = &mails[0].message
    else {
        panic!("{mails:?}")
    };
    assert_eq!((username.as_str(), *valid_for), ("alice", Duration::days(3)));
    let minted = AuditEvent {
        kind: AuditKind::UserInvited,
        at: world.clock.now(),
        actor: "system".to_owned(),
        target: Some(alice.id),
        key: None,
        ip: context.ip,
        request_id: context.request_id,
    };
    assert_eq!(world.audit().await.pop(), Some(minted));
}

#[tokio::test]
async fn in_an_open_world_too_but_not_where_registration_is_closed_nor_with_a_password() {
    for (registration, invited) in [(RegistrationMode::Open, 1), (RegistrationMode::Closed, 0)] {
        let settings =
            ServiceSettings { registration, limits: Limits::GENEROUS, ..ServiceSettings::default() };
        let world = World::with(settings);
        world.create("bob").await;
        world.create_without_password("alice").await;
        assert_eq!(world.waiting(MailKind::Invitation).await, invited, "{registration:?}");
    }
}

#[tokio::test]
async fn a_refused_creation_invites_nobody() {
    let world = World::inviting();
    world.create("alice").await;
    let request = CreateUserRequest { password: None, ..new_user("alice") };
    world.users.create_user(&AccessContext::system(), request).await.unwrap_err();
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn who_is_switched_off_or_gone_or_has_a_password_by_then_is_not_invited() {
    let world = World::inviting();
    let alice = world.create_without_password("alice").await;
    world.switch_off(alice.id).await;
    let bob = world.create_without_password("bob").await;
    world.delete(bob.id).await;
    let carol = world.create_without_password("carol").await;
    world.replace_password(carol.id, NEW_PASSWORD).await;
    world.deliver_mail_later().await;
    let invited = |name: &str| {
        let mails = world.mailer.sent_to(&format!("{name}@example.com"));
        mails.iter().any(|mail| {
            matches!(mail.message, MailMessage::Link { template: LinkTemplate::Invitation(_), .. })
        })
    };
    assert!(!invited("alice") && !invited("bob") && !invited("carol"), "{:?}", world.mailer.sent());
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn who_gets_a_password_while_the_invitation_is_prepared_is_not_invited() {
    let world = World::inviting();
    let alice = world.create_without_password("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.replace_password(alice.id, NEW_PASSWORD).await });
    world.deliver_mail().await;
    world.deliver_mail_later().await;
    assert!(world.jobs().await.is_empty());
    for token in world.tokens.minted() {
        assert!(world.accept(&token, "a third password").await.is_err());
    }
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
}
