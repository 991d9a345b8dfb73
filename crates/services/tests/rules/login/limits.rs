//! How often somebody may try to sign in.

use chrono::Duration;
use denizen_models::User;
use denizen_services::{
    AccessContext, ChangePasswordError, Failure, Limits, LoginError, ServiceSettings, store::Quota,
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, stranger};

/// A world with the default limits, except that all of its people share an address, and with alice.
async fn limited() -> (World, User) {
    let limits = Limits { login_per_ip: Limits::GENEROUS.login_per_ip, ..Limits::default() };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    let alice = world.create("alice").await;
    (world, alice)
}

fn wait(seconds: i64) -> LoginError {
    LoginError::Failure(Failure::RateLimited(Duration::seconds(seconds)))
}

/// Tries a wrong password until there is another answer than that it is wrong.
async fn try_until_limited(world: &World, login: &str) -> (usize, LoginError) {
    for attempts in 0..1_000 {
        match world.log_in(login, NEW_PASSWORD).await.unwrap_err() {
            LoginError::Rejected => {}
            other => return (attempts, other),
        }
    }
    panic!("never limited")
}

/// Security checklist: 38.
#[tokio::test]
async fn every_login_runs_into_the_limit_after_the_same_number_of_attempts() {
    let (world, _) = limited().await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    world.create_without_password("carol").await;
    let logins = ["alice", "alice@example.com", "bob", "carol", "nobody", "nobody@example.com", "no body"];
    for login in logins {
        assert_eq!(try_until_limited(&world, login).await, (10, wait(60)), "{login}");
        // The right password helps nobody now, or it would tell that it is right.
        assert_eq!(world.log_in(login, OLD_PASSWORD).await.unwrap_err(), wait(60), "{login}");
    }
}

#[tokio::test]
async fn one_login_is_one_whatever_its_case_and_the_blanks_around_it() {
    let (world, _) = limited().await;
    for login in ["alice", "ALICE", " alice", "Alice\t", "alice "] {
        for _ in 0..2 {
            assert_eq!(world.log_in(login, NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
        }
    }
    assert_eq!(world.log_in("aLICE", OLD_PASSWORD).await.unwrap_err(), wait(60));
}

/// Security checklist: 38.
#[tokio::test]
async fn an_attempt_comes_back_every_minute() {
    let (world, _) = limited().await;
    try_until_limited(&world, "alice").await;
    world.clock.advance(Duration::minutes(1) - Duration::microseconds(1));
    assert!(matches!(
        world.log_in("alice", OLD_PASSWORD).await,
        Err(LoginError::Failure(Failure::RateLimited(_)))
    ));
    world.clock.advance(Duration::microseconds(1));
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
}

/// Security checklist: 38.
#[tokio::test]
async fn a_success_gives_all_attempts_back_under_both_names() {
    let (world, _) = limited().await;
    for login in ["alice", "alice@example.com"] {
        for _ in 0..9 {
            world.log_in(login, NEW_PASSWORD).await.unwrap_err();
        }
    }
    world.log_in("alice", OLD_PASSWORD).await.unwrap();
    for login in ["alice", "alice@example.com"] {
        assert_eq!(try_until_limited(&world, login).await.0, 10, "{login}");
    }
}

/// Security checklist: 38, 39.
#[tokio::test]
async fn a_hundred_failures_in_a_row_close_an_account_until_it_has_another_password() {
    let (world, alice) = limited().await;
    // Name and address are counted apart, because nobody looks yet whose they are.
    for login in ["alice@example.com", "alice"] {
        for _ in 0..50 {
            assert_eq!(world.log_in(login, NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
            world.clock.advance(Duration::minutes(1));
        }
        assert!(matches!(
            world.log_in(login, NEW_PASSWORD).await,
            Err(LoginError::Failure(Failure::RateLimited(_)))
        ));
    }
    let LoginError::Failure(Failure::RateLimited(time)) =
        world.log_in("alice", OLD_PASSWORD).await.unwrap_err()
    else {
        panic!("not limited")
    };
    assert!((Duration::days(29)..Duration::days(30)).contains(&time), "{time}");
    world.clock.advance(Duration::days(7));
    assert!(matches!(
        world.log_in("alice", OLD_PASSWORD).await,
        Err(LoginError::Failure(Failure::RateLimited(_)))
    ));
    world.replace_password(alice.id, NEW_PASSWORD).await;
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 34.
#[tokio::test]
async fn wrong_current_passwords_count_as_attempts_to_sign_in() {
    let (world, _) = limited().await;
    let alice = world.enter("alice").await;
    for _ in 0..10 {
        let answer = world.change_password(&alice.context, "not the password", NEW_PASSWORD).await;
        assert_eq!(answer.unwrap_err(), ChangePasswordError::WrongPassword);
    }
    let answer = world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.unwrap_err(), ChangePasswordError::Failure(Failure::RateLimited(Duration::minutes(1))));
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), wait(60));
    assert!(world.lets_in(&alice.signed_in).await);
}

/// Security checklist: 38, 40.
#[tokio::test]
async fn one_address_tries_twenty_times_whoever_is_meant_and_others_are_not_kept_out() {
    let world = World::with(ServiceSettings::default());
    world.create("alice").await;
    for number in 0..20 {
        let answer = world.log_in(&format!("user{number}"), OLD_PASSWORD).await;
        assert_eq!(answer.unwrap_err(), LoginError::Rejected);
    }
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), wait(3));
    let elsewhere = AccessContext { ip: Some("198.51.100.1".parse().unwrap()), ..stranger() };
    assert!(world.log_in_from(&elsewhere, "alice", OLD_PASSWORD).await.is_ok());
}

/// Security checklist: 40.
#[tokio::test]
async fn who_is_limited_costs_neither_a_look_up_nor_a_comparison() {
    let (world, _) = limited().await;
    try_until_limited(&world, "alice").await;
    world.store.reset();
    let compared = world.hasher.verifications();
    for _ in 0..50 {
        world.log_in("alice", OLD_PASSWORD).await.unwrap_err();
    }
    assert_eq!((world.store.user_reads(), world.store.calls("commit")), (0, 50));
    assert_eq!(world.hasher.verifications(), compared);
}

#[tokio::test]
async fn all_processes_on_one_store_count_together() {
    let quota = Quota::new(4, Duration::minutes(1));
    let limits = Limits { login_per_account: quota, ..Limits::GENEROUS };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    world.create("alice").await;
    let rival = world.rival();
    for process in [&world, &rival, &world, &rival] {
        assert_eq!(process.log_in("alice", NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    }
    assert_eq!(rival.log_in("alice", OLD_PASSWORD).await.unwrap_err(), wait(60));
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), wait(60));
}
