//! What is never printed of a reset, whoever prints.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{PasswordResetConfirmation, Secret, TokenRequest};
use denizen_services::{
    AccessContext, MailError, PasswordHash, TokenHash,
    store::{ReadStore as _, WriteStore as _},
};

use crate::{
    secrets::{PrintedUnits, assert_none_in},
    support::{NEW_PASSWORD, OLD_PASSWORD, World, log, new_user},
};

const ALICE: &str = "alice@example.com";

/// A whole story with everything that goes wrong in it; returns what must not be seen of it.
async fn live_through_a_reset(world: &World) -> Vec<String> {
    let alice = world.create("alice").await;
    let old_hash = world.password_hash(alice.id).await.unwrap();
    world.request_reset("nobody@example.com").await;
    world.request_reset(ALICE).await;
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    world.clock.advance(Duration::seconds(2));
    let rival = world.rival();
    world.before_next_commit(async move { rival.request_reset(ALICE).await });
    world.deliver_mail().await;
    let token = world.token_for(ALICE);
    assert!(world.reset(&"f".repeat(64), NEW_PASSWORD).await.is_err());
    assert!(world.reset(&token, "short").await.is_err());
    world.validate(&token).await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    assert!(world.reset(&token, NEW_PASSWORD).await.is_err());
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    world.deliver_mail().await;
    let new_hash = world.password_hash(alice.id).await.unwrap();
    let text = |hash: &PasswordHash| hash.expose().to_owned();
    let digits = |hash: &PasswordHash| text(hash).rsplit('$').next().unwrap().to_owned();
    let mut secrets = vec![OLD_PASSWORD.to_owned(), NEW_PASSWORD.to_owned(), "short".to_owned()];
    secrets.extend([&old_hash, &new_hash].map(text));
    secrets.extend([&old_hash, &new_hash].map(digits));
    for token in world.tokens.minted() {
        let hash = TokenHash::of(&Secret::from(token.as_str()));
        secrets.extend([hex::encode(hash.as_bytes()), format!("{:?}", hash.as_bytes()), token]);
    }
    secrets
}

/// Security checklist: 8.
#[tokio::test]
async fn no_log_line_of_a_reset_shows_a_secret_or_an_address() {
    log::capture();
    let world = World::tutorial();
    world.create("nobody").await;
    let mut secrets = live_through_a_reset(&world).await;
    secrets.extend([ALICE.to_owned(), "nobody@example.com".to_owned()]);
    let lines = log::lines();
    for expected in ["password_reset of stranger: sent", "not sent: mail not sent yet", "is given up"] {
        assert!(lines.iter().any(|line| line.contains(expected)), "{expected:?} is not in {lines:#?}");
    }
    assert_none_in(&secrets, &lines);
}

/// Security checklist: 8.
#[tokio::test]
async fn no_debug_output_of_a_reset_shows_a_secret() {
    let world = World::new();
    let units = Arc::new(PrintedUnits::default());
    world.store.observe(units.clone());
    let secrets = live_through_a_reset(&world).await;
    let mut printed = units.take();
    assert!(printed.len() > 5, "{printed:#?}");
    let (jobs, audit) = (world.jobs().await, world.audit().await);
    assert!(!jobs.is_empty() && !audit.is_empty());
    printed.extend([format!("{jobs:?}"), format!("{audit:?}"), format!("{:?}", world.mailer.sent())]);
    let alice = audit[0].target.unwrap();
    printed.push(format!("{:?} {:?}", world.find(alice).await, world.store.find_credentials(alice).await));
    let token = world.token_for(ALICE);
    printed.push(format!("{:?}", TokenRequest { token: Secret::from(token.as_str()) }));
    let confirmation = PasswordResetConfirmation {
        token: Secret::from(token.as_str()),
        new_password: Secret::from(NEW_PASSWORD),
    };
    printed.push(format!("{confirmation:?} {:?}", new_user("bob")));
    let answer = world.reset(&token, NEW_PASSWORD).await;
    printed.push(format!("{answer:?} {}", answer.as_ref().unwrap_err()));
    assert_none_in(&secrets, &printed);
}

#[tokio::test]
async fn neither_log_nor_trail_nor_debug_output_of_a_reset_that_was_sent_shows_a_secret() {
    log::capture();
    let world = World::new();
    let units = Arc::new(PrintedUnits::default());
    world.store.observe(units.clone());
    let alice = world.create("alice").await;
    world.users.send_password_reset(&AccessContext::system(), alice.id, true).await.unwrap();
    world.deliver_mail().await;
    let mut secrets = world.tokens.minted();
    assert_eq!(secrets.len(), 2, "that of the discarded password, and the mailed one");
    secrets.push(OLD_PASSWORD.to_owned());
    let lines = log::lines();
    assert!(lines.iter().any(|line| line.contains("password_reset of ")), "{lines:#?}");
    assert_none_in(&[ALICE.to_owned()], &lines);
    let mut printed = units.take();
    printed.extend(lines);
    printed.extend([format!("{:?}", world.audit().await), format!("{:?}", world.mailer.sent())]);
    assert_none_in(&secrets, &printed);
}
