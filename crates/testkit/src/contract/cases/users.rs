use std::sync::Arc;

use denizen_models::Username;
use denizen_services::store::{AuditQuery, CommitError, Outcome, SessionId, Store, UniqueKey, UnitOfWork};

use crate::{
    contract::examples::{event, notice},
    contract::verbs::{
        NOBODY, RESET, SESSION_GONE, USER_GONE, address, at, changed, commit, credentials, hash, insert,
        insert_values, mail_jobs, password, refusal, session, snapshot, update, user,
    },
    must, user_values,
};

const NAME_TAKEN: CommitError = CommitError::Conflict(UniqueKey::Username);
const ADDRESS_TAKEN: CommitError = CommitError::Conflict(UniqueKey::Email);

fn username(text: &str) -> Username {
    must(Username::parse(text))
}

pub async fn an_inserted_user_is_found_by_id_name_and_address(store: Arc<dyn Store>) {
    let values = user_values("alice");
    let work = UnitOfWork::new().insert_user(values.clone(), None, at(7));
    let id = must(must(store.commit(work).await).user());
    let alice = user(&store, id).await;
    assert_eq!((alice.id, &alice.values), (id, &values));
    assert_eq!((alice.created_at, alice.updated_at), (at(7), at(7)));
    assert_eq!(must(store.find_user_by_username(&values.username).await).as_ref(), Some(&alice));
    assert_eq!(must(store.find_user_by_email(&values.email).await).as_ref(), Some(&alice));
}

pub async fn names_and_addresses_are_found_whatever_their_case(store: Arc<dyn Store>) {
    let alice = insert(&store, "Alice_Dev").await;
    assert_eq!(alice.values.username.as_str(), "Alice_Dev", "it is kept as typed");
    for text in ["alice_dev", "ALICE_DEV"] {
        let found = must(store.find_user_by_username(&username(text)).await);
        assert_eq!(found.as_ref(), Some(&alice), "{text}");
        let found = must(store.find_user_by_email(&address(&format!("{text}@EXAMPLE.com"))).await);
        assert_eq!(found.as_ref(), Some(&alice), "{text}");
    }
}

pub async fn what_is_not_there_is_none_and_no_error(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    assert_eq!(must(store.find_user(NOBODY).await), None);
    assert_eq!(must(store.find_user_by_username(&username("alic")).await), None);
    assert_eq!(must(store.find_user_by_email(&address("lice@example.com")).await), None);
    assert_eq!(must(store.find_credentials(NOBODY).await), None);
}

pub async fn the_first_password_is_kept_and_may_be_missing(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    assert_eq!(credentials(&store, alice.id).await.hash, None);
    let work = UnitOfWork::new().insert_user(user_values("bob"), Some(password("first")), at(0));
    let bob = must(must(store.commit(work).await).user());
    assert_eq!(credentials(&store, bob).await.hash, Some(password("first")));
    assert_eq!(credentials(&store, bob).await.security_version, user(&store, bob).await.security_version);
}

pub async fn a_taken_name_is_a_conflict_whatever_its_case(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    let mut values = user_values("ALICE");
    values.email = address("other@example.com");
    let work = UnitOfWork::new().insert_user(values, None, at(0));
    assert_eq!(refusal(&store, work).await, NAME_TAKEN);
}

pub async fn a_taken_address_is_a_conflict_whatever_its_case(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    let mut values = user_values("other");
    values.email = address("Alice@Example.COM");
    let work = UnitOfWork::new().insert_user(values, None, at(0));
    assert_eq!(refusal(&store, work).await, ADDRESS_TAKEN);
}

pub async fn the_name_is_looked_at_before_the_address(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    let work = UnitOfWork::new().insert_user(user_values("alice"), None, at(0));
    assert_eq!(refusal(&store, work).await, NAME_TAKEN);
    // Also if they belong to two users, and the address to the older one.
    insert(&store, "bob").await;
    let mut values = user_values("bob");
    values.email = address("alice@example.com");
    let work = UnitOfWork::new().insert_user(values.clone(), None, at(0));
    assert_eq!(refusal(&store, work).await, NAME_TAKEN);
    let carol = insert(&store, "carol").await;
    let work = UnitOfWork::new().update_user(carol.id, carol.revision, values, at(0));
    assert_eq!(refusal(&store, work).await, NAME_TAKEN);
}

pub async fn an_update_cannot_take_the_name_or_the_address_of_another(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    let bob = insert(&store, "bob").await;
    let before = snapshot(&store).await;
    let name = changed(&bob, |values| values.username = username("ALICE"));
    let work = UnitOfWork::new().update_user(bob.id, bob.revision, name, at(1));
    assert_eq!(refusal(&store, work).await, NAME_TAKEN);
    let mail = changed(&bob, |values| values.email = address("ALICE@example.com"));
    let work = UnitOfWork::new().update_user(bob.id, bob.revision, mail, at(1));
    assert_eq!(refusal(&store, work).await, ADDRESS_TAKEN);
    assert_eq!(snapshot(&store).await, before);
}

pub async fn an_update_may_change_the_case_of_its_own_name_and_address(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let alice = update(&store, &alice, |values| {
        values.username = username("ALICE");
        values.email = address("Alice@Example.com");
    })
    .await;
    assert_eq!(alice.values.username.as_str(), "ALICE");
    assert_eq!(alice.values.email.as_str(), "Alice@Example.com");
    assert_eq!(must(store.find_user_by_username(&username("alice")).await), Some(alice));
}

pub async fn names_and_addresses_are_free_again_after_an_update_or_a_delete(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let old = alice.values.clone();
    let moved = update(&store, &alice, |values| {
        values.username = username("alice2");
        values.email = address("alice2@example.com");
    })
    .await;
    assert_eq!(must(store.find_user_by_username(&old.username).await), None);
    assert_eq!(must(store.find_user_by_email(&old.email).await), None);
    let second = insert(&store, "alice").await;
    assert_eq!(must(store.find_user_by_username(&old.username).await), Some(second));
    commit(&store, UnitOfWork::new().delete_user(moved.id, None)).await;
    assert_eq!(must(store.find_user_by_username(&moved.values.username).await), None);
    let third = insert_values(&store, moved.values.clone()).await;
    assert_eq!(must(store.find_user_by_email(&moved.values.email).await), Some(third));
}

pub async fn user_ids_only_grow_and_none_is_given_twice(store: Arc<dyn Store>) {
    let mut last = insert(&store, "user_0").await.id;
    assert!(last.get() > 0, "{last}");
    for number in 1..10 {
        // Deleting the newest is what tempts a store to give its number again.
        if number % 2 == 0 {
            commit(&store, UnitOfWork::new().delete_user(last, None)).await;
        }
        if number % 3 == 0 {
            let failing =
                UnitOfWork::new().insert_user(user_values("nobody"), None, at(0)).delete_user(NOBODY, None);
            assert_eq!(refusal(&store, failing).await, USER_GONE);
        }
        let next = insert(&store, &format!("user_{number}")).await.id;
        assert!(next > last, "{next} after {last}");
        last = next;
    }
}

pub async fn skipped_ids_are_given_to_nothing(store: Arc<dyn Store>) {
    let skip = 1_000;
    let give = async |name| {
        let byte = if name == "alice" { 1 } else { 2 };
        let user = insert(&store, name).await.id;
        let work = UnitOfWork::new().insert_session(session(user, hash(byte))).enqueue_mail(notice(user));
        commit(&store, work.record(event(user))).await;
        let session = must(store.list_sessions(user).await)[0].id.0;
        let (job, audit) =
            (mail_jobs(&store).await, must(store.list_audit_records(&AuditQuery::newest(1)).await));
        [user.get(), session, job[job.len() - 1].id.0, audit[0].id.0]
    };
    // Also ids of kinds that had no row yet.
    commit(&store, UnitOfWork::new().skip_ids(skip)).await;
    let before = give("alice").await;
    assert!(before.iter().all(|id| *id > i64::from(skip)), "{before:?}");
    commit(&store, UnitOfWork::new().skip_ids(skip)).await;
    let after = give("bob").await;
    for (before, after) in before.into_iter().zip(after) {
        assert!(after > before + i64::from(skip), "{after} after {before}");
    }
}

pub async fn a_deleted_user_is_gone_and_can_be_deleted_once(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let delete = || UnitOfWork::new().delete_user(alice.id, None);
    assert_eq!(commit(&store, delete()).await, [Outcome::Unsent(Vec::new())]);
    assert_eq!(must(store.find_user(alice.id).await), None);
    assert_eq!(must(store.find_user_by_username(&alice.values.username).await), None);
    assert_eq!(must(store.find_user_by_email(&alice.values.email).await), None);
    assert_eq!(must(store.find_credentials(alice.id).await), None);
    assert_eq!(refusal(&store, delete()).await, USER_GONE);
    assert_eq!(user(&store, bob.id).await, bob);
}

pub async fn nothing_can_be_given_to_a_deleted_user(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    commit(&store, UnitOfWork::new().delete_user(alice.id, None)).await;
    let before = snapshot(&store).await;
    let new = UnitOfWork::new;
    let values = changed(&alice, |values| values.age = 40);
    for work in [
        new().expect_user(alice.id, alice.security_version),
        new().update_user(alice.id, alice.revision, values, at(1)),
        new().set_password(alice.id, password("new"), alice.security_version, at(1)),
        new().rehash(alice.id, password("costlier"), alice.security_version),
        new().insert_session(session(alice.id, hash(1))),
        new().put_token(alice.id, RESET, hash(1), at(9)),
        new().enqueue_mail(notice(alice.id)),
    ] {
        assert_eq!(refusal(&store, work.clone()).await, USER_GONE, "{work:?}");
    }
    let harmless = new().verify_email(alice.id, at(1)).revoke_tokens(alice.id);
    let harmless = harmless.revoke_sessions(alice.id, Some(SessionId(1))).trim_sessions(alice.id, 0);
    let nothing = Outcome::Count(0);
    assert_eq!(commit(&store, harmless).await, [Outcome::Done, nothing.clone(), nothing.clone(), nothing]);
    assert_eq!(refusal(&store, new().revoke_session(alice.id, SessionId(1))).await, SESSION_GONE);
    assert_eq!(snapshot(&store).await, before);
}
