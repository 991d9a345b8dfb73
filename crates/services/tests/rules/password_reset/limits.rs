//! How often strangers may ask for resets, and present tokens. Numbers in brackets are rows of the security checklist.

use std::{collections::BTreeMap, sync::Arc};

use chrono::Duration;
use denizen_models::PasswordResetRequest;
use denizen_services::{
    AccessContext, AccountService, Disclosure, Failure, PasswordResets as _, Ports, RandomnessError,
    RequestPasswordResetError, ResetPasswordError, ServiceSettings, TokenSource,
};
use denizen_testkit::CountingStore;

use crate::support::{NEW_PASSWORD, World, stranger};

const KNOWN: &str = "alice@example.com";
const UNKNOWN: &str = "nobody@example.com";
const SWITCHED_OFF: &str = "bob@example.com";

type Asked = Result<(), RequestPasswordResetError>;

/// A world with the default limits, and with everybody above.
async fn limited(disclosure: Disclosure) -> World {
    let world = World::with(ServiceSettings { disclosure, ..ServiceSettings::default() });
    world.create("alice").await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    world
}

fn wait(seconds: i64) -> Asked {
    Err(RequestPasswordResetError::Failure(Failure::RateLimited(Duration::seconds(seconds))))
}

async fn ask(world: &World, context: &AccessContext, email: &str) -> Asked {
    world.users.request_password_reset(context, PasswordResetRequest { email: email.to_owned() }).await
}

/// Asks with a new address each time, and gives the number of those who were let in.
async fn ask_for_many(world: &World, contexts: impl Iterator<Item = AccessContext>) -> usize {
    let mut let_in = 0;
    for (number, context) in contexts.enumerate() {
        match ask(world, &context, &format!("{number}@example.com")).await {
            Ok(()) => let_in += 1,
            refused => assert_eq!(refused, wait(180)),
        }
    }
    let_in
}

fn at(ip: &str) -> AccessContext {
    AccessContext { ip: Some(ip.parse().unwrap()), ..stranger() }
}

/// Six requests, half a minute apart.
async fn ask_six_times(world: &World, email: &str) -> Vec<Asked> {
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(world.try_request_reset(email).await);
        world.clock.advance(Duration::seconds(30));
    }
    answers
}

/// [3]
/// Security checklist: 3.
#[tokio::test]
async fn every_address_runs_into_the_limit_after_the_same_requests() {
    for email in [KNOWN, UNKNOWN, SWITCHED_OFF] {
        let world = limited(Disclosure::Uniform).await;
        world.store.reset();
        let expected = [Ok(()), wait(30), Ok(()), wait(30), Ok(()), wait(17 * 60 + 30)];
        assert_eq!(ask_six_times(&world, email).await, expected, "{email}");
        // Those that are refused are counted for the caller.
        assert_eq!(world.store.all_calls(), BTreeMap::from([("commit", 9)]), "{email}");
    }
}

/// [3] The tutorial's answers differ, but not by how often one may ask.
#[tokio::test]
async fn an_unknown_address_is_limited_like_a_known_one_even_where_it_is_named() {
    let is_limited =
        |answer: &Asked| matches!(answer, Err(RequestPasswordResetError::Failure(Failure::RateLimited(_))));
    for email in [KNOWN, UNKNOWN, SWITCHED_OFF] {
        let world = limited(Disclosure::Detailed).await;
        let answers = ask_six_times(&world, email).await;
        let limited: Vec<_> = answers.iter().map(is_limited).collect();
        assert_eq!(limited, [false, true, false, true, false, true], "{email}");
        assert_eq!(matches!(answers[0], Err(RequestPasswordResetError::UnknownAddress(_))), email == UNKNOWN);
    }
}

/// [5]
/// Security checklist: 5.
#[tokio::test]
async fn a_hundred_requests_for_one_address_are_one_mail_in_a_minute_and_five_in_an_hour() {
    for (spacing, mails) in [(Duration::milliseconds(600), 1), (Duration::seconds(36), 5)] {
        let world = limited(Disclosure::Uniform).await;
        for number in 0..100_u8 {
            // From everywhere, and in every spelling.
            let spelling = if number % 2 == 0 { KNOWN } else { "ALICE@Example.COM" };
            let _counted = ask(&world, &at(&format!("192.0.2.{number}")), spelling).await;
            world.deliver_mail().await;
            world.clock.advance(spacing);
        }
        assert_eq!(world.mailer.sent().len(), mails, "{spacing}");
    }
}

/// [5]
/// Security checklist: 5.
#[tokio::test]
async fn a_thousand_addresses_from_one_ip_run_into_its_limit() {
    let world = limited(Disclosure::Uniform).await;
    assert_eq!(ask_for_many(&world, (0..1000).map(|_| at("192.0.2.1"))).await, 20);
    assert_eq!(ask_for_many(&world, (0..1000).map(|_| at("::ffff:192.0.2.1"))).await, 0);
    assert_eq!(ask(&world, &at("192.0.2.2"), KNOWN).await, Ok(()));
    assert_eq!(world.jobs().await.len(), 21);
}

/// [5]
/// Security checklist: 5.
#[tokio::test]
async fn a_network_of_ipv6_is_one_client() {
    let world = limited(Disclosure::Uniform).await;
    let neighbours = (0..1000).map(|number| at(&format!("2001:db8:0:1:{number:x}::{number:x}")));
    assert_eq!(ask_for_many(&world, neighbours).await, 20);
    assert_eq!(ask(&world, &at("2001:db8:0:2::1"), KNOWN).await, Ok(()));
}

/// [23]
/// Security checklist: 23.
#[tokio::test]
async fn a_thousand_random_tokens_cost_thirty_reads_and_no_hash() {
    let world = limited(Disclosure::Uniform).await;
    let hashed = world.hasher.hashes();
    world.store.reset();
    for number in 0..1000 {
        let expected = match number {
            ..30 => ResetPasswordError::InvalidOrExpired,
            _ => ResetPasswordError::Failure(Failure::RateLimited(Duration::seconds(2))),
        };
        assert_eq!(world.reset(&format!("{number:064x}"), NEW_PASSWORD).await, Err(expected), "{number}");
    }
    assert_eq!((world.store.calls("find_token"), world.hasher.hashes()), (30, hashed));
    let question = denizen_models::TokenRequest { token: "0".into() };
    let answer = world.users.validate_reset_token(&stranger(), question).await;
    assert_eq!(answer, Err(Failure::RateLimited(Duration::seconds(2))), "they count together");
    assert_eq!(world.store.calls("find_token"), 30);
    assert_eq!(world.try_request_reset(KNOWN).await, Ok(()), "and nothing else does");
}

#[tokio::test]
async fn who_comes_back_when_told_is_let_in() {
    let world = limited(Disclosure::Uniform).await;
    for _ in 0..10 {
        while let Err(error) = world.try_request_reset(KNOWN).await {
            let RequestPasswordResetError::Failure(Failure::RateLimited(wait)) = error else {
                panic!("{error:?}")
            };
            world.clock.advance(wait - Duration::microseconds(1));
            assert!(world.try_request_reset(KNOWN).await.is_err());
            world.clock.advance(Duration::microseconds(1));
        }
    }
    world.deliver_mail().await;
    assert_eq!(world.reset(&world.token_for(KNOWN), NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn all_processes_on_one_store_count_together() {
    let world = limited(Disclosure::Uniform).await;
    let processes = [world.clone(), world.rival(), world.rival()];
    let mut let_in = 0;
    for number in 0..60 {
        let email = format!("{number}@example.com");
        let_in += usize::from(processes[number % 3].try_request_reset(&email).await.is_ok());
    }
    assert_eq!(let_in, 20);
}

#[tokio::test]
async fn without_an_ip_address_only_the_e_mail_address_counts() {
    let world = limited(Disclosure::Uniform).await;
    assert_eq!(ask_for_many(&world, (0..100).map(|_| AccessContext::system())).await, 100);
    assert_eq!(ask(&world, &AccessContext::system(), "7@example.com").await, wait(60));
}

#[tokio::test]
async fn what_comes_to_nothing_is_not_counted() {
    let world = World::with(ServiceSettings { mail_capacity: 1, ..ServiceSettings::default() });
    world.request_reset(UNKNOWN).await;
    for _ in 0..50 {
        assert_eq!(
            world.try_request_reset(KNOWN).await,
            Err(RequestPasswordResetError::Failure(Failure::Overloaded(
                "too many requests are waiting".into()
            )))
        );
        let malformed = world.try_request_reset("alice").await;
        assert!(
            matches!(malformed, Err(RequestPasswordResetError::Failure(Failure::Invalid(_)))),
            "{malformed:?}"
        );
    }
    world.deliver_mail().await;
    assert_eq!(world.try_request_reset(KNOWN).await, Ok(()));
}

/// A generator that has broken down.
struct NoRandomness;

impl TokenSource for NoRandomness {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
        Err(RandomnessError("broken".into()))
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_done() {
    let world = limited(Disclosure::Uniform).await;
    let store: Arc<CountingStore> = world.store.clone();
    let ports = Ports {
        store,
        clock: world.clock.clone(),
        tokens: Arc::new(NoRandomness),
        hasher: world.hasher.clone(),
    };
    let users = AccountService::new(ports, ServiceSettings::default());
    let answer =
        users.request_password_reset(&stranger(), PasswordResetRequest { email: KNOWN.to_owned() }).await;
    let cause = Failure::Overloaded("no randomness: broken".into());
    assert_eq!(answer, Err(RequestPasswordResetError::from(cause)));
    assert!(world.jobs().await.is_empty());
}
