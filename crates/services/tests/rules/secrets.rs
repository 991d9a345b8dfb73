//! What is never printed, whoever prints.

use std::sync::{Arc, Mutex};

use chrono::Duration;
use denizen_models::{PasswordResetConfirmation, Secret, ValidateResetTokenRequest};
use denizen_services::{
    AccessContext, MailError, PasswordHash, TokenHash, UserService as _,
    defaults::Disclosure,
    store::{CommitObserver, Committed, Reads as _, UnitOfWork, Units as _},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, log, new_user};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const THIRD_PASSWORD: &str = "typed_into_the_wrong_field";

/// Keeps every unit of work as a careless programmer would print it.
#[derive(Default)]
struct PrintedUnits(Mutex<Vec<String>>);

impl CommitObserver for PrintedUnits {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        self.0.lock().unwrap().push(format!("{work:?} {committed:?}"));
    }
}

/// A whole story with everything that goes wrong in it; returns what must not be seen of it.
async fn live_through_a_reset(world: &World) -> Vec<String> {
    let alice = world.create("alice").await;
    let old_hash = world.password_hash(alice.id).await.unwrap();
    world.request_reset("nobody@example.com").await;
    world.request_reset(ALICE).await;
    world.mailer.fail_next(1, MailError::Temporary("no connection".to_owned()));
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
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".to_owned()));
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

/// An account from the sign-up to another address; returns what must not be seen of it.
async fn live_through_an_account(world: &World) -> Vec<String> {
    world.sign_up("bob").await.unwrap();
    world.mailer.fail_next(1, MailError::Temporary("no connection".to_owned()));
    world.deliver_mail().await;
    world.deliver_mail_later().await;
    world.verify(&"f".repeat(64)).await.unwrap_err();
    world.verify(&world.token_for(BOB)).await.unwrap();
    world.log_in(THIRD_PASSWORD, THIRD_PASSWORD).await.unwrap_err();
    let bob = world.enter("bob").await;
    world.change_password(&bob.context, THIRD_PASSWORD, NEW_PASSWORD).await.unwrap_err();
    let changed = world.change_password(&bob.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    let bob = world.use_session(&changed).await.unwrap();
    world.want_email(&bob.context, "bob@elsewhere.example", NEW_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    world.confirm_email(&world.token_for("bob@elsewhere.example")).await.unwrap();
    world.users.send_password_reset(&AccessContext::system(), bob.user.id, true).await.unwrap();
    let carol = world.create_without_password("carol").await;
    world.users.invite_by_hand(&AccessContext::system(), carol.id).await.unwrap();
    world.deliver_mail().await;
    let mut secrets = [OLD_PASSWORD, NEW_PASSWORD, THIRD_PASSWORD].map(str::to_owned).to_vec();
    secrets.extend(world.tokens.minted());
    secrets
}

fn assert_none_in(secrets: &[String], printed: &[String]) {
    for text in printed {
        for secret in secrets {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} is printed: {text}");
        }
    }
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
async fn neither_log_nor_trail_nor_debug_output_of_an_account_shows_a_secret() {
    log::capture();
    let world = World::open(Disclosure::Uniform);
    let units = Arc::new(PrintedUnits::default());
    world.store.observe(units.clone());
    let secrets = live_through_an_account(&world).await;
    assert!(secrets.len() > 10, "{secrets:?}");
    let lines = log::lines();
    assert!(lines.iter().any(|line| line.contains("sign_up of stranger: sent")), "{lines:#?}");
    assert_none_in(&[BOB.to_owned(), "elsewhere.example".to_owned()], &lines);
    let mut printed = std::mem::take(&mut *units.0.lock().unwrap());
    printed.extend(lines);
    printed.extend([format!("{:?}", world.audit().await), format!("{:?}", world.mailer.sent())]);
    assert_none_in(&secrets, &printed);
}

/// Security checklist: 8.
#[tokio::test]
async fn no_debug_output_of_a_reset_shows_a_secret() {
    let world = World::new();
    let units = Arc::new(PrintedUnits::default());
    world.store.observe(units.clone());
    let secrets = live_through_a_reset(&world).await;
    let mut printed = std::mem::take(&mut *units.0.lock().unwrap());
    assert!(printed.len() > 5, "{printed:#?}");
    let (jobs, audit) = (world.jobs().await, world.audit().await);
    assert!(!jobs.is_empty() && !audit.is_empty());
    printed.extend([format!("{jobs:?}"), format!("{audit:?}"), format!("{:?}", world.mailer.sent())]);
    let alice = audit[0].target.unwrap();
    printed.push(format!("{:?} {:?}", world.find(alice).await, world.store.find_credentials(alice).await));
    let token = world.token_for(ALICE);
    printed.push(format!("{:?}", ValidateResetTokenRequest { token: Secret::from(token.as_str()) }));
    let confirmation = PasswordResetConfirmation {
        token: Secret::from(token.as_str()),
        new_password: Secret::from(NEW_PASSWORD),
    };
    printed.push(format!("{confirmation:?} {:?}", new_user("bob")));
    let answer = world.reset(&token, NEW_PASSWORD).await;
    printed.push(format!("{answer:?} {}", answer.as_ref().unwrap_err()));
    assert_none_in(&secrets, &printed);
}
