//! The hasher from outside: what it makes, what it recognises, and what it does when too much is asked of it.

mod crowd;
#[cfg(feature = "imported")]
mod equal_work;
#[cfg(feature = "imported")]
mod imported;
mod queue;

use denizen_models::Secret;

use super::*;
use denizen_services::OsTokenSource;

const SERVICE: Network = Network::SERVICE;
const OTHER_COST: Argon2Cost = Argon2Cost { memory_kib: 64, passes: 2, lanes: 2 };

fn hasher(cost: Argon2Cost) -> Argon2Hasher {
    Argon2Hasher::start(cost, 2, 8, Arc::new(OsTokenSource)).unwrap()
}

fn password(text: &str) -> Password {
    Password::presented(&Secret::from(text))
}

/// What a hasher that makes hashes of the cheapest kind finds.
async fn verdict(text: &str, hash: &str) -> Result<Verdict, HashError> {
    hasher(Argon2Cost::CHEAPEST).verify(SERVICE, password(text), PasswordHash::new(hash.to_owned())).await
}

/// Security checklist: 31.
#[tokio::test]
async fn the_recommended_cost_shows_in_the_hash_and_only_the_right_password_matches() {
    let hasher = hasher(Argon2Cost::RECOMMENDED);
    let hash = hasher.hash(SERVICE, password("newsecurepassword")).await.unwrap();
    assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
    assert_eq!(hasher.verify(SERVICE, password("newsecurepassword"), hash.clone()).await, Ok(Verdict::Match));
    assert_eq!(hasher.verify(SERVICE, password("newsecurepassworD"), hash).await, Ok(Verdict::Mismatch));
}

/// Security checklist: 29.
#[tokio::test]
async fn passwords_that_differ_far_behind_are_different() {
    let hasher = hasher(Argon2Cost::CHEAPEST);
    for position in [73, 200] {
        let base = "a".repeat(250);
        let mut other = base.clone();
        other.replace_range(position..=position, "b");
        let hash = hasher.hash(SERVICE, password(&base)).await.unwrap();
        assert_eq!(hasher.verify(SERVICE, password(&other), hash).await, Ok(Verdict::Mismatch));
    }
}

/// Security checklist: 31.
#[tokio::test]
async fn salts_are_unique() {
    let hasher = hasher(Argon2Cost::CHEAPEST);
    assert_ne!(
        hasher.hash(SERVICE, password("secret 1")).await,
        hasher.hash(SERVICE, password("secret 1")).await
    );
}

/// Security checklist: 32.
#[tokio::test]
async fn weaker_hashes_are_outdated_and_stronger_ones_are_not() {
    let (cheap, dear) = (hasher(Argon2Cost::CHEAPEST), hasher(OTHER_COST));
    let weak = cheap.hash(SERVICE, password("secret 1")).await.unwrap();
    let strong = dear.hash(SERVICE, password("secret 1")).await.unwrap();
    assert_eq!(dear.verify(SERVICE, password("secret 1"), weak.clone()).await, Ok(Verdict::Outdated));
    assert_eq!(dear.verify(SERVICE, password("secret 2"), weak).await, Ok(Verdict::Mismatch));
    assert_eq!(cheap.verify(SERVICE, password("secret 1"), strong).await, Ok(Verdict::Match));
}

#[tokio::test]
async fn a_password_is_recognised_however_its_accents_were_typed() {
    let hasher = hasher(Argon2Cost::CHEAPEST);
    let hash = hasher.hash(SERVICE, password("cafe\u{301} au lait")).await.unwrap();
    for typed in ["café au lait", "cafe\u{301} au lait"] {
        assert_eq!(
            hasher.verify(SERVICE, password(typed), hash.clone()).await,
            Ok(Verdict::Match),
            "{typed:?}"
        );
    }
    assert_eq!(hasher.verify(SERVICE, password("cafe au lait"), hash).await, Ok(Verdict::Mismatch));
}

#[tokio::test]
async fn nobody_has_any_password() {
    let hasher = hasher(Argon2Cost::CHEAPEST);
    for text in ["", "secret 1", "cafe\u{301}"] {
        assert_eq!(
            hasher.verify_dummy(SERVICE, password(text), None).await,
            Ok(Verdict::Mismatch),
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_or_costs_too_much_is_an_error_not_a_mismatch() {
    for hash in ["", "secret 1", "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"] {
        let answer = verdict("secret 1", hash).await;
        assert!(matches!(answer, Err(HashError::Failed(_))), "{hash}: {answer:?}");
    }
}

#[test]
fn a_cost_that_could_not_be_compared_is_not_started() {
    for cost in [
        Argon2Cost { memory_kib: 256 * 1024 + 1, ..Argon2Cost::RECOMMENDED },
        Argon2Cost { passes: 17, ..Argon2Cost::RECOMMENDED },
        Argon2Cost { memory_kib: 7, ..Argon2Cost::CHEAPEST },
    ] {
        let answer = Argon2Hasher::start(cost, 1, 1, Arc::new(OsTokenSource)).err();
        assert!(matches!(answer, Some(HashError::Failed(_))), "{cost:?}: {answer:?}");
    }
}

#[test]
fn a_cost_is_above_a_floor_when_no_part_of_it_is_below() {
    let floor = Argon2Cost::RECOMMENDED;
    assert!(floor.is_at_least(floor));
    assert!(Argon2Cost { memory_kib: 65_536, passes: 3, lanes: 4 }.is_at_least(floor));
    assert!(!Argon2Cost { memory_kib: 19_455, ..floor }.is_at_least(floor));
    assert!(!Argon2Cost { memory_kib: 1 << 18, passes: 1, lanes: 1 }.is_at_least(floor));
    assert!(!floor.is_at_least(Argon2Cost { lanes: 2, ..floor }));
}
