//! How often strangers may sign up, and how many of them may wait.

use chrono::Duration;
use denizen_models::{EmailVerificationRequest, PasswordResetRequest};
use denizen_services::{
    AccessContext, Failure, Limits, RegistrationMode, ServiceSettings, SignUpError, SignedUp,
};

use crate::support::{OLD_PASSWORD, World, new_user, stranger};

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
    let hashes = world.hasher.hashes();
    assert_eq!(world.sign_up("user10").await, wait(6));
    assert_eq!(world.hasher.hashes(), hashes, "who is turned away costs no hash");
    let elsewhere = AccessContext { ip: Some("198.51.100.1".parse().unwrap()), ..stranger() };
    assert_eq!(world.users.sign_up(&elsewhere, new_user("user11")).await, Ok(SignedUp::Pending));
}

#[tokio::test]
async fn when_too_many_wait_to_be_mailed_or_confirmed_nothing_of_the_next_is_kept() {
    let limits = Limits::GENEROUS;
    let settings = ServiceSettings { limits, ..ServiceSettings::default() };
    for (settings, dropped) in [
        (ServiceSettings { mail_capacity: 2, ..settings.clone() }, "mail"),
        (ServiceSettings { registration_capacity: 2, ..settings }, "registration"),
    ] {
        let world = open(settings);
        for name in ["alice", "bob"] {
            assert_eq!(world.sign_up(name).await, Ok(SignedUp::Pending));
        }
        assert_eq!(
            world.sign_up("carol").await,
            Err(SignUpError::Failure(Failure::Overloaded("too many sign-ups are waiting".into()))),
            "{dropped}"
        );
        // Those who wait may ask again, unless everybody waits for the mail server.
        assert_eq!(world.sign_up("alice").await.is_ok(), dropped == "registration", "{dropped}");
        assert_eq!(world.deliver_mail().await, 2);
        assert!(world.mailer.sent_to("carol@example.com").is_empty());
        let again = world.sign_up("carol").await;
        assert_eq!(again.is_ok(), dropped == "mail", "{dropped}: {again:?}");
        world.verify(&world.token_for("alice@example.com")).await.unwrap();
        assert_eq!(world.sign_up("carol").await, Ok(SignedUp::Pending));
    }
}
