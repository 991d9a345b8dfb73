use std::sync::Arc;

use chrono::Duration;
use denizen_services::{
    TokenPurpose,
    store::{Change, Outcome, Store, StoredToken, UnitOfWork},
};

use crate::{
    contract::verbs::{RESET, TOKEN_GONE, address, at, commit, hash, insert, refusal, token},
    must,
};

pub async fn a_token_is_found_until_it_is_consumed_even_if_it_expired(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let put = UnitOfWork::new().put_token(alice.id, RESET, hash(1), at(600));
    assert_eq!(commit(&store, put).await, [Outcome::Done]);
    let stored = Some(StoredToken { user: alice.id, expires_at: at(600), address: None });
    assert_eq!(token(&store, hash(1)).await, stored, "no clock is asked: expired or not");
    assert_eq!(token(&store, hash(2)).await, None);
    let consume = UnitOfWork::new().consume_token(alice.id, RESET, hash(1), at(1));
    assert_eq!(commit(&store, consume.clone()).await, [Outcome::Done]);
    assert_eq!(token(&store, hash(1)).await, None);
    assert_eq!(refusal(&store, consume).await, TOKEN_GONE);
    assert_eq!(commit(&store, UnitOfWork::new().revoke_tokens(alice.id)).await, [Outcome::Count(0)]);
}

pub async fn a_token_is_dead_from_the_instant_it_expires(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let expires_at = at(600) + Duration::microseconds(1);
    commit(&store, UnitOfWork::new().put_token(alice.id, RESET, hash(1), expires_at)).await;
    let consume_at = |now| UnitOfWork::new().consume_token(alice.id, RESET, hash(1), now);
    assert_eq!(refusal(&store, consume_at(expires_at + Duration::days(1))).await, TOKEN_GONE);
    assert_eq!(refusal(&store, consume_at(expires_at)).await, TOKEN_GONE);
    assert!(token(&store, hash(1)).await.is_some(), "a refused attempt removes nothing");
    commit(&store, consume_at(expires_at - Duration::microseconds(1))).await;
    assert_eq!(token(&store, hash(1)).await, None);
}

pub async fn a_token_opens_nothing_for_another_user_hash_or_purpose(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let put = UnitOfWork::new().put_token(alice.id, RESET, hash(1), at(600));
    commit(&store, put.put_token(bob.id, RESET, hash(2), at(600))).await;
    let consume = |user, purpose, hash| UnitOfWork::new().consume_token(user, purpose, hash, at(1));
    assert_eq!(refusal(&store, consume(bob.id, RESET, hash(1))).await, TOKEN_GONE);
    assert_eq!(refusal(&store, consume(alice.id, RESET, hash(2))).await, TOKEN_GONE);
    assert_eq!(refusal(&store, consume(alice.id, RESET, hash(3))).await, TOKEN_GONE);
    for other in TokenPurpose::ALL.into_iter().filter(|purpose| *purpose != RESET) {
        assert_eq!(refusal(&store, consume(alice.id, other, hash(1))).await, TOKEN_GONE, "{other:?}");
        assert_eq!(must(store.find_token(other, &hash(1)).await), None, "{other:?}");
    }
    assert!(token(&store, hash(1)).await.is_some() && token(&store, hash(2)).await.is_some());
    commit(&store, consume(alice.id, RESET, hash(1))).await;
    assert!(token(&store, hash(2)).await.is_some(), "consuming one leaves the others");
}

pub async fn a_new_token_replaces_the_one_of_the_same_user_and_purpose(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let put = |user, byte, until| UnitOfWork::new().put_token(user, RESET, hash(byte), at(until));
    commit(&store, put(bob.id, 9, 600)).await;
    commit(&store, put(alice.id, 1, 600)).await;
    commit(&store, put(alice.id, 2, 700)).await;
    assert_eq!(token(&store, hash(1)).await, None);
    let newest = Some(StoredToken { user: alice.id, expires_at: at(700), address: None });
    assert_eq!(token(&store, hash(2)).await, newest);
    let consume = |byte| UnitOfWork::new().consume_token(alice.id, RESET, hash(byte), at(1));
    assert_eq!(refusal(&store, consume(1)).await, TOKEN_GONE);
    assert!(token(&store, hash(9)).await.is_some(), "others keep theirs");
    commit(&store, put(alice.id, 2, 800)).await;
    let renewed = Some(StoredToken { user: alice.id, expires_at: at(800), address: None });
    assert_eq!(token(&store, hash(2)).await, renewed, "the same token again, good for longer");
    let others = TokenPurpose::ALL.into_iter().filter(|purpose| *purpose != RESET);
    for (byte, purpose) in (10..).zip(others) {
        commit(&store, UnitOfWork::new().put_token(alice.id, purpose, hash(byte), at(600))).await;
    }
    assert!(token(&store, hash(2)).await.is_some(), "other purposes do not replace it");
}

pub async fn a_token_keeps_the_address_that_it_proves(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let purpose = TokenPurpose::EmailChange;
    let put = |byte, address| Change::PutToken {
        user: alice.id.into(),
        purpose,
        hash: hash(byte),
        expires_at: at(600),
        address,
    };
    let find = async |byte| must(store.find_token(purpose, &hash(byte)).await);
    let stored = |address| Some(StoredToken { user: alice.id, expires_at: at(600), address });
    for (byte, text) in [(1, "New.Address@Example.COM"), (2, "other@example.com")] {
        commit(&store, UnitOfWork::new().with(put(byte, Some(address(text))))).await;
        assert_eq!(find(byte).await, stored(Some(address(text))), "as it was typed");
    }
    assert_eq!(find(1).await, None);
    commit(&store, UnitOfWork::new().with(put(3, None))).await;
    assert_eq!(find(3).await, stored(None));
    assert_eq!(find(2).await, None);
}

pub async fn revoking_removes_every_token_of_the_user_and_counts_them(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    commit(&store, UnitOfWork::new().put_token(bob.id, RESET, hash(99), at(600))).await;
    for (byte, purpose) in (1..).zip(TokenPurpose::ALL) {
        commit(&store, UnitOfWork::new().put_token(alice.id, purpose, hash(byte), at(600))).await;
    }
    let revoke = || UnitOfWork::new().revoke_tokens(alice.id);
    let all = Outcome::Count(TokenPurpose::ALL.len() as u64);
    assert_eq!(commit(&store, revoke()).await, [all]);
    for (byte, purpose) in (1..).zip(TokenPurpose::ALL) {
        assert_eq!(must(store.find_token(purpose, &hash(byte)).await), None, "{purpose:?}");
    }
    assert_eq!(commit(&store, revoke()).await, [Outcome::Count(0)]);
    assert!(token(&store, hash(99)).await.is_some());
}

pub async fn the_tokens_of_a_deleted_user_are_gone(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let put = UnitOfWork::new().put_token(alice.id, RESET, hash(1), at(600));
    commit(&store, put.put_token(bob.id, RESET, hash(2), at(600))).await;
    commit(&store, UnitOfWork::new().delete_user(alice.id, None)).await;
    assert_eq!(token(&store, hash(1)).await, None);
    assert!(token(&store, hash(2)).await.is_some());
}

pub async fn the_tokens_of_one_user_are_listed(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let email = address("new@example.com");
    let work = UnitOfWork::new()
        .put_token_for(email.clone(), alice.id, TokenPurpose::EmailChange, hash(1), at(600))
        .put_token(alice.id, RESET, hash(2), at(-600))
        .put_token(bob.id, RESET, hash(3), at(600));
    commit(&store, work).await;
    let stored = |expires_at, address| StoredToken { user: alice.id, expires_at, address };
    let expected =
        [(RESET, stored(at(-600), None)), (TokenPurpose::EmailChange, stored(at(600), Some(email)))];
    assert_eq!(must(store.list_tokens(alice.id).await), expected, "expired or not");
    commit(&store, UnitOfWork::new().revoke_tokens(alice.id)).await;
    assert_eq!(must(store.list_tokens(alice.id).await), []);
    assert_eq!(must(store.list_tokens(bob.id).await).len(), 1);
}
