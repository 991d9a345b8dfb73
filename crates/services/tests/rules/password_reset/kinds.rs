//! Kinds of mail do not wait for each other.

use std::{future::pending, time::Duration as StdDuration};

use denizen_services::{Limits, RegistrationMode, ServiceSettings, store::MailKind};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::support::World;

const CROWD: usize = 20;

/// Security checklist: 75.
#[tokio::test(start_paused = true)]
async fn slow_recipients_of_two_kinds_delay_no_third() {
    let settings = ServiceSettings { limits: Limits::GENEROUS, ..ServiceSettings::default() };
    let workers = settings.mail_workers;
    let world = World::with(ServiceSettings { registration: RegistrationMode::Invite, ..settings });
    world.create("alice").await;
    for number in 0..CROWD {
        world.create(&format!("member{number}")).await;
        world.request_verification(&format!("member{number}@example.com")).await;
        world.create_without_password(&format!("invited{number}")).await;
    }
    for _ in 0..2 * workers {
        world.while_sending_next(pending());
    }
    let (_stop, stopped) = watch::channel(false);
    let worker = world.worker.clone();
    let running = tokio::spawn(async move { worker.run(stopped).await });
    tokio::time::sleep(StdDuration::from_millis(1_500)).await;
    let asked = Instant::now();
    for _ in 0..3 {
        world.request_reset("alice@example.com").await;
        let arrives = world.mailer.next_token_for("alice@example.com");
        assert!(timeout(StdDuration::from_secs(10), arrives).await.is_ok(), "no mail to alice");
    }
    assert_eq!(asked.elapsed(), StdDuration::ZERO);
    let held_up = [MailKind::EmailVerification, MailKind::Invitation];
    let mut left = Vec::new();
    for kind in held_up {
        left.push(world.waiting(kind).await);
    }
    assert_eq!(left, [CROWD, CROWD], "no other mail is sent by then");
    running.abort();
}

/// Security checklist: 75.
#[tokio::test]
async fn of_each_kind_as_many_are_leased_as_are_sent_at_once() {
    let settings =
        ServiceSettings { limits: Limits::GENEROUS, mail_workers: 2, ..ServiceSettings::default() };
    let world = World::with(ServiceSettings { registration: RegistrationMode::Invite, ..settings });
    for number in 0..3 {
        world.create(&format!("member{number}")).await;
        world.request_verification(&format!("member{number}@example.com")).await;
        world.create_without_password(&format!("invited{number}")).await;
    }
    let rival = world.rival();
    world.while_sending_next(async move {
        // One of each kind is left.
        assert_eq!(rival.deliver_mail().await, 2);
    });
    assert_eq!(world.deliver_mail().await, 4);
    assert_eq!(world.mailer.sent().len(), 6);
}
