//! The front door: what the builder registers, starts and refuses.

use std::sync::{Arc, Mutex};

use chrono::Duration;
use denizen_models::{CreateUserRequest, UserId};
use denizen_services::{
    AccessContext, Accounts, AccountsBuilder, IfMatch, MailJobListQuery, RegistrationMode, ServiceSettings,
    UserEvent, UserObserver, lock,
};
use denizen_storage_memory::InMemoryStore;
use denizen_testkit::{InsecureTestHasher, RecordingMailer};
use tokio::sync::watch;

use crate::support::new_user;

fn builder() -> AccountsBuilder {
    Accounts::builder(Arc::new(InMemoryStore::new()), Arc::new(InsecureTestHasher::new()))
}

fn without_password() -> CreateUserRequest {
    CreateUserRequest { password: None, ..new_user("alice") }
}

/// Keeps the events that it is told of.
#[derive(Default)]
struct Diary(Mutex<Vec<UserEvent>>);

impl UserObserver for Diary {
    fn observe(&self, event: UserEvent) {
        lock(&self.0).push(event);
    }
}

#[tokio::test]
async fn an_application_is_told_of_users_that_are_created_changed_and_deleted() {
    let diary = Arc::new(Diary::default());
    let accounts = builder().user_observer(diary.clone()).build().unwrap();
    let (users, system) = (accounts.users(), AccessContext::system());
    let alice = users.create_user(&system, new_user("alice")).await.unwrap().id;
    let patch = serde_json::from_str(r#"{"first_name": "Alicia"}"#).unwrap();
    users.patch_user(&system, alice, patch, IfMatch::anything()).await.unwrap();
    users.delete_user(&system, alice, IfMatch::anything()).await.unwrap();
    let told = [UserEvent::Created(alice), UserEvent::Updated(alice), UserEvent::Deleted(alice)];
    assert_eq!(*lock(&diary.0), told);
}

#[tokio::test]
async fn a_change_that_is_refused_is_not_reported() {
    let diary = Arc::new(Diary::default());
    let accounts = builder().user_observer(diary.clone()).build().unwrap();
    let (users, system) = (accounts.users(), AccessContext::system());
    users.create_user(&system, new_user("alice")).await.unwrap();
    users.create_user(&system, new_user("alice")).await.unwrap_err();
    assert_eq!(*lock(&diary.0), [UserEvent::Created(UserId::new(1))]);
}

#[tokio::test]
async fn background_tasks_deliver_queued_mails_until_they_are_stopped() {
    let mailer = Arc::new(RecordingMailer::new());
    let settings = ServiceSettings { registration: RegistrationMode::Invite, ..ServiceSettings::default() };
    let accounts = builder().mailer(mailer.clone()).settings(settings).build().unwrap();
    let (stop, stopped) = watch::channel(false);
    let background = accounts.spawn_background(stopped);
    assert!(accounts.health(&background).readiness().await.is_ready());
    accounts.users().create_user(&AccessContext::system(), without_password()).await.unwrap();
    assert_eq!(mailer.next_token_for("alice@example.com").await.len(), 64);
    stop.send_replace(true);
    background.join().await;
}

#[test]
fn a_duration_that_is_not_longer_than_zero_is_refused_by_its_name() {
    let settings = ServiceSettings { reset_token_ttl: Duration::zero(), ..ServiceSettings::default() };
    let Err(error) = builder().settings(settings).build() else { panic!("tokens that never work") };
    assert_eq!(error.to_string(), "reset_token_ttl must be longer than zero");
}

#[tokio::test]
async fn without_a_mailer_nothing_waits_to_be_mailed() {
    let settings = ServiceSettings { registration: RegistrationMode::Invite, ..ServiceSettings::default() };
    let accounts = builder().settings(settings).build().unwrap();
    let system = AccessContext::system();
    accounts.users().create_user(&system, without_password()).await.unwrap();
    assert!(!accounts.users().sends_mail());
    accounts.mail_worker().deliver_now().await.unwrap();
    let queue = accounts.mail_jobs().list_mail_jobs(&system, &MailJobListQuery::default()).await.unwrap();
    assert_eq!(queue.jobs.len(), 0);
}
