//! How the two versions of a user grow.

use std::sync::Arc;

use denizen_models::{ADMIN_ROLE, EmailAddress, Profile, User, UserValues, Username};
use denizen_services::{
    AccessContext,
    store::{MailJob, NewMailJob, Outcome, Store, UnitOfWork},
};

use crate::{
    contract::verbs::{
        NOBODY, RESET, USER_GONE, at, changed, commit, credentials, hash, insert, insert_with_password,
        password, refusal, session, update, user,
    },
    must, user_values,
};

type Edit = fn(&mut UserValues);

pub async fn a_new_user_begins_with_both_versions_at_one(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    assert_eq!((alice.revision, alice.security_version), (1, 1));
}

pub async fn an_update_replaces_the_values_and_raises_the_revision(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let values = changed(&alice, |values| values.first_name = "Alicia".to_owned());
    let work = UnitOfWork::new().update_user(alice.id, alice.revision, values.clone(), at(60));
    assert_eq!(commit(&store, work).await, [Outcome::Done]);
    let updated = user(&store, alice.id).await;
    assert!(updated.revision > alice.revision, "{updated:?}");
    let expected = User { values, updated_at: at(60), revision: updated.revision, ..alice };
    assert_eq!(updated, expected);
    assert_eq!(user(&store, bob.id).await, bob, "others stay as they are");
}

pub async fn an_update_of_another_revision_fails(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let newer = update(&store, &alice, |values| values.age = 30).await;
    let work = |revision| UnitOfWork::new().update_user(alice.id, revision, alice.values.clone(), at(61));
    for revision in [alice.revision, newer.revision + 1, 0, -1] {
        assert_eq!(refusal(&store, work(revision)).await, USER_GONE, "{revision}");
    }
    assert_eq!(user(&store, alice.id).await, newer);
    let missing = UnitOfWork::new().update_user(NOBODY, 1, alice.values.clone(), at(61));
    assert_eq!(refusal(&store, missing).await, USER_GONE);
}

pub async fn a_deletion_of_another_revision_fails(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let newer = update(&store, &alice, |values| values.age = 30).await;
    let work = |user, revision| UnitOfWork::new().delete_user(user, Some(revision));
    for revision in [alice.revision, newer.revision + 1, 0, -1] {
        assert_eq!(refusal(&store, work(alice.id, revision)).await, USER_GONE, "{revision}");
    }
    assert_eq!(refusal(&store, work(NOBODY, newer.revision)).await, USER_GONE);
    assert_eq!(user(&store, alice.id).await, newer);
    assert_eq!(commit(&store, work(alice.id, newer.revision)).await, [Outcome::Unsent(Vec::new())]);
    assert_eq!(must(store.find_user(alice.id).await), None);
}

pub async fn the_security_version_grows_with_address_status_and_roles(store: Arc<dyn Store>) {
    let edits: [(&str, Edit); 4] = [
        ("address", |values| values.email = must(EmailAddress::parse("new@example.com"))),
        ("status", |values| values.active = false),
        ("another role", |values| values.roles = vec![ADMIN_ROLE.to_owned()]),
        ("one role more", |values| values.roles.push("auditor".to_owned())),
    ];
    let mut alice = insert(&store, "alice").await;
    for (what, edit) in edits {
        let updated = update(&store, &alice, edit).await;
        assert!(updated.security_version > alice.security_version, "{what}");
        assert_eq!(credentials(&store, alice.id).await.security_version, updated.security_version, "{what}");
        alice = updated;
    }
}

pub async fn the_security_version_stays_when_nothing_else_changes(store: Arc<dyn Store>) {
    let edits: [(&str, Edit); 7] = [
        ("nothing", |_| {}),
        ("user name", |values| values.username = must(Username::parse("alice_the_second"))),
        ("case of the address", |values| values.email = must(EmailAddress::parse("ALICE@example.com"))),
        ("names", |values| values.first_name = "Alicia".to_owned()),
        ("age", |values| values.age = 30),
        ("verified address", |values| values.email_verified = true),
        ("profile", |values| values.profile = Some(Profile::default())),
    ];
    let mut alice = insert(&store, "alice").await;
    for (what, edit) in edits {
        let updated = update(&store, &alice, edit).await;
        assert!(updated.revision > alice.revision, "{what}");
        assert_eq!(updated.security_version, alice.security_version, "{what}");
        alice = updated;
    }
}

pub async fn setting_a_password_keeps_it_and_raises_both_versions(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let work = UnitOfWork::new().set_password(alice.id, password("new"), alice.security_version, at(60));
    assert_eq!(commit(&store, work.clone()).await, [Outcome::Done]);
    let after = user(&store, alice.id).await;
    assert!(after.revision > alice.revision && after.security_version > alice.security_version, "{after:?}");
    assert_eq!((&after.values, after.created_at, after.updated_at), (&alice.values, at(0), at(60)));
    let kept = credentials(&store, alice.id).await;
    assert_eq!((kept.hash, kept.security_version), (Some(password("new")), after.security_version));
    assert_eq!(credentials(&store, bob.id).await.hash, None);
    assert_eq!(refusal(&store, work).await, USER_GONE, "the version it carries is old now");
    let missing = UnitOfWork::new().set_password(NOBODY, password("new"), 1, at(60));
    assert_eq!(refusal(&store, missing).await, USER_GONE);
}

pub async fn a_better_hash_of_the_same_password_raises_no_version(store: Arc<dyn Store>) {
    let alice = insert_with_password(&store, user_values("alice")).await;
    let bob = insert_with_password(&store, user_values("bob")).await;
    let rehash = |version| UnitOfWork::new().rehash(alice.id, password("costlier"), version);
    for version in [alice.security_version + 1, 0, -1] {
        assert_eq!(refusal(&store, rehash(version)).await, USER_GONE, "{version}");
    }
    assert_eq!(credentials(&store, alice.id).await.hash, Some(password("first")));
    for _ in 0..2 {
        assert_eq!(commit(&store, rehash(alice.security_version)).await, [Outcome::Done]);
    }
    assert_eq!(user(&store, alice.id).await, alice, "not even the time of its last change is another");
    let kept = credentials(&store, alice.id).await;
    assert_eq!((kept.hash, kept.security_version), (Some(password("costlier")), alice.security_version));
    assert_eq!(credentials(&store, bob.id).await.hash, Some(password("first")));
}

pub async fn an_update_leaves_the_password_alone(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let work = UnitOfWork::new().set_password(alice.id, password("old"), alice.security_version, at(1));
    commit(&store, work).await;
    let alice = user(&store, alice.id).await;
    update(&store, &alice, |values| values.active = false).await;
    assert_eq!(credentials(&store, alice.id).await.hash, Some(password("old")));
}

pub async fn confirming_an_address_raises_the_revision_once(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let verify = |seconds| UnitOfWork::new().verify_email(alice.id, at(seconds));
    assert_eq!(commit(&store, verify(60)).await, [Outcome::Done]);
    let first = user(&store, alice.id).await;
    assert!(first.values.email_verified && first.revision > alice.revision, "{first:?}");
    assert_eq!((first.security_version, first.updated_at), (alice.security_version, at(60)));
    assert_eq!(commit(&store, verify(120)).await, [Outcome::Done]);
    assert_eq!(user(&store, alice.id).await, first);
}

pub async fn expecting_a_user_writes_nothing(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let expect = |version| UnitOfWork::new().expect_user(alice.id, version);
    assert_eq!(commit(&store, expect(alice.security_version)).await, [Outcome::Done]);
    assert_eq!(user(&store, alice.id).await, alice);
    for version in [alice.security_version + 1, 0, -1] {
        assert_eq!(refusal(&store, expect(version)).await, USER_GONE, "{version}");
    }
    assert_eq!(refusal(&store, UnitOfWork::new().expect_user(NOBODY, 1)).await, USER_GONE);
}

pub async fn tokens_sessions_and_mail_leave_the_versions_alone(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let context = AccessContext::system();
    let work = UnitOfWork::new()
        .put_token(alice.id, RESET, hash(1), at(60))
        .consume_token(alice.id, RESET, hash(1), at(1))
        .revoke_tokens(alice.id)
        .insert_session(session(alice.id, hash(2)))
        .revoke_sessions(alice.id, None)
        .enqueue_mail(NewMailJob::new(MailJob::PasswordChanged { user: alice.id.into() }, &context, at(1)));
    commit(&store, work).await;
    assert_eq!(user(&store, alice.id).await, alice);
}
