//! What was decided on an earlier reading of a user does not happen if the user's credentials, status or roles changed
//! in between: the rule of the security version, one case per decision.

use std::sync::Arc;

use denizen_models::{ADMIN_ROLE, EmailAddress, Profile, User, Username};
use denizen_services::{
    TokenHash,
    store::{Store, UnitOfWork},
};

use crate::{
    contract::verbs::{
        RESET, USER_GONE, at, changed, commit, find_session, insert, password, refusal, session, snapshot,
        token,
    },
    must,
};

type Work = fn(&User) -> UnitOfWork;

/// What somebody else does between the reading and the writing, and must not be overrun.
const DISTURBANCES: [(&str, Work); 5] = [
    ("password", |user| {
        UnitOfWork::new().set_password(user.id, password("theirs"), user.security_version, at(1))
    }),
    ("address", |user| {
        let email = must(EmailAddress::parse(&format!("new_{}@example.com", user.id)));
        UnitOfWork::new().update_user(user.id, user.revision, changed(user, |v| v.email = email), at(1))
    }),
    ("status", |user| {
        UnitOfWork::new().update_user(user.id, user.revision, changed(user, |v| v.active = false), at(1))
    }),
    ("roles", |user| {
        let roles = vec![ADMIN_ROLE.to_owned()];
        UnitOfWork::new().update_user(user.id, user.revision, changed(user, |v| v.roles = roles), at(1))
    }),
    ("deletion", |user| UnitOfWork::new().delete_user(user.id, None)),
];

/// What somebody else may do without being in the way.
const HARMLESS: [(&str, Work); 4] = [
    ("profile", |user| {
        let values = changed(user, |values| values.profile = Some(Profile::default()));
        UnitOfWork::new().update_user(user.id, user.revision, values, at(1))
    }),
    ("user name", |user| {
        let name = must(Username::parse(&format!("new_{}", user.id)));
        UnitOfWork::new().update_user(user.id, user.revision, changed(user, |v| v.username = name), at(1))
    }),
    ("confirmed address", |user| UnitOfWork::new().verify_email(user.id, at(1))),
    ("other session", |user| UnitOfWork::new().insert_session(session(user.id, own_hash(user, 1)))),
];

/// A hash that no other user of the case has.
fn own_hash(user: &User, salt: u8) -> TokenHash {
    let mut bytes = [salt; 32];
    bytes[..8].copy_from_slice(&user.id.get().to_be_bytes());
    TokenHash::from_bytes(bytes)
}

const PUT_TOKEN: Work = |user| {
    UnitOfWork::new().expect_user(user.id, user.security_version).put_token(
        user.id,
        RESET,
        own_hash(user, 2),
        at(600),
    )
};
const SET_PASSWORD: Work =
    |user| UnitOfWork::new().set_password(user.id, password("mine"), user.security_version, at(2));
const REHASH: Work = |user| UnitOfWork::new().rehash(user.id, password("costlier"), user.security_version);
const INSERT_SESSION: Work = |user| {
    UnitOfWork::new()
        .expect_user(user.id, user.security_version)
        .insert_session(session(user.id, own_hash(user, 2)))
};
const DELETE: Work = |user| UnitOfWork::new().delete_user(user.id, Some(user.revision));
const UPDATE: Work = |user| {
    let values = changed(user, |values| values.last_name = "Mine".to_owned());
    UnitOfWork::new().update_user(user.id, user.revision, values, at(2))
};

/// `decision` was made on a reading of the user that each disturbance made stale: nothing of it happens.
async fn comes_too_late(store: &Arc<dyn Store>, decision: Work) {
    for (number, (disturbance, disturb)) in DISTURBANCES.into_iter().enumerate() {
        let reading = insert(store, &format!("late_{number}")).await;
        commit(store, disturb(&reading)).await;
        let before = snapshot(store).await;
        assert_eq!(refusal(store, decision(&reading)).await, USER_GONE, "{disturbance}");
        assert_eq!(snapshot(store).await, before, "{disturbance}");
        assert_eq!(token(store, own_hash(&reading, 2)).await, None, "{disturbance}");
        assert_eq!(find_session(store, own_hash(&reading, 2)).await, None, "{disturbance}");
    }
}

async fn is_not_disturbed(store: &Arc<dyn Store>, decision: Work) {
    for (number, (change, happen)) in HARMLESS.into_iter().enumerate() {
        let reading = insert(store, &format!("calm_{number}")).await;
        commit(store, happen(&reading)).await;
        let answer = store.commit(decision(&reading)).await;
        assert!(answer.is_ok(), "{change}: {answer:?}");
    }
}

/// Security checklist: 19.
pub async fn no_token_is_put_on_a_stale_reading(store: Arc<dyn Store>) {
    comes_too_late(&store, PUT_TOKEN).await;
    is_not_disturbed(&store, PUT_TOKEN).await;
}

/// Security checklist: 25.
pub async fn no_password_is_set_on_a_stale_reading(store: Arc<dyn Store>) {
    comes_too_late(&store, SET_PASSWORD).await;
    is_not_disturbed(&store, SET_PASSWORD).await;
}

pub async fn no_password_is_rehashed_on_a_stale_reading(store: Arc<dyn Store>) {
    comes_too_late(&store, REHASH).await;
    is_not_disturbed(&store, REHASH).await;
}

/// Security checklist: 45.
pub async fn no_session_is_opened_on_a_stale_reading(store: Arc<dyn Store>) {
    comes_too_late(&store, INSERT_SESSION).await;
    is_not_disturbed(&store, INSERT_SESSION).await;
}

pub async fn no_value_is_replaced_on_a_stale_reading(store: Arc<dyn Store>) {
    comes_too_late(&store, UPDATE).await;
    is_disturbed_by_values(&store, UPDATE).await;
}

pub async fn no_user_is_deleted_on_a_stale_reading(store: Arc<dyn Store>) {
    comes_too_late(&store, DELETE).await;
    is_disturbed_by_values(&store, DELETE).await;
}

/// An update and a deletion touch everything, so that even a changed profile must stop them; sessions are not values.
async fn is_disturbed_by_values(store: &Arc<dyn Store>, decision: Work) {
    for (number, (change, happen)) in HARMLESS.into_iter().enumerate() {
        let reading = insert(store, &format!("calm_{number}")).await;
        commit(store, happen(&reading)).await;
        let expected = if change == "other session" { Ok(()) } else { Err(USER_GONE) };
        assert_eq!(store.commit(decision(&reading)).await.map(|_| ()), expected, "{change}");
    }
}
