//! How often strangers may sign up, and how many of them may wait.

use chrono::Duration;
use denizen_models::{EmailVerificationRequest, PasswordResetRequest};
use denizen_services::{
    AccessContext, Disclosure, Failure, Limits, RegistrationMode, ServiceSettings, SignUpError, SignedUp,
    store::MailKind,
};

use crate::support::{OLD_PASSWORD, World, address_of, stranger};

const BOB: &str = "bob@example.com";

fn open(settings: ServiceSettings) -> World {
    World::with(ServiceSettings { registration: RegistrationMode::Open, ..settings })
}

fn wait(minutes: i64) -> Result<SignedUp, SignUpError> {
    Err(SignUpError::Failure(Failure::RateLimited(Duration::minutes(minutes))))
}

#[tokio::test]
async fn an_address_signs_up_three_times_whether_it_is_known_or_not() {
    let world = open(ServiceSettings::default());
    world.create("known").await;
    for name in ["known", "unknown"] {
        for _ in 0..3 {
            assert_eq!(world.sign_up(name).await, Ok(SignedUp::Pending));
        }
        assert_eq!(world.sign_up(name).await, wait(20), "{name}");
    }
}

/// Security checklist: 67.
#[tokio::test]
async fn sign_ups_verifications_changes_and_resets_of_one_address_use_up_nothing_of_each_other() {
    let world = open(ServiceSettings::default());
    world.create("bob").await;
    let bob = world.enter("bob").await;
    let verify = async || {
        let request = EmailVerificationRequest { email: "alice@example.com".to_owned() };
        world.users.request_email_verification(&stranger(), request).await.is_ok()
    };
    let reset = async || {
        let request = PasswordResetRequest { email: "alice@example.com".to_owned() };
        world.users.request_password_reset(&stranger(), request).await.is_ok()
    };
    let want = async || world.want_email(&bob.context, "alice@EXAMPLE.com", OLD_PASSWORD).await.is_ok();
    let sign_up = async || world.sign_up("alice").await.is_ok();
    for round in 0..3 {
        assert!(verify().await && reset().await && want().await && sign_up().await, "{round}");
        world.clock.advance(Duration::minutes(1));
    }
    assert_eq!([verify().await, reset().await, want().await, sign_up().await], [false; 4]);
    // One after the other, too: what sends no mail keeps nobody from asking for another one.
    world.clock.advance(Duration::days(1));
    while verify().await {
        world.clock.advance(Duration::minutes(1));
    }
    assert!(sign_up().await && reset().await && want().await);
}

#[tokio::test]
async fn ten_strangers_of_one_address_sign_up_and_others_are_not_kept_out() {
    let world = open(ServiceSettings::default());
    for number in 0..10 {
        assert_eq!(world.sign_up(&format!("user{number}")).await, Ok(SignedUp::Pending));
    }
    assert_eq!(world.sign_up("user10").await, wait(6));
    let elsewhere = AccessContext { ip: Some("198.51.100.1".parse().unwrap()), ..stranger() };
    assert_eq!(world.users.sign_up(&elsewhere, address_of("user11")).await, Ok(SignedUp::Pending));
}

#[tokio::test]
async fn where_users_are_created_at_once_a_stranger_who_is_turned_away_costs_no_hash() {
    let world = open(ServiceSettings { disclosure: Disclosure::Detailed, ..ServiceSettings::default() });
    for number in 0..10 {
        world.sign_up(&format!("user{number}")).await.unwrap();
    }
    let hashes = world.hasher.hashes();
    assert_eq!(world.sign_up("user10").await, wait(6));
    assert_eq!(world.hasher.hashes(), hashes);
}

#[tokio::test]
async fn when_too_many_wait_to_be_mailed_nothing_of_the_next_is_kept() {
    let limits = Limits::GENEROUS;
    let world = open(ServiceSettings { limits, mail_capacity: 2, ..ServiceSettings::default() });
    for name in ["alice", "bob"] {
        assert_eq!(world.sign_up(name).await, Ok(SignedUp::Pending));
    }
    for name in ["alice", "carol"] {
        let full = Failure::Overloaded("too many requests are waiting".into());
        assert_eq!(world.sign_up(name).await, Err(SignUpError::Failure(full)), "{name}");
    }
    assert_eq!(world.deliver_mail().await, 2);
    assert!(world.mailer.sent_to("carol@example.com").is_empty());
    assert_eq!(world.sign_up("carol").await, Ok(SignedUp::Pending));
}

#[tokio::test]
async fn when_too_many_are_not_confirmed_the_mail_of_the_next_waits() {
    let limits = Limits::GENEROUS;
    let world = open(ServiceSettings { limits, registration_capacity: 1, ..ServiceSettings::default() });
    let alice = world.obtain_confirmation("alice").await;
    assert_eq!(world.sign_up("bob").await, Ok(SignedUp::Pending));
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(BOB).len()), (1, 0));
    let reason = world.jobs().await.remove(0).reason.unwrap();
    assert_eq!(reason, "too many sign-ups are waiting");
    // Those who are known may ask again, and those who have an account are told.
    world.create("carol").await;
    for name in ["alice", "carol"] {
        world.sign_up(name).await.unwrap();
        world.deliver_mail().await;
        assert!(
            world.jobs().await.iter().all(|job| job.mail.kind() == MailKind::SignUp && job.attempts == 1)
        );
    }
    assert_eq!(world.mailer.sent().len(), 3);
    assert!(world.confirm_sign_up(&alice, "alice").await.is_err(), "replaced");
    world.confirm_sign_up(&world.token_for("alice@example.com"), "alice").await.unwrap();
    assert_eq!(world.deliver_mail_later().await, 1);
    assert_eq!(world.confirm_sign_up(&world.token_for(BOB), "bob").await, Ok(()));
}
