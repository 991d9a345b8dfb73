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
        assert_eq!(try_until_limited(&world, login).await, (10, wait(120)), "{login}");
        // The right password helps nobody now, or it would tell that it is right.
        assert_eq!(world.log_in(login, OLD_PASSWORD).await.unwrap_err(), wait(120), "{login}");
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
    assert_eq!(world.log_in("aLICE", OLD_PASSWORD).await.unwrap_err(), wait(120));
}

/// Security checklist: 38.
#[tokio::test]
async fn an_attempt_comes_back_every_two_minutes() {
    let (world, _) = limited().await;
    try_until_limited(&world, "alice").await;
    world.clock.advance(Duration::minutes(2) - Duration::microseconds(1));
    assert!(matches!(
        world.log_in("alice", OLD_PASSWORD).await,
        Err(LoginError::Failure(Failure::RateLimited(_)))
    ));
    world.clock.advance(Duration::microseconds(1));
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
}

/// Security checklist: 38, 68.
#[tokio::test]
async fn a_success_gives_back_what_it_took_and_no_more() {
    let (world, _) = limited().await;
    for login in ["alice", "alice@example.com"] {
        for _ in 0..9 {
            world.log_in(login, NEW_PASSWORD).await.unwrap_err();
        }
    }
    for _ in 0..20 {
        world.log_in("alice", OLD_PASSWORD).await.unwrap();
    }
    for login in ["alice", "alice@example.com"] {
        assert_eq!(try_until_limited(&world, login).await.0, 1, "{login}");
    }
}

/// Security checklist: 34.
#[tokio::test]
async fn wrong_current_passwords_count_as_attempts_of_the_session_and_of_nobody_else() {
    let (world, _) = limited().await;
    let (alice, other) = (world.enter("alice").await, world.enter("alice").await);
    for _ in 0..10 {
        let answer = world.change_password(&alice.context, "not the password", NEW_PASSWORD).await;
        assert_eq!(answer.unwrap_err(), ChangePasswordError::WrongPassword);
    }
    let answer = world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.unwrap_err(), ChangePasswordError::Failure(Failure::RateLimited(Duration::minutes(1))));
    assert!(world.lets_in(&alice.signed_in).await);
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
    assert!(world.change_password(&other.context, OLD_PASSWORD, NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 34, 66.
#[tokio::test]
async fn strangers_who_guess_do_not_keep_a_session_from_giving_its_password() {
    let (world, _) = limited().await;
    let alice = world.enter("alice").await;
    for login in ["alice", "alice@example.com"] {
        try_until_limited(&world, login).await;
    }
    world.want_email(&alice.context, "other@example.com", OLD_PASSWORD).await.unwrap();
    assert!(world.change_password(&alice.context, OLD_PASSWORD, NEW_PASSWORD).await.is_ok());
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
async fn who_is_limited_costs_no_comparison_and_by_the_ip_address_not_even_a_look_up() {
    let world = World::with(ServiceSettings::default());
    world.create("alice").await;
    let compared = world.hasher.verifications();
    for refused in [10, 10, 0] {
        world.store.reset();
        for _ in 0..10 {
            world.log_in("alice", NEW_PASSWORD).await.unwrap_err();
        }
        assert_eq!(world.store.user_reads(), 2 * refused);
    }
    assert_eq!(world.hasher.verifications() - compared, 10);
}

/// Security checklist: 66.
#[tokio::test]
async fn an_attempt_that_the_account_refuses_costs_the_ip_address_what_any_other_costs() {
    let world = World::with(ServiceSettings::default());
    for login in ["alice", "bob", "carol", "dave"] {
        for _ in 0..15 {
            world.log_in(login, NEW_PASSWORD).await.unwrap_err();
        }
    }
    // Of the first twenty, ten were for alice, five were refused for alice, and five were for bob.
    world.clock.advance(Duration::minutes(1));
    let elsewhere = AccessContext { ip: Some("198.51.100.1".parse().unwrap()), ..stranger() };
    let mut left = 0;
    while world.log_in_from(&elsewhere, "bob", NEW_PASSWORD).await.unwrap_err() == LoginError::Rejected {
        left += 1;
    }
    assert_eq!(left, 5);
}

/// Security checklist: 66.
#[tokio::test]
async fn strangers_share_the_limits_of_their_wider_networks_of_ipv6_and_users_do_not() {
    let world = World::with(ServiceSettings::default());
    world.create("alice").await;
    let alice = world.enter("alice").await;
    let at = |network: u16, context: &AccessContext| {
        let ip = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, network, 0, 0, 0, 1);
        AccessContext { ip: Some(ip.into()), ..context.clone() }
    };
    let mut counted = [0; 2];
    for number in 0..1_000_u16 {
        let answer =
            world.log_in_from(&at(number % 0x100, &stranger()), &format!("a{number}"), NEW_PASSWORD).await;
        counted[0] += usize::from(answer.unwrap_err() == LoginError::Rejected);
    }
    for number in 0..4_000_u16 {
        let network = 0x100 + number % 0x1000;
        let answer = world.log_in_from(&at(network, &stranger()), &format!("b{number}"), NEW_PASSWORD).await;
        counted[1] += usize::from(answer.unwrap_err() == LoginError::Rejected);
    }
    assert_eq!(counted, [4 * 20, 12 * 20]);
    // Whoever has a session is not held responsible for the neighbours.
    let request = denizen_models::ChangeEmailRequest {
        email: "other@example.com".to_owned(),
        password: denizen_models::Secret::from(OLD_PASSWORD),
    };
    assert_eq!(world.users.change_email(&at(7, &alice.context), request).await, Ok(()));
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
