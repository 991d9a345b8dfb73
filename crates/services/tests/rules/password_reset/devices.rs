//! Devices that are known again, and what strangers cannot do to them.

use chrono::Duration;
use denizen_models::Secret;
use denizen_services::{
    AccessContext, Failure, Limits, LoginError, ServiceSettings, SignedIn,
    store::{AuditKind, ReadStore as _},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, stranger};

/// A world with the default limits, except that all of its people share an IP address.
fn limited() -> World {
    let limits = Limits { login_per_ip: Limits::GENEROUS.login_per_ip, ..Limits::default() };
    World::with(ServiceSettings { limits, ..ServiceSettings::default() })
}

fn is_limited(answer: &Result<SignedIn, LoginError>) -> bool {
    matches!(answer, Err(LoginError::Failure(Failure::RateLimited(_))))
}

impl World {
    /// Strangers try wrong passwords until they are told to wait.
    async fn besiege(&self, login: &str) {
        while !is_limited(&self.log_in(login, "a wrong password").await) {}
    }

    /// Whether a client that presents this as its device is known as a device of `login`: strangers are told to wait.
    async fn knows(&self, login: &str, device: &Secret) -> bool {
        self.besiege(login).await;
        !is_limited(&self.log_in_on(device, login, "a wrong password").await)
    }
}

/// Security checklist: 66.
#[tokio::test]
async fn strangers_who_guess_do_not_keep_a_known_device_out() {
    let world = limited();
    world.create("alice").await;
    let device = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
    for login in ["alice", "alice@example.com"] {
        world.besiege(login).await;
        assert!(is_limited(&world.log_in(login, OLD_PASSWORD).await), "a stranger waits");
        let again = world.log_in_on(&device, login, OLD_PASSWORD).await.unwrap();
        assert_eq!(again.device.expose(), device.expose(), "{login}");
    }
}

/// Security checklist: 66.
#[tokio::test]
async fn a_known_device_has_a_limit_of_its_own_that_its_successes_do_not_use_up() {
    let world = limited();
    world.create("alice").await;
    let [one, two] = [world.log_in("alice", OLD_PASSWORD).await, world.log_in("alice", OLD_PASSWORD).await];
    let (one, two) = (one.unwrap().device, two.unwrap().device);
    assert_ne!(one.expose(), two.expose(), "two devices");
    for _ in 0..30 {
        world.log_in_on(&one, "alice", OLD_PASSWORD).await.unwrap();
    }
    for _ in 0..10 {
        assert_eq!(world.log_in_on(&one, "alice", NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    }
    let wait = LoginError::Failure(Failure::RateLimited(Duration::minutes(1)));
    assert_eq!(world.log_in_on(&one, "alice", OLD_PASSWORD).await.unwrap_err(), wait);
    assert!(world.log_in_on(&two, "alice", OLD_PASSWORD).await.is_ok(), "another device of the same user");
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok(), "and strangers");
}

/// Security checklist: 66.
#[tokio::test]
async fn a_device_is_known_for_its_user_alone_and_only_as_it_was_given() {
    let world = limited();
    world.create("alice").await;
    world.create("bob").await;
    let device = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
    for login in ["bob", "bob@example.com", "nobody", "nobody@example.com", "no body"] {
        assert!(!world.knows(login, &device).await, "{login}");
    }
    let text = device.expose();
    let (first, rest) = text.split_at(1);
    let other = if first == "0" { "1" } else { "0" };
    let (nonce, proof) = text.split_once('.').expect("two parts");
    for forged in [
        String::new(),
        format!("{other}{rest}"),
        text[2..].to_owned(),
        format!("{text}00"),
        format!("{nonce}."),
        format!("{nonce}.{nonce}"),
        format!("{proof}.{nonce}"),
        "x".repeat(65),
    ] {
        assert!(!world.knows("alice", &Secret::from(forged.as_str())).await, "{forged}");
    }
    assert!(world.knows("alice", &device).await);
}

/// Security checklist: 66.
#[tokio::test]
async fn a_device_stays_known_whatever_its_user_is_called_and_whatever_else_changes() {
    let world = limited();
    let alice = world.create("alice").await;
    let device = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
    world.change(alice.id, |request| request.username = "ada".to_owned()).await;
    world.change_email(alice.id, "ada@example.com").await;
    world.switch_off(alice.id).await;
    world.switch_on(alice.id).await;
    world.auth.revoke_sessions(&AccessContext::system(), alice.id).await.unwrap();
    assert!(world.knows("ada", &device).await && world.knows("ada@example.com", &device).await);
}

/// Security checklist: 66.
#[tokio::test]
async fn with_another_password_every_device_is_forgotten_but_the_one_that_set_it() {
    let world = limited();
    let alice = world.create("alice").await;
    let thief = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
    let (device, _) = world.reset_on_device("alice@example.com", NEW_PASSWORD).await;
    assert!(!world.knows("alice", &thief).await);
    let entered = world.log_in_on(&device, "alice", NEW_PASSWORD).await.unwrap();
    let context = world.use_session(&entered).await.unwrap().context;
    let changed = world.change_password(&context, NEW_PASSWORD, OLD_PASSWORD).await.unwrap();
    assert!(!world.knows("alice", &device).await);
    assert!(world.knows("alice", &changed.device).await);
    world.replace_password(alice.id, NEW_PASSWORD).await;
    assert!(!world.knows("alice", &changed.device).await);
}

/// Security checklist: 39, 66.
#[tokio::test]
async fn the_device_that_resets_the_password_gets_in_however_many_strangers_guess() {
    let world = limited();
    world.create("alice").await;
    world.besiege("alice").await;
    let (device, signs_in) = world.reset_on_device("alice@example.com", NEW_PASSWORD).await;
    assert!(!signs_in, "a reset opens no session");
    world.besiege("alice").await;
    assert!(world.log_in_on(&device, "alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 66.
#[tokio::test]
async fn at_most_a_hundred_failures_in_a_row_are_looked_at_devices_included() {
    let world = limited();
    let alice = world.create("alice").await;
    let devices: Vec<_> = {
        let one = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
        vec![one, world.log_in("alice", OLD_PASSWORD).await.unwrap().device]
    };
    let session = world.enter("alice").await;
    let wrong = "a wrong password";
    for round in 0..300 {
        let device = &devices[round % 2];
        assert_eq!(world.log_in_on(device, "alice", wrong).await.unwrap_err(), LoginError::Rejected);
        let login = ["alice", "alice@example.com"][round % 2];
        assert_eq!(world.log_in(login, wrong).await.unwrap_err(), LoginError::Rejected);
        world.change_password(&session.context, wrong, NEW_PASSWORD).await.unwrap_err();
        world.clock.advance(Duration::minutes(4));
    }
    let kinds = [AuditKind::LoginFailed, AuditKind::PasswordChangeFailed, AuditKind::LoginIgnored];
    let story = world.story_of(alice.id).await;
    let counts = kinds.map(|kind| story.iter().filter(|recorded| **recorded == kind).count());
    assert_eq!((counts[0] + counts[1], counts[2]), (100, 3 * 300 - 100));
    // From now on the right password is as good as any other, wherever it is given.
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    assert_eq!(world.log_in_on(&devices[0], "alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    world.change_password(&session.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap_err();
    // Until it is reset.
    let (device, _) = world.reset_on_device("alice@example.com", NEW_PASSWORD).await;
    world.clock.advance(Duration::minutes(4));
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
    assert!(world.log_in_on(&device, "alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 66.
#[tokio::test]
async fn fifty_failures_of_strangers_leave_known_devices_and_sessions_alone_and_a_success_begins_anew() {
    let world = limited();
    let alice = world.create("alice").await;
    let device = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
    let session = world.enter("alice").await;
    let fail = async || {
        for _ in 0..60 {
            assert_eq!(world.log_in("alice", NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
            world.clock.advance(Duration::minutes(2));
        }
        assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
        world.clock.advance(Duration::minutes(2));
    };
    fail().await;
    assert!(world.log_in_on(&device, "alice", OLD_PASSWORD).await.is_ok());
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok(), "since then, strangers may again");
    fail().await;
    world.want_email(&session.context, "other@example.com", OLD_PASSWORD).await.unwrap();
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
    let failed = world.store.find_credentials(alice.id).await.unwrap().unwrap().failed_attempts;
    assert_eq!((failed.stranger, failed.known), (0, 0));
}

/// Security checklist: 66.
#[tokio::test]
async fn of_many_guesses_at_once_none_is_right_beyond_the_last_that_counts() {
    let limits = Limits { login_failures: 3, ..Limits::GENEROUS };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    world.create("alice").await;
    // Between the comparison of the right password and its commit, others fail as often as counts.
    let rival = world.rival();
    world.before_next_commit(async move {
        for _ in 0..3 {
            assert_eq!(rival.log_in("alice", NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
        }
    });
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
}

/// Security checklist: 37, 66.
#[tokio::test]
async fn whoever_presents_a_device_gets_in_or_not_for_the_same_work() {
    let world = World::new();
    world.create("alice").await;
    let device = world.log_in("alice", OLD_PASSWORD).await.unwrap().device;
    let mut works = Vec::new();
    for (login, device) in [("alice", &device), ("nobody", &device), ("alice", &Secret::from("x"))] {
        world.store.reset();
        let compared = world.hasher.verifications();
        world.log_in_on(device, login, NEW_PASSWORD).await.unwrap_err();
        works.push((world.store.all_calls(), world.hasher.verifications() - compared));
    }
    assert!(works.iter().all(|work| *work == works[0]), "{works:?}");
}

/// How often a client may still try, as strangers see it.
async fn attempts_left(world: &World, login: &str) -> usize {
    let mut left = 0;
    while !is_limited(&world.log_in(login, "a wrong password").await) {
        left += 1;
    }
    left
}

/// Security checklist: 68.
#[tokio::test]
async fn what_limits_give_back_does_not_tell_when_somebody_comes_or_whose_an_address_is() {
    for visit in ["by name", "by address", "on a device", "by a reset", "with another password"] {
        let world = limited();
        world.create("zoe").await;
        let device = world.log_in("zoe", OLD_PASSWORD).await.unwrap();
        let session = world.use_session(&device).await.unwrap();
        for login in ["zoe", "zoe@example.com", "nobody", "nobody@example.com"] {
            for _ in 0..8 {
                world.log_in(login, "a wrong password").await.unwrap_err();
            }
        }
        match visit {
            "by name" => drop(world.log_in("zoe", OLD_PASSWORD).await.unwrap()),
            "by address" => drop(world.log_in("zoe@example.com", OLD_PASSWORD).await.unwrap()),
            "on a device" => drop(world.log_in_on(&device.device, "zoe", OLD_PASSWORD).await.unwrap()),
            "by a reset" => drop(world.reset_on_device("zoe@example.com", NEW_PASSWORD).await),
            _ => drop(world.change_password(&session.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap()),
        }
        for login in ["zoe", "zoe@example.com", "nobody", "nobody@example.com"] {
            assert_eq!(attempts_left(&world, login).await, 2, "{visit}: {login}");
        }
    }
}

/// Security checklist: 68.
#[tokio::test]
async fn nobody_sees_where_the_failures_that_count_end_or_that_a_success_cleared_them() {
    let world = limited();
    world.create("zoe").await;
    let device = world.log_in("zoe", OLD_PASSWORD).await.unwrap().device;
    let mut answers = Vec::new();
    for round in 0..120 {
        if round == 100 {
            world.log_in_on(&device, "zoe", OLD_PASSWORD).await.unwrap();
        }
        let of = async |login: &str| {
            world.store.reset();
            let answer = world.log_in(login, "a wrong password").await.unwrap_err();
            (answer, world.store.all_calls().len())
        };
        answers.push((of("zoe").await, of("nobody").await));
        world.clock.advance(Duration::minutes(2));
    }
    assert!(
        answers.iter().all(|(zoe, nobody)| zoe == nobody && zoe.0 == LoginError::Rejected),
        "{answers:?}"
    );
}

/// Security checklist: 38, 66.
#[tokio::test]
async fn a_success_of_ones_own_does_not_reset_the_limit_of_an_ip_address() {
    let world = World::with(ServiceSettings::default());
    world.create("mallory").await;
    let elsewhere = AccessContext { ip: "198.51.100.1".parse().ok(), ..stranger() };
    let mut guesses = 0;
    for number in 0..100 {
        world.log_in_from(&elsewhere, "mallory", OLD_PASSWORD).await.ok();
        let guess = world.log_in_from(&elsewhere, &format!("user{number}"), NEW_PASSWORD).await;
        guesses += usize::from(!is_limited(&guess));
    }
    assert_eq!(guesses, 20);
}
