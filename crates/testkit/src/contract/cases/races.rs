//! Many callers at once, and callers who go away.

use std::sync::Arc;

use denizen_models::UserValues;
use denizen_services::store::{
    CommitError, MailJob, PageRequest, Store, UniqueKey, UnitOfWork, UserFilter, UserSort,
};
use tokio::task::JoinSet;

use super::mail_queue::request;
use crate::{
    contract::examples::event,
    contract::verbs::{
        QUEUE_FULL, RESET, TOKEN_GONE, USER_GONE, at, audit, begin_and_abandon, commit, credentials, hash,
        insert, mail_jobs, password, race, snapshot, token, user,
    },
    must, user_values,
};

/// Security checklist: 14.
pub async fn of_fifty_confirmations_of_one_token_one_succeeds(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    commit(&store, UnitOfWork::new().put_token(alice.id, RESET, hash(1), at(600))).await;
    let confirmation = |number: u8| {
        UnitOfWork::new()
            .consume_token(alice.id, RESET, hash(1), at(1))
            .set_password(alice.id, password(&number.to_string()), alice.security_version, at(1))
            .revoke_sessions(alice.id, None)
            .revoke_tokens(alice.id)
            .record(event(alice.id))
    };
    assert_eq!(race(&store, 50, confirmation, TOKEN_GONE).await, 1);
    assert_eq!(token(&store, hash(1)).await, None);
    assert_eq!(audit(&store).await.len(), 1, "the losers left nothing");
    assert!(credentials(&store, alice.id).await.hash.is_some());
}

pub async fn of_fifty_insertions_of_one_name_or_address_one_succeeds(store: Arc<dyn Store>) {
    let named = |number: u8| {
        let email = user_values(&format!("alice_{number}")).email;
        UnitOfWork::new().insert_user(UserValues { email, ..user_values("alice") }, None, at(0))
    };
    assert_eq!(race(&store, 50, named, CommitError::Conflict(UniqueKey::Username)).await, 1);
    let addressed = |number: u8| {
        let username = user_values(&format!("bob_{number}")).username;
        UnitOfWork::new().insert_user(UserValues { username, ..user_values("bob") }, None, at(0))
    };
    assert_eq!(race(&store, 50, addressed, CommitError::Conflict(UniqueKey::Email)).await, 1);
    assert_eq!(must(store.count_users(&UserFilter::default()).await), 2);
}

pub async fn of_fifty_changes_of_one_version_one_succeeds(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let update = |number: u8| {
        let values = UserValues { age: number, ..alice.values.clone() };
        UnitOfWork::new().update_user(alice.id, alice.revision, values, at(1))
    };
    assert_eq!(race(&store, 50, update, USER_GONE).await, 1);
    let set_password = |number: u8| {
        UnitOfWork::new().set_password(alice.id, password(&number.to_string()), alice.security_version, at(2))
    };
    assert_eq!(race(&store, 50, set_password, USER_GONE).await, 1);
}

pub async fn of_fifty_deletions_one_succeeds(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    assert_eq!(race(&store, 50, |_| UnitOfWork::new().delete_user(alice.id, None), USER_GONE).await, 1);
    assert_eq!(snapshot(&store).await.users, []);
}

pub async fn of_changes_and_deletions_of_one_revision_one_succeeds(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let change_or_delete = |number: u8| match number % 2 {
        0 => UnitOfWork::new().update_user(alice.id, alice.revision, alice.values.clone(), at(1)),
        _ => UnitOfWork::new().delete_user(alice.id, Some(alice.revision)),
    };
    assert_eq!(race(&store, 50, change_or_delete, USER_GONE).await, 1);
    let left = must(store.find_user(alice.id).await);
    assert!(left.is_none_or(|user| user.revision == alice.revision + 1), "the one change");
}

pub async fn requests_that_race_for_one_address_become_one_job(store: Arc<dyn Store>) {
    let ask = |_| UnitOfWork::new().enqueue_mail(request("alice@example.com", 0, 2));
    assert_eq!(race(&store, 40, ask, QUEUE_FULL).await, 40);
    let jobs: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| (job.mail, job.generation)).collect();
    assert_eq!(jobs, [(MailJob::PasswordReset { address: "alice@example.com".to_owned() }, 40)]);
}

pub async fn requests_that_race_for_the_last_room_do_not_overfill_it(store: Arc<dyn Store>) {
    let ask = |number| UnitOfWork::new().enqueue_mail(request(&format!("u{number}@example.com"), 0, 7));
    assert_eq!(race(&store, 40, ask, QUEUE_FULL).await, 7);
    assert_eq!(mail_jobs(&store).await.len(), 7);
}

pub async fn ids_grow_even_when_insertions_race(store: Arc<dyn Store>) {
    let insertion =
        |number| UnitOfWork::new().insert_user(user_values(&format!("user_{number}")), None, at(0));
    assert_eq!(race(&store, 50, insertion, CommitError::Conflict(UniqueKey::Username)).await, 50);
    let all = PageRequest { sort: UserSort::Id, after: None, limit: 100 };
    let users = must(store.list_users(&UserFilter::default(), &all).await).users;
    assert!(users.windows(2).all(|pair| pair[0].id < pair[1].id), "fifty ids, all different");
    let newest = insert(&store, "newest").await;
    assert!(users.iter().all(|user| user.id < newest.id), "and all smaller than the next one");
}

pub async fn a_read_begun_after_the_answer_sees_the_commit(store: Arc<dyn Store>) {
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let store = store.clone();
        callers.spawn(async move {
            let mut last = insert(&store, &format!("caller_{caller}")).await;
            for round in 0..25_u8 {
                let work = UnitOfWork::new().set_password(
                    last.id,
                    password(&round.to_string()),
                    last.security_version,
                    at(1),
                );
                commit(&store, work).await;
                let kept = credentials(&store, last.id).await;
                assert_eq!(kept.hash, Some(password(&round.to_string())), "caller {caller}");
                last = user(&store, last.id).await;
                assert_eq!(last.security_version, kept.security_version, "caller {caller}");
            }
            last
        });
    }
    assert_eq!(callers.join_all().await.len(), 8);
}

pub async fn a_commit_happens_even_if_its_caller_goes_away(store: Arc<dyn Store>) {
    for number in 0..20_u8 {
        let name = format!("orphan_{number}");
        let orphan = UnitOfWork::new().insert_user(user_values(&name), None, at(0));
        begin_and_abandon(store.commit(orphan)).await;
        let found = async || must(store.find_user_by_username(&user_values(&name).username).await).is_some();
        // Nobody is left to wait for it; what is committed later gives it the time that it needs.
        for _ in 0..200 {
            if found().await {
                break;
            }
            commit(&store, UnitOfWork::new().revoke_tokens(crate::contract::verbs::NOBODY)).await;
        }
        assert!(found().await, "{name}");
    }
}

pub async fn a_store_answers_a_ping(store: Arc<dyn Store>) {
    assert_eq!(store.ping().await, Ok(()));
}
