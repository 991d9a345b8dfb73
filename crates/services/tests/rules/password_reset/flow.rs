//! From the request to the new password.

use chrono::Duration;
use denizen_models::{CreateUserRequest, PasswordResetRequest, User};
use denizen_services::{
    AccessContext, Clock as _, Failure, LinkTemplate, MailMessage, NoticeTemplate, RequestPasswordResetError,
    ServiceSettings,
    store::{AuditEvent, AuditKind, MailJob, MailKind, Recipient, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, failing_members, from, new_user, stranger};

async fn world_with_alice() -> (World, User) {
    let world = World::new();
    let alice = world.create("alice").await;
    (world, alice)
}

/// Alice has chosen a new password with a mailed token.
async fn world_after_reset() -> (World, User) {
    let (world, alice) = world_with_alice().await;
    let token = world.obtain_token("alice@example.com").await;
    world.reset(&token, NEW_PASSWORD).await.expect("a reset password");
    (world, alice)
}

/// Security checklist: 7.
#[tokio::test]
async fn a_request_queues_one_mail_and_mints_nothing_yet() {
    let (world, _) = world_with_alice().await;
    world.request_reset(" Alice@Example.com ").await;
    let job = world.only_job().await;
    assert_eq!(job.mail.kind(), MailKind::PasswordReset);
    assert_eq!(job.mail.recipient(), Recipient::Address("alice@example.com".to_owned()));
    assert!(world.mailer.sent().is_empty() && world.tokens.minted().is_empty());
}

/// Security checklist: 6.
#[tokio::test]
async fn the_worker_mails_a_token_of_256_bits_to_the_user() {
    let (world, _) = world_with_alice().await;
    let token = world.obtain_token("alice@example.com").await;
    assert!(token.len() == 64 && token.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{token}");
    let mails = world.mailer.sent();
    assert_eq!(
        (mails.len(), mails[0].to.as_str(), mails[0].name.as_str()),
        (1, "alice@example.com", "Sample")
    );
    let MailMessage::Link { template: LinkTemplate::PasswordReset, valid_for, .. } = &mails[0].message else {
        panic!("{mails:?}")
    };
    assert_eq!(*valid_for, Duration::minutes(30));
    assert!(world.jobs().await.is_empty());
}

/// Security checklist: 11.
#[tokio::test]
async fn the_account_is_as_it_was_until_the_token_is_used() {
    let (world, alice) = world_with_alice().await;
    let session = world.open_session(alice.id).await;
    world.obtain_token("alice@example.com").await;
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
    assert!(world.session_is_open(&session).await);
    assert_eq!(world.find(alice.id).await, Some(alice));
}

/// Security checklist: 13.
#[tokio::test]
async fn a_reset_gives_a_first_password_to_a_user_who_had_none() {
    let world = World::new();
    let request = CreateUserRequest { password: None, ..new_user("alice") };
    let alice = world.users.create_user(&AccessContext::system(), request).await.unwrap();
    let token = world.obtain_token("alice@example.com").await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
}

/// Security checklist: 18.
#[tokio::test]
async fn a_reset_ends_every_session_of_the_user_and_of_nobody_else() {
    let (world, alice) = world_with_alice().await;
    let bob = world.create("bob").await;
    let hers = [world.open_session(alice.id).await, world.open_session(alice.id).await];
    let his = world.open_session(bob.id).await;
    let token = world.obtain_token("alice@example.com").await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    for session in hers {
        assert!(!world.session_is_open(&session).await);
    }
    assert!(world.session_is_open(&his).await);
}

#[tokio::test]
async fn a_reset_verifies_the_address_and_changes_nothing_else() {
    let (world, alice) = world_with_alice().await;
    let token = world.obtain_token("alice@example.com").await;
    world.clock.advance(Duration::seconds(40));
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    let after = world.find(alice.id).await.unwrap();
    assert!(after.values.email_verified && !alice.values.email_verified);
    assert_eq!((after.created_at, after.updated_at), (alice.created_at, world.clock.now()));
    assert_eq!(after.security_version, alice.security_version + 1);
    let mut values = after.values;
    values.email_verified = false;
    assert_eq!(values, alice.values);
}

/// Security checklist: 21.
#[tokio::test]
async fn a_notice_without_any_secret_tells_when_and_from_where() {
    let (world, alice) = world_after_reset().await;
    let changed_at = world.clock.now();
    let job = world.only_job().await;
    assert_eq!(job.mail, MailJob::PasswordChanged { user: alice.id });
    world.clock.advance(Duration::hours(1));
    world.deliver_mail().await;
    let mails = world.mailer.sent_to("alice@example.com");
    let MailMessage::Notice { template: NoticeTemplate::PasswordChanged, at, ip } = &mails[1].message else {
        panic!("{mails:?}")
    };
    assert_eq!((*at, *ip), (changed_at, stranger().ip));
    assert!(world.jobs().await.is_empty());
}

/// Security checklist: 60.
#[tokio::test]
async fn each_step_is_recorded_with_the_request_that_caused_it() {
    let (world, alice) = world_with_alice().await;
    let request = PasswordResetRequest { email: "alice@example.com".to_owned() };
    world.users.request_password_reset(&from("the first"), request).await.unwrap();
    world.clock.advance(Duration::seconds(3));
    world.deliver_mail().await;
    let mailed_at = world.clock.now();
    world.clock.advance(Duration::minutes(3));
    world.reset(&world.token_for("alice@example.com"), NEW_PASSWORD).await.unwrap();
    let event = |kind, at, request_id: &str| AuditEvent {
        kind,
        at,
        actor: "anonymous".to_owned(),
        target: Some(alice.id),
        key: None,
        ip: stranger().ip,
        request_id: request_id.to_owned(),
    };
    let expected = [
        event(AuditKind::PasswordResetRequested, mailed_at, "the first"),
        event(AuditKind::PasswordReset, world.clock.now(), "stranger"),
    ];
    assert_eq!(world.audit().await[1..], expected);
}

#[tokio::test]
async fn a_request_needs_an_address() {
    let (world, _) = world_with_alice().await;
    world.store.reset();
    for (email, message) in [
        ("", "email: email cannot be empty"),
        (" \t", "email: email cannot be empty"),
        ("alice", "email: invalid email format"),
        ("alice@example.com\r\nBcc: eve@example.com", "email: invalid email format"),
    ] {
        let Err(RequestPasswordResetError::Failure(Failure::Invalid(errors))) =
            world.try_request_reset(email).await
        else {
            panic!("{email:?} was accepted")
        };
        assert_eq!(failing_members(&errors), [message]);
    }
    assert!(world.store.all_calls().is_empty());
}

#[tokio::test]
async fn the_time_to_live_is_that_of_the_settings() {
    let settings = ServiceSettings { reset_token_ttl: Duration::hours(2), ..ServiceSettings::default() };
    let world = World::with(settings);
    world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    let MailMessage::Link { template: LinkTemplate::PasswordReset, valid_for, .. } =
        world.mailer.sent().remove(0).message
    else {
        panic!("another mail")
    };
    assert_eq!(valid_for, Duration::hours(2));
    assert_eq!(world.validate(&token).await.expires_at, Some(world.clock.now() + Duration::hours(2)));
}

/// Security checklist: 22.
#[tokio::test]
async fn a_failure_of_the_store_is_passed_on_and_the_token_still_works() {
    let (world, alice) = world_with_alice().await;
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    let answer = world.try_request_reset("alice@example.com").await;
    assert_eq!(answer, Err(RequestPasswordResetError::from(busy.clone())));
    let token = world.obtain_token("alice@example.com").await;
    world.fail_next_commit(busy.clone());
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Err(busy.into()));
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}
