//! People who want to become users.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::UserValues;
use denizen_services::store::{CommitError, Outcome, Registration, Store, UniqueKey, UnitOfWork, UserFilter};

use crate::{
    contract::verbs::{
        NOBODY, QUEUE_FULL, REGISTRATION_GONE, TOKEN_GONE, USER_GONE, address, at, commit, find_registration,
        hash, insert, password, race, refusal, registration, registration_by_token,
    },
    must, user_values,
};

const ROOM: u32 = 100;

fn put(registration: &Registration) -> UnitOfWork {
    UnitOfWork::new().put_registration(registration.clone(), ROOM)
}

/// Gives the registration of `name` a token.
fn put_token(name: &str, byte: u8, until: i64) -> UnitOfWork {
    UnitOfWork::new().put_registration_token(&user_values(name).email, hash(byte), at(until))
}

pub async fn a_registration_is_found_by_its_address_whatever_the_case(store: Arc<dyn Store>) {
    let typed = Registration {
        values: UserValues { email: address("Alice.Doe@Example.COM"), ..registration("Alice").values },
        ..registration("Alice")
    };
    assert_eq!(find_registration(&store, "alice.doe@example.com").await, None);
    assert_eq!(commit(&store, put(&typed)).await, [Outcome::Done]);
    for text in ["Alice.Doe@Example.COM", "alice.doe@example.com", "ALICE.DOE@EXAMPLE.COM"] {
        assert_eq!(find_registration(&store, text).await, Some(typed.clone()), "{text}");
    }
    for text in ["alice@example.com", "lice.doe@example.com", "alice.doe@example.co"] {
        assert_eq!(find_registration(&store, text).await, None, "{text}");
    }
    assert_eq!(must(store.count_users(&UserFilter::default()).await), 0, "it is no user yet");
}

pub async fn an_expired_registration_is_still_found(store: Arc<dyn Store>) {
    let expired = Registration { expires_at: at(-1), ..registration("alice") };
    commit(&store, put(&expired)).await;
    assert_eq!(find_registration(&store, "alice@example.com").await, Some(expired), "no clock is asked");
    commit(&store, put_token("alice", 1, -1)).await;
    assert!(registration_by_token(&store, hash(1)).await.is_some());
}

pub async fn a_token_belongs_to_one_registration_and_sets_its_end(store: Arc<dyn Store>) {
    commit(&store, put(&registration("alice"))).await;
    commit(&store, put(&registration("bob"))).await;
    assert_eq!(commit(&store, put_token("alice", 1, 60)).await, [Outcome::Done]);
    let alice = Registration { expires_at: at(60), ..registration("alice") };
    assert_eq!(registration_by_token(&store, hash(1)).await, Some(alice.clone()));
    assert_eq!(find_registration(&store, "alice@example.com").await, Some(alice));
    assert_eq!(find_registration(&store, "bob@example.com").await, Some(registration("bob")));
    commit(&store, put_token("ALICE", 2, 7200)).await;
    let alice = Registration { expires_at: at(7200), ..registration("alice") };
    assert_eq!(registration_by_token(&store, hash(1)).await, None, "there is one token at most");
    assert_eq!(registration_by_token(&store, hash(2)).await, Some(alice.clone()));
    commit(&store, put_token("alice", 2, 7200)).await;
    assert_eq!(registration_by_token(&store, hash(2)).await, Some(alice), "the same token again");
    assert_eq!(refusal(&store, put_token("carol", 3, 60)).await, REGISTRATION_GONE);
    assert_eq!(registration_by_token(&store, hash(3)).await, None);
}

pub async fn a_second_registration_replaces_the_first_and_its_token(store: Arc<dyn Store>) {
    commit(&store, put(&registration("alice"))).await;
    commit(&store, put_token("alice", 1, 60)).await;
    let mut second =
        Registration { password: password("theirs"), expires_at: at(7200), ..registration("alice") };
    second.values.username = user_values("mallory").username;
    second.values.email = address("ALICE@example.com");
    commit(&store, put(&second)).await;
    assert_eq!(find_registration(&store, "alice@example.com").await, Some(second));
    assert_eq!(registration_by_token(&store, hash(1)).await, None);
    let consume = UnitOfWork::new().consume_registration(hash(1), at(1));
    assert_eq!(refusal(&store, consume).await, TOKEN_GONE, "whoever got the old mail grants nothing else");
}

pub async fn a_registration_is_consumed_once(store: Arc<dyn Store>) {
    commit(&store, put(&registration("alice")).put_registration(registration("bob"), ROOM)).await;
    commit(&store, put_token("alice", 1, 600)).await;
    commit(&store, put_token("bob", 2, 600)).await;
    let consume = |byte| UnitOfWork::new().consume_registration(hash(byte), at(1));
    assert_eq!(refusal(&store, consume(3)).await, TOKEN_GONE);
    assert_eq!(refusal(&store, consume(1).expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(commit(&store, consume(1)).await, [Outcome::Done], "the unit that failed left it");
    assert_eq!(find_registration(&store, "alice@example.com").await, None);
    assert_eq!(registration_by_token(&store, hash(1)).await, None);
    assert_eq!(refusal(&store, consume(1)).await, TOKEN_GONE);
    assert_eq!(refusal(&store, put_token("alice", 1, 600)).await, REGISTRATION_GONE);
    assert!(registration_by_token(&store, hash(2)).await.is_some(), "others keep theirs");
}

pub async fn a_registration_is_void_from_the_instant_it_expires(store: Arc<dyn Store>) {
    let expires_at = at(600) + Duration::microseconds(1);
    commit(&store, put(&registration("alice"))).await;
    let email = user_values("alice").email;
    commit(&store, UnitOfWork::new().put_registration_token(&email, hash(1), expires_at)).await;
    let consume_at = |now| UnitOfWork::new().consume_registration(hash(1), now);
    assert_eq!(refusal(&store, consume_at(expires_at + Duration::days(1))).await, TOKEN_GONE);
    assert_eq!(refusal(&store, consume_at(expires_at)).await, TOKEN_GONE);
    assert!(registration_by_token(&store, hash(1)).await.is_some(), "a refused attempt removes nothing");
    commit(&store, consume_at(expires_at - Duration::microseconds(1))).await;
    assert_eq!(registration_by_token(&store, hash(1)).await, None);
}

pub async fn a_dropped_registration_is_gone_with_its_token(store: Arc<dyn Store>) {
    commit(&store, put(&registration("alice")).put_registration(registration("bob"), ROOM)).await;
    commit(&store, put_token("alice", 1, 600)).await;
    let drop = || UnitOfWork::new().drop_registration(&address("Alice@Example.com"));
    assert_eq!(commit(&store, drop()).await, [Outcome::Done]);
    assert_eq!(find_registration(&store, "alice@example.com").await, None);
    assert_eq!(registration_by_token(&store, hash(1)).await, None);
    assert_eq!(commit(&store, drop()).await, [Outcome::Done], "any number: none is one of them");
    assert!(find_registration(&store, "bob@example.com").await.is_some());
}

pub async fn only_new_registrations_need_room(store: Arc<dyn Store>) {
    let put = |name: &str, capacity| UnitOfWork::new().put_registration(registration(name), capacity);
    let expired = Registration { expires_at: at(-1), ..registration("expired") };
    commit(&store, UnitOfWork::new().put_registration(expired, 2)).await;
    commit(&store, put("alice", 2)).await;
    for capacity in [2, 1, 0] {
        assert_eq!(refusal(&store, put("bob", capacity)).await, QUEUE_FULL, "{capacity}");
        commit(&store, put("ALICE", capacity)).await;
    }
    assert_eq!(find_registration(&store, "bob@example.com").await, None);
    commit(&store, UnitOfWork::new().drop_registration(&address("expired@example.com"))).await;
    commit(&store, put("bob", 2)).await;
    assert_eq!(refusal(&store, put("carol", 2)).await, QUEUE_FULL);
    let instead = UnitOfWork::new().drop_registration(&address("bob@example.com"));
    commit(&store, instead.put_registration(registration("carol"), 2)).await;
}

pub async fn a_registration_asks_not_whether_the_user_is_there(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    commit(&store, put(&registration("alice"))).await;
    commit(&store, put_token("alice", 1, 600)).await;
    let grant = UnitOfWork::new().consume_registration(hash(1), at(1));
    let grant = grant.insert_user(registration("alice").values, Some(password("alice")), at(1));
    assert_eq!(refusal(&store, grant).await, CommitError::Conflict(UniqueKey::Username));
    assert!(registration_by_token(&store, hash(1)).await.is_some(), "nothing of the unit remains");
}

pub async fn of_fifty_confirmations_of_one_registration_one_succeeds(store: Arc<dyn Store>) {
    commit(&store, put(&registration("alice"))).await;
    commit(&store, put_token("alice", 1, 600)).await;
    let grant = |number: u8| {
        let values = user_values(&format!("alice_{number}"));
        UnitOfWork::new().consume_registration(hash(1), at(1)).insert_user(values, None, at(1))
    };
    assert_eq!(race(&store, 50, grant, TOKEN_GONE).await, 1);
    assert_eq!(must(store.count_users(&UserFilter::default()).await), 1);
    assert_eq!(find_registration(&store, "alice@example.com").await, None);
}

pub async fn registrations_that_race_for_one_address_become_one(store: Arc<dyn Store>) {
    let wish = |number: u8| {
        let registration = Registration { password: password(&number.to_string()), ..registration("alice") };
        UnitOfWork::new().put_registration(registration, 1).put_registration_token(
            &user_values("alice").email,
            hash(number),
            at(600),
        )
    };
    assert_eq!(race(&store, 50, wish, QUEUE_FULL).await, 50);
    let mut tokens = Vec::new();
    for number in 0..50 {
        tokens.extend(registration_by_token(&store, hash(number)).await.map(|found| (number, found)));
    }
    let kept = must(find_registration(&store, "alice@example.com").await.ok_or("nothing is kept"));
    let winner = kept.password.clone();
    assert_eq!(tokens.iter().map(|(_, found)| found).collect::<Vec<_>>(), [&kept]);
    assert_eq!(winner, password(&tokens[0].0.to_string()), "wish and token are of one unit");
}

pub async fn registrations_that_race_for_the_last_room_do_not_overfill_it(store: Arc<dyn Store>) {
    let wish = |number: u8| UnitOfWork::new().put_registration(registration(&format!("user_{number}")), 7);
    assert_eq!(race(&store, 40, wish, QUEUE_FULL).await, 7);
    let mut kept = 0;
    for number in 0..40 {
        kept += usize::from(find_registration(&store, &format!("user_{number}@example.com")).await.is_some());
    }
    assert_eq!(kept, 7);
}
