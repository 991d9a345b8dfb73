//! What holds for tokens of every purpose.

use denizen_services::{Disclosure, RegistrationMode, ServiceSettings, Token};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

/// What can be done with a token.
pub const USES: [&str; 4] = ["verify", "sign up", "accept", "confirm"];

pub async fn works(world: &World, as_what: &str, token: &str) -> bool {
    match as_what {
        "verify" => world.verify(token).await.is_ok(),
        "sign up" => world.confirm_sign_up(token, "bob").await.is_ok(),
        "accept" => world.accept(token, NEW_PASSWORD).await.is_ok(),
        _ => world.confirm_email(token).await.is_ok(),
    }
}

/// A world in which somebody was mailed a token of each kind, and what each is for.
pub async fn world_with_tokens() -> (World, Vec<(&'static str, String)>) {
    let world = World::open(Disclosure::Uniform);
    world.create("alice").await;
    world.create("erin").await;
    let erin = world.enter("erin").await;
    let mut tokens = vec![
        ("verify", world.obtain_verification("alice@example.com").await),
        ("sign up", world.obtain_confirmation("bob").await),
    ];
    world.create_without_password("carol").await;
    world.want_email(&erin.context, "new@example.com", OLD_PASSWORD).await.unwrap();
    world.deliver_mail().await;
    tokens.push(("accept", world.token_for("carol@example.com")));
    tokens.push(("confirm", world.token_for("new@example.com")));
    (world, tokens)
}

#[tokio::test]
async fn a_token_for_one_purpose_is_unknown_for_every_other() {
    let (world, tokens) = world_with_tokens().await;
    for (purpose, token) in &tokens {
        for other in USES {
            assert!(other == *purpose || !works(&world, other, token).await, "{purpose} worked as {other}");
        }
    }
    for (purpose, token) in tokens.iter().rev() {
        assert!(works(&world, purpose, token).await, "{purpose}");
        assert!(!works(&world, purpose, token).await, "{purpose} worked twice");
    }
}

#[tokio::test]
async fn a_session_token_is_no_token_from_a_mail_nor_the_other_way_round() {
    let (world, tokens) = world_with_tokens().await;
    let session = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    for purpose in USES {
        assert!(!works(&world, purpose, session.token.expose()).await, "{purpose}");
    }
    for (purpose, token) in &tokens {
        assert_eq!(world.present(&token.as_str().into()).await, None, "{purpose}");
    }
}

#[tokio::test]
async fn tokens_of_all_purposes_count_together_and_are_counted_before_they_are_looked_up() {
    let registration = RegistrationMode::Open;
    let world = World::with(ServiceSettings { registration, ..ServiceSettings::default() });
    let guess = Token::mint(world.tokens.as_ref()).unwrap();
    for number in 0..30 {
        assert!(!works(&world, USES[number % 4], guess.expose()).await);
    }
    world.store.reset();
    for purpose in USES {
        assert!(!works(&world, purpose, guess.expose()).await);
    }
    assert_eq!(world.store.all_calls(), [("commit", 4)].into());
}
