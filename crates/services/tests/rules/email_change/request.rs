//! Asking for another address, and the mail to it.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_services::{
    AccessContext, ChangeEmailError, Clock as _, Failure, HashError, Limits, LinkTemplate, MailError,
    MailMessage, NoticeTemplate, ServiceSettings,
    store::{AuditEvent, AuditKind, MailJob, MailKind, StoreFailure},
};

use crate::support::{Entered, NEW_PASSWORD, OLD_PASSWORD, World, failing_members, member, stranger};

const NEW: &str = "alice@elsewhere.example";

async fn world_with_alice() -> (World, Entered) {
    let world = World::new();
    world.create("alice").await;
    let alice = world.enter("alice").await;
    (world, alice)
}

/// Alice has asked for another address, and no mail is out yet.
async fn world_with_request() -> (World, Entered) {
    let (world, alice) = world_with_alice().await;
    world.want_email(&alice.context, NEW, OLD_PASSWORD).await.unwrap();
    (world, alice)
}

#[tokio::test]
async fn whoever_knows_the_password_is_mailed_a_token_at_the_new_address() {
    let (world, alice) = world_with_request().await;
    let job = world.only_job().await;
    let MailJob::EmailChange { user, address } = &job.mail else { panic!("{job:?}") };
    assert_eq!((*user, address.as_str()), (alice.user.id, NEW));
    world.clock.advance(Duration::minutes(1));
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    // The new address may be mistyped, and somebody else's: nothing about the user is told there.
    assert_eq!((mails.len(), mails[0].to.as_str(), mails[0].name.as_str()), (1, NEW, ""));
    let MailMessage::Link { template: LinkTemplate::ConfirmEmailChange, valid_for, .. } = &mails[0].message
    else {
        panic!("{mails:?}")
    };
    assert_eq!(*valid_for, Duration::days(1));
    let expected = AuditEvent {
        kind: AuditKind::EmailChangeRequested,
        at: world.clock.now(),
        actor: format!("user:{}", alice.user.id),
        target: Some(alice.user.id),
        key: None,
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    };
    assert_eq!(world.audit().await.pop(), Some(expected));
    assert_eq!(world.find(alice.user.id).await, Some(alice.user));
}

/// Security checklist: 56.
#[tokio::test]
async fn without_the_password_nothing_is_asked_for() {
    let (world, alice) = world_with_alice().await;
    let answer = world.want_email(&alice.context, NEW, NEW_PASSWORD).await;
    assert_eq!(answer, Err(ChangeEmailError::WrongPassword));
    for context in [stranger(), AccessContext::system()] {
        assert_eq!(
            world.want_email(&context, NEW, OLD_PASSWORD).await,
            Err(ChangeEmailError::Failure(Failure::Unauthenticated))
        );
    }
    assert!(world.jobs().await.is_empty());
}

#[tokio::test]
async fn wrong_passwords_count_as_attempts_of_the_session_and_a_right_one_does_not() {
    let limits = Limits { login_per_device: Limits::default().login_per_device, ..Limits::GENEROUS };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    world.create("alice").await;
    let alice = world.enter("alice").await;
    let want = async |password| world.want_email(&alice.context, NEW, password).await;
    for _ in 0..9 {
        assert_eq!(want(NEW_PASSWORD).await, Err(ChangeEmailError::WrongPassword));
    }
    for _ in 0..5 {
        assert_eq!(want(OLD_PASSWORD).await, Ok(()));
    }
    assert_eq!(want(NEW_PASSWORD).await, Err(ChangeEmailError::WrongPassword));
    assert_eq!(
        want(OLD_PASSWORD).await,
        Err(ChangeEmailError::Failure(Failure::RateLimited(Duration::minutes(1))))
    );
}

#[tokio::test]
async fn a_new_address_is_asked_for_once_a_minute_and_three_times_with_the_right_password() {
    let world = World::with(ServiceSettings::default());
    world.create("alice").await;
    let alice = world.enter("alice").await;
    let want = |password| world.want_email(&alice.context, NEW, password);
    let wait = |minutes| Err(ChangeEmailError::Failure(Failure::RateLimited(Duration::minutes(minutes))));
    for next in [1, 1, 18] {
        // Wrong passwords use nothing up, for nobody: another user may want this address.
        assert_eq!(want(NEW_PASSWORD).await, Err(ChangeEmailError::WrongPassword));
        assert_eq!(want(OLD_PASSWORD).await, Ok(()));
        assert_eq!(want(OLD_PASSWORD).await, wait(next));
        world.clock.advance(Duration::minutes(1));
    }
    assert_eq!(want(OLD_PASSWORD).await, wait(17));
}

/// Security checklist: 56.
#[tokio::test]
async fn the_owner_of_a_taken_address_is_told_and_whoever_asked_is_not() {
    let (world, alice) = world_with_alice().await;
    world.create("bob").await;
    world.want_email(&alice.context, "BOB@example.com", OLD_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "bob@example.com"));
    assert!(
        matches!(mails[0].message, MailMessage::Notice { template: NoticeTemplate::AccountExists, .. }),
        "{mails:?}"
    );
    assert!(world.tokens.minted().len() == 1 && world.jobs().await.is_empty(), "only the session's");
}

#[tokio::test]
async fn whoever_has_the_address_already_is_mailed_nothing() {
    let (world, alice) = world_with_alice().await;
    world.want_email(&alice.context, "Alice@Example.com", OLD_PASSWORD).await.unwrap();
    assert_eq!(world.deliver_mail().await, 1);
    assert!(world.mailer.sent().is_empty() && world.jobs().await.is_empty());
}

#[tokio::test]
async fn a_later_wish_takes_the_place_of_an_earlier_one() {
    let (world, alice) = world_with_request().await;
    world.deliver_mail().await;
    let first = world.token_for(NEW);
    world.want_email(&alice.context, "third@example.com", OLD_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    assert!(world.confirm_email(&first).await.is_err());
    assert_eq!(world.confirm_email(&world.token_for("third@example.com")).await, Ok(()));
}

/// Security checklist: 56.
#[tokio::test]
async fn a_wish_that_is_renewed_while_it_is_prepared_gets_one_mail_at_the_newer_address() {
    let (world, alice) = world_with_request().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.want_email(&alice.context, "third@example.com", OLD_PASSWORD).await.unwrap();
    });
    assert_eq!(world.deliver_mail().await, 2);
    let sent: Vec<_> = world.mailer.sent().iter().map(|mail| mail.to.to_string()).collect();
    assert_eq!(sent, ["third@example.com"]);
}

#[tokio::test]
async fn a_wish_from_before_the_password_was_replaced_is_mailed_to_nobody() {
    let (world, alice) = world_with_request().await;
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    // Somebody else was in; the owner throws them out while their mail waits for the mail server.
    world.clock.advance(Duration::milliseconds(500));
    world.replace_password(alice.user.id, NEW_PASSWORD).await;
    world.deliver_mail_later().await;
    assert_eq!((world.mailer.sent_to(NEW).len(), world.jobs().await.len()), (0, 0));
    for token in world.tokens.minted() {
        assert!(world.confirm_email(&token).await.is_err());
    }
}

/// Security checklist: 81.
#[tokio::test]
async fn a_user_who_is_edited_before_the_mail_leaves_gets_it_all_the_same() {
    let (world, alice) = world_with_request().await;
    world.clock.advance(Duration::minutes(1));
    world.change(alice.user.id, |request| request.first_name = "Alicia".to_owned()).await;
    world.deliver_mail().await;
    assert_eq!(world.confirm_email(&world.token_for(NEW)).await, Ok(()));
}

/// Security checklist: 69, 81.
#[tokio::test]
async fn a_password_that_is_replaced_by_a_clock_which_went_back_counts_as_the_newer_one() {
    let (world, alice) = world_with_request().await;
    world.clock.advance(-Duration::hours(14));
    world.replace_password(alice.user.id, NEW_PASSWORD).await;
    world.clock.advance(Duration::hours(14));
    world.deliver_mail().await;
    assert_eq!((world.mailer.sent_to(NEW).len(), world.jobs().await.len()), (0, 0));
}

#[tokio::test]
async fn somebody_who_is_switched_off_is_mailed_nothing() {
    let (world, alice) = world_with_request().await;
    world.switch_off(alice.user.id).await;
    assert_eq!((world.deliver_mail().await, world.mailer.sent().len()), (1, 0));
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_compared_is_wrong_and_other_changes_do_not_matter() {
    let (world, alice) = world_with_alice().await;
    let (rival, id) = (world.rival(), alice.user.id);
    world.before_next_commit(async move { rival.change_email(id, "admin@chose.example").await });
    assert_eq!(world.want_email(&alice.context, NEW, OLD_PASSWORD).await, Ok(()));
    assert_eq!(world.waiting(MailKind::EmailChange).await, 1);

    // Of an application with sessions of its own, which a new password does not end.
    let (world, alice) = world_with_alice().await;
    let (rival, id) = (world.rival(), alice.user.id);
    world.before_next_commit(async move { rival.replace_password(id, NEW_PASSWORD).await });
    let answer = world.want_email(&member(id), NEW, OLD_PASSWORD).await;
    assert_eq!(answer, Err(ChangeEmailError::WrongPassword));
    assert_eq!(world.waiting(MailKind::EmailChange).await, 0);
}

#[tokio::test]
async fn a_request_needs_an_address_and_a_password() {
    let (world, alice) = world_with_alice().await;
    world.store.reset();
    let answer = world.want_email(&alice.context, "alice", "").await;
    let Err(ChangeEmailError::Failure(Failure::Invalid(errors))) = answer else { panic!("{answer:?}") };
    let expected = ["email: invalid email format", "password: password cannot be empty"];
    assert_eq!(
        (failing_members(&errors), world.store.all_calls()),
        (expected.map(str::to_owned).into(), BTreeMap::new())
    );
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on() {
    let (world, alice) = world_with_alice().await;
    world.hasher.fail_next(HashError::Busy);
    let answer = world.want_email(&alice.context, NEW, OLD_PASSWORD).await;
    assert_eq!(answer, Err(ChangeEmailError::from(HashError::Busy)));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    let answer = world.want_email(&alice.context, NEW, OLD_PASSWORD).await;
    assert_eq!((answer, world.jobs().await.len()), (Err(ChangeEmailError::from(busy)), 0));
}
