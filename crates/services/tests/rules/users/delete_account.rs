//! Deleting one's own account.

use chrono::Duration;
use denizen_models::{DeleteAccountRequest, Secret};
use denizen_services::{
    AccessContext, Clock as _, DeleteAccountError, Failure, Limits, MailMessage, NoticeTemplate,
    ServiceSettings,
    store::{AuditEvent, AuditKind, MailKind, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, failing_members, member, stranger};

async fn delete_account(
    world: &World,
    context: &AccessContext,
    password: &str,
) -> Result<(), DeleteAccountError> {
    let request = DeleteAccountRequest { password: Secret::from(password) };
    world.users.delete_account(context, request).await
}

/// Security checklist: 77.
#[tokio::test]
async fn an_account_goes_with_its_password_and_its_address_is_told() {
    let world = World::new();
    world.create("bob").await;
    world.create("alice").await;
    let (alice, phone, bob) =
        (world.enter("alice").await, world.enter("alice").await, world.enter("bob").await);
    world.clock.advance(Duration::minutes(5));

    assert_eq!(delete_account(&world, &alice.context, OLD_PASSWORD).await, Ok(()));

    assert_eq!(world.find(alice.user.id).await, None);
    for session in [&alice, &phone] {
        assert!(!world.lets_in(&session.signed_in).await);
    }
    assert!(world.lets_in(&bob.signed_in).await);
    let expected = AuditEvent {
        kind: AuditKind::UserDeleted,
        at: world.clock.now(),
        actor: format!("user:{}", alice.user.id),
        target: Some(alice.user.id),
        key: None,
        ip: stranger().ip,
        request_id: alice.context.request_id.clone(),
    };
    assert_eq!(world.audit().await.pop(), Some(expected));

    assert_eq!(world.waiting_kinds().await, [MailKind::AccountDeleted]);
    world.deliver_mail().await;
    let mail = world.mailer.sent().pop().unwrap();
    assert_eq!((mail.to.as_str(), mail.name.as_str()), ("alice@example.com", ""));
    let MailMessage::Notice { template: NoticeTemplate::AccountDeleted, at, ip } = mail.message else {
        panic!("{mail:?}")
    };
    assert_eq!((at, ip), (world.clock.now(), stranger().ip));
}

/// Security checklist: 77.
#[tokio::test]
async fn without_the_password_nothing_is_deleted() {
    let world = World::new();
    world.create("alice").await;
    let alice = world.enter("alice").await;

    let refused = delete_account(&world, &alice.context, NEW_PASSWORD).await.unwrap_err();
    assert_eq!(refused, DeleteAccountError::WrongPassword);
    assert_eq!(
        refused.to_string(),
        "the password is wrong; an account without a password gets one by a password reset first"
    );
    match delete_account(&world, &alice.context, "").await {
        Err(DeleteAccountError::Failure(Failure::Invalid(errors))) => {
            assert_eq!(failing_members(&errors), ["password: password cannot be empty"]);
        }
        other => panic!("{other:?}"),
    }
    for context in [stranger(), AccessContext::system()] {
        let answer = delete_account(&world, &context, OLD_PASSWORD).await;
        assert_eq!(answer, Err(DeleteAccountError::Failure(Failure::Unauthenticated)));
    }
    assert_eq!(world.recorded(AuditKind::PasswordChangeFailed).await, 1);
    assert_eq!((world.find(alice.user.id).await, world.jobs().await.len()), (Some(alice.user), 0));
}

/// An administrator has discarded the password, or none was ever set.
#[tokio::test]
async fn a_user_without_a_password_sets_one_first() {
    let world = World::new();
    let bob = world.create_without_password("bob").await;
    let answer = delete_account(&world, &member(bob.id), OLD_PASSWORD).await;
    assert_eq!(answer, Err(DeleteAccountError::WrongPassword));
    assert_eq!(world.find(bob.id).await, Some(bob));
}

#[tokio::test]
async fn the_last_administrator_cannot_leave() {
    let world = World::new();
    world.create_administrator("olga").await;
    let olga = world.enter("olga").await;
    let answer = delete_account(&world, &olga.context, OLD_PASSWORD).await;
    assert_eq!(answer, Err(DeleteAccountError::LastAdministrator));
    world.create_administrator("diana").await;
    assert_eq!(delete_account(&world, &olga.context, OLD_PASSWORD).await, Ok(()));
    assert_eq!(world.find(olga.user.id).await, None);
}

/// The password was right when it was compared.
#[tokio::test]
async fn an_account_whose_password_was_replaced_meanwhile_is_not_deleted() {
    let world = World::new();
    let alice = world.create("alice").await;
    let entered = world.enter("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.replace_password(alice.id, NEW_PASSWORD).await });
    let answer = delete_account(&world, &entered.context, OLD_PASSWORD).await;
    assert_eq!(answer, Err(DeleteAccountError::Failure(Failure::Unauthenticated)));
    assert!(world.find(alice.id).await.is_some());
}

/// Security checklist: 63.
#[tokio::test]
async fn an_e_mail_address_that_is_another_meanwhile_does_not_keep_the_account() {
    let world = World::new();
    let alice = world.create("alice").await;
    let entered = world.enter("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.change_email(alice.id, "alice@example.org").await });
    assert_eq!(delete_account(&world, &entered.context, OLD_PASSWORD).await, Ok(()));
    assert_eq!(world.find(alice.id).await, None);
}

#[tokio::test]
async fn a_change_that_comes_between_does_not_keep_the_account() {
    let world = World::new();
    let alice = world.create("alice").await;
    let entered = world.enter("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.username = "alicia".to_owned()).await;
    });
    assert_eq!(delete_account(&world, &entered.context, OLD_PASSWORD).await, Ok(()));
    assert_eq!(world.find(alice.id).await, None);
}

/// Security checklist: 66, 77.
#[tokio::test]
async fn of_many_guesses_at_once_none_deletes_the_account_beyond_the_last_that_counts() {
    let limits = Limits { login_failures: 3, ..Limits::GENEROUS };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    let alice = world.create("alice").await;
    let (entered, thief) = (world.enter("alice").await, world.enter("alice").await);
    let rival = world.rival();
    world.before_next_commit(async move {
        for _ in 0..3 {
            let guess = delete_account(&rival, &thief.context, NEW_PASSWORD).await;
            assert_eq!(guess, Err(DeleteAccountError::WrongPassword));
        }
    });
    let answer = delete_account(&world, &entered.context, OLD_PASSWORD).await;
    assert_eq!(answer, Err(DeleteAccountError::WrongPassword));
    assert!(world.find(alice.id).await.is_some());
}

#[tokio::test]
async fn a_failure_of_the_store_is_passed_on() {
    let world = World::new();
    world.create("alice").await;
    let alice = world.enter("alice").await;
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    let answer = delete_account(&world, &alice.context, OLD_PASSWORD).await;
    assert_eq!(answer, Err(DeleteAccountError::from(busy)));
}
