//! What is never printed, whoever prints.

use std::sync::{Arc, Mutex};

use denizen_services::{
    AccessContext, Disclosure, MailError,
    store::{CommitObserver, Committed, UnitOfWork, WriteStore as _},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, log};

const BOB: &str = "bob@example.com";
const THIRD_PASSWORD: &str = "typed_into_the_wrong_field";

/// Keeps every unit of work as a careless programmer would print it.
#[derive(Default)]
pub struct PrintedUnits(Mutex<Vec<String>>);

impl PrintedUnits {
    /// All that was printed so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl CommitObserver for PrintedUnits {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        self.0.lock().unwrap().push(format!("{work:?} {committed:?}"));
    }
}

/// An account from the sign-up to another address; returns what must not be seen of it.
async fn live_through_an_account(world: &World) -> Vec<String> {
    world.sign_up("bob").await.unwrap();
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    world.deliver_mail_later().await;
    world.verify(&"f".repeat(64)).await.unwrap_err();
    world.confirm_sign_up(&world.token_for(BOB), "bob").await.unwrap();
    world.log_in(THIRD_PASSWORD, THIRD_PASSWORD).await.unwrap_err();
    let bob = world.enter("bob").await;
    world.change_password(&bob.context, THIRD_PASSWORD, NEW_PASSWORD).await.unwrap_err();
    let changed = world.change_password(&bob.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    let bob = world.use_session(&changed).await.unwrap();
    world.want_email(&bob.context, "bob@elsewhere.example", NEW_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    world.confirm_email(&world.token_for("bob@elsewhere.example")).await.unwrap();
    let carol = world.create_without_password("carol").await;
    world.accounts.invite_by_hand(&AccessContext::system(), carol.id).await.unwrap();
    world.deliver_mail().await;
    let mut secrets = [OLD_PASSWORD, NEW_PASSWORD, THIRD_PASSWORD].map(str::to_owned).to_vec();
    secrets.extend(world.tokens.minted());
    secrets
}

pub fn assert_none_in(secrets: &[String], printed: &[String]) {
    for text in printed {
        for secret in secrets {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} is printed: {text}");
        }
    }
}

/// Security checklist: 8.
#[tokio::test]
async fn neither_log_nor_trail_nor_debug_output_of_an_account_shows_a_secret() {
    log::capture();
    let world = World::open(Disclosure::Uniform);
    let units = Arc::new(PrintedUnits::default());
    world.store.observe(units.clone());
    let secrets = live_through_an_account(&world).await;
    assert!(secrets.len() > 8, "{secrets:?}");
    let lines = log::lines();
    assert!(lines.iter().any(|line| line.contains("sign_up of stranger: sent")), "{lines:#?}");
    assert_none_in(&[BOB.to_owned(), "elsewhere.example".to_owned()], &lines);
    let mut printed = units.take();
    printed.extend(lines);
    printed.extend([format!("{:?}", world.audit().await), format!("{:?}", world.mailer.sent())]);
    assert_none_in(&secrets, &printed);
}
