//! How many users have a password hash of which scheme.

use std::sync::Arc;

use denizen_services::{
    PasswordHash,
    store::{PasswordScheme, Store, UnitOfWork},
};

use crate::{
    contract::verbs::{NOBODY, USER_GONE, at, commit, credentials, refusal, user},
    must, user_values,
};

/// A hash and its scheme.
type Example = (&'static str, &'static str);

const OWN: Example =
    ("$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$b3V0cHV0", "$argon2id$v=19$m=64,t=2,p=1$AAAAAAAAAAA$AAAAAAAA");
const DEARER: Example = (
    "$argon2id$v=19$m=128,t=2,p=1$c2FsdHNhbHQ$b3V0cHV0",
    "$argon2id$v=19$m=128,t=2,p=1$AAAAAAAAAAA$AAAAAAAA",
);
const IMPORTED: Example = (
    "$imported$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$b3V0cHV0",
    "$imported$argon2id$v=19$m=64,t=2,p=1$AAAAAAAAAAA$AAAAAAAA",
);
const BCRYPT: Example = (
    "$2b$04$CfYVFcBukAlmwRX6mQMYMe9hYTJcpE.kk0zbrguZpD09lN48E3pwm",
    "$2b$04$.....................................................",
);
const PASSLIB: Example = (
    "$pbkdf2-sha256$1000$bO3dm9Pa.58z5vyf09r7Xw$kbVs46XD4t0jraBSc4swPRFWLq7AMNzUEmb7QVl9VaM",
    "$pbkdf2-sha256$1000$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
);

fn hash((hash, _): Example) -> PasswordHash {
    PasswordHash::new(hash.to_owned())
}

fn creation(name: &str, password: Option<Example>) -> UnitOfWork {
    UnitOfWork::new().insert_user(user_values(name), password.map(hash), at(0))
}

/// What the store says must be these, which are in the order of their text.
#[track_caller]
fn assert_are(schemes: Vec<PasswordScheme>, expected: &[(Example, u64)]) {
    let schemes: Vec<_> = schemes.iter().map(|found| (found.scheme.expose(), found.users)).collect();
    let expected: Vec<_> = expected.iter().map(|((_, scheme), users)| (*scheme, *users)).collect();
    assert_eq!(schemes, expected);
}

pub async fn schemes_are_counted_as_passwords_come_change_and_go(store: Arc<dyn Store>) {
    let schemes = async || must(store.list_password_schemes().await);
    assert_are(schemes().await, &[]);
    let mut users = Vec::new();
    for (name, password) in [
        ("alice", Some(OWN)),
        ("bob", Some(OWN)),
        ("carol", Some(IMPORTED)),
        ("dave", Some(BCRYPT)),
        ("erin", Some(PASSLIB)),
        ("frank", None),
    ] {
        let id = must(must(store.commit(creation(name, password)).await).user());
        users.push(user(&store, id).await);
    }
    assert_are(schemes().await, &[(BCRYPT, 1), (OWN, 2), (IMPORTED, 1), (PASSLIB, 1)]);
    let [alice, bob, carol, dave, erin, frank] = &users[..] else { return must(Err("six users")) };

    commit(&store, UnitOfWork::new().rehash(dave.id, hash(OWN), 1)).await;
    commit(&store, UnitOfWork::new().set_password(frank.id, hash(DEARER), 1, at(1))).await;
    commit(&store, UnitOfWork::new().set_password(alice.id, hash(OWN), 1, at(1))).await;
    let inactive = denizen_models::UserValues { active: false, ..bob.values.clone() };
    commit(&store, UnitOfWork::new().update_user(bob.id, 1, inactive, at(1))).await;
    assert_are(schemes().await, &[(DEARER, 1), (OWN, 3), (IMPORTED, 1), (PASSLIB, 1)]);

    let version = credentials(&store, alice.id).await.security_version;
    commit(&store, UnitOfWork::new().rehash(alice.id, hash(DEARER), version)).await;
    for gone in [carol.id, erin.id, dave.id] {
        commit(&store, UnitOfWork::new().delete_user(gone, None)).await;
    }
    assert_are(schemes().await, &[(DEARER, 2), (OWN, 1)]);
}

pub async fn the_schemes_of_a_unit_that_fails_are_not_counted(store: Arc<dyn Store>) {
    let alice = must(must(store.commit(creation("alice", Some(OWN))).await).user());
    let failing = |work: UnitOfWork| work.expect_user(NOBODY, 1);
    for work in [
        creation("bob", Some(BCRYPT)),
        UnitOfWork::new().rehash(alice, hash(DEARER), 1),
        UnitOfWork::new().delete_user(alice, None),
    ] {
        assert_eq!(refusal(&store, failing(work)).await, USER_GONE);
    }
    assert_are(must(store.list_password_schemes().await), &[(OWN, 1)]);
}
