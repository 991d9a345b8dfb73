//! Mails that were asked for and are not sent: log, metrics and audit trail say why.

use denizen_models::{PasswordResetRequest, UserId};
use denizen_services::{
    AccessContext, Clock as _, Disclosure, MailJobService as _, ServiceSettings,
    store::{AuditEvent, AuditKind, UnsentReason},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, from, log, stranger};

const ALICE: &str = "alice@example.com";
const NEW: &str = "alice@elsewhere.example";

async fn request_reset(world: &World, request_id: &str, email: &str) {
    let request = PasswordResetRequest { email: email.to_owned() };
    world.users.request_password_reset(&from(request_id), request).await.expect("a queued reset");
}

/// A world in which alice wants another e-mail address.
async fn world_with_wish(email: &str) -> (World, UserId) {
    let world = World::new();
    world.create("alice").await;
    let alice = world.enter("alice").await;
    world.want_email(&alice.context, email, OLD_PASSWORD).await.expect("a queued change");
    (world, alice.user.id)
}

/// Delivers what is due, and demands that one mail is not sent: that of the request `stranger`, for this reason.
async fn assert_unsent(world: &World, kind: &str, reason: UnsentReason) {
    let counters = world.worker.counters();
    world.deliver_mail().await;
    assert_eq!(
        UnsentReason::ALL.map(|reason| counters.count_unsent(reason)).iter().sum::<u64>(),
        1,
        "{kind}"
    );
    assert_eq!(counters.count_unsent(reason), 1, "{kind}");
    let expected =
        format!("INFO denizen_services::metrics mail {kind} of stranger is not sent: {}", reason.as_str());
    let lines = log::lines();
    let found: Vec<_> = lines.iter().filter(|line| line.contains(" is not sent: ")).collect();
    assert_eq!(found, [&expected]);
    assert!(!lines.iter().any(|line| line.contains('@')), "{lines:#?}");
    log::capture();
}

/// Demands that the trail says so of this user, or of nobody.
async fn assert_recorded(world: &World, user: Option<UserId>) {
    let trail = world.audit().await;
    let unsent: Vec<_> = trail.into_iter().filter(|event| event.kind == AuditKind::MailUnsent).collect();
    let expected = user.map(|user| AuditEvent {
        kind: AuditKind::MailUnsent,
        at: world.clock.now(),
        actor: "system".to_owned(),
        target: Some(user),
        key: None,
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    });
    assert_eq!(unsent, expected.into_iter().collect::<Vec<_>>());
}

/// Security checklist: 81.
#[tokio::test]
async fn a_request_for_an_unknown_address_leaves_a_line_and_no_record() {
    log::capture();
    let world = World::new();
    request_reset(&world, "stranger", "nobody@example.com").await;
    assert_unsent(&world, "password_reset", UnsentReason::UnknownAddress).await;
    assert_recorded(&world, None).await;
    world.request_verification("nobody@example.com").await;
    world.deliver_mail().await;
    assert_eq!(world.worker.counters().count_unsent(UnsentReason::UnknownAddress), 2);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_request_for_an_inactive_user_leaves_a_line_and_a_record() {
    log::capture();
    let world = World::new();
    let alice = world.create("alice").await;
    request_reset(&world, "stranger", ALICE).await;
    world.switch_off(alice.id).await;
    assert_unsent(&world, "password_reset", UnsentReason::Inactive).await;
    assert_recorded(&world, Some(alice.id)).await;
}

/// Security checklist: 81.
#[tokio::test]
async fn a_verification_that_is_no_longer_needed_leaves_a_line_and_a_record() {
    log::capture();
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_verification(ALICE).await;
    world.request_verification(ALICE).await;
    world.verify(&token).await.expect("a token that works");
    assert_unsent(&world, "email_verification", UnsentReason::Verified).await;
    assert_recorded(&world, Some(alice.id)).await;
}

/// Security checklist: 81.
#[tokio::test]
async fn an_invitation_that_is_no_longer_needed_leaves_a_line_and_a_record() {
    log::capture();
    let world = World::inviting();
    let alice = world.create_without_password("alice").await;
    world.replace_password(alice.id, NEW_PASSWORD).await;
    world.deliver_mail().await;
    let lines = log::lines();
    let expected = "INFO denizen_services::metrics mail invitation of system is not sent: has_password";
    assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
    assert_eq!(world.recorded(AuditKind::MailUnsent).await, 1);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_sign_up_that_is_no_longer_wanted_leaves_a_line() {
    log::capture();
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.expect("a pending sign-up");
    let closed = world.rival_with(ServiceSettings::default());
    assert_unsent(&closed, "sign_up", UnsentReason::NoSignUp).await;
    assert_recorded(&world, None).await;
}

/// Security checklist: 81.
#[tokio::test]
async fn a_change_of_address_from_before_another_password_leaves_a_line_and_a_record() {
    log::capture();
    let (world, alice) = world_with_wish(NEW).await;
    world.replace_password(alice, NEW_PASSWORD).await;
    assert_unsent(&world, "email_change", UnsentReason::AccountChanged).await;
    assert_recorded(&world, Some(alice)).await;
}

/// Security checklist: 81.
#[tokio::test]
async fn a_change_to_the_address_of_the_account_leaves_a_line_and_a_record() {
    log::capture();
    let (world, alice) = world_with_wish("Alice@example.com").await;
    assert_unsent(&world, "email_change", UnsentReason::SameAddress).await;
    assert_recorded(&world, Some(alice)).await;
}

/// Security checklist: 81.
#[tokio::test]
async fn the_mails_of_a_deleted_user_leave_a_line_beside_the_record_of_the_deletion() {
    log::capture();
    let (world, alice) = world_with_wish(NEW).await;
    world.delete(alice).await;
    assert_unsent(&world, "email_change", UnsentReason::Deleted).await;
    assert_eq!(world.recorded(AuditKind::UserDeleted).await, 1);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_mail_that_an_operator_drops_leaves_a_line_beside_the_record_of_the_drop() {
    log::capture();
    let (world, _) = world_with_wish(NEW).await;
    let job = world.only_job().await.id;
    world.accounts.drop_mail_job(&AccessContext::system(), job).await.expect("a job to drop");
    assert_unsent(&world, "email_change", UnsentReason::Dropped).await;
    assert_eq!(world.recorded(AuditKind::MailDropped).await, 1);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_request_whose_mail_a_newer_one_replaces_leaves_a_line() {
    log::capture();
    let world = World::new();
    world.create("alice").await;
    request_reset(&world, "stranger", ALICE).await;
    request_reset(&world, "the newer one", ALICE).await;
    assert_unsent(&world, "password_reset", UnsentReason::Replaced).await;
    assert_eq!(world.mailer.sent_to(ALICE).len(), 1);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_request_that_is_replaced_while_its_mail_is_prepared_leaves_a_line() {
    log::capture();
    let world = World::new();
    world.create("alice").await;
    request_reset(&world, "stranger", ALICE).await;
    let rival = world.rival();
    world.before_next_commit(async move { request_reset(&rival, "the newer one", ALICE).await });
    assert_unsent(&world, "password_reset", UnsentReason::Replaced).await;
    assert_eq!(world.mailer.sent_to(ALICE).len(), 1);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_request_whose_mail_is_on_its_way_is_not_called_replaced() {
    log::capture();
    let world = World::new();
    world.create("alice").await;
    request_reset(&world, "stranger", ALICE).await;
    let rival = world.rival();
    world.while_sending_next(async move { request_reset(&rival, "the newer one", ALICE).await });
    world.deliver_mail().await;
    assert_eq!(world.mailer.sent_to(ALICE).len(), 2);
    assert_eq!(world.worker.counters().count_unsent(UnsentReason::Replaced), 0);
}
