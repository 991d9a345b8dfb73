//! A token for a reset is for nothing else, and nothing else is for a reset.

use denizen_services::{ServiceSettings, Token};

use crate::{
    mailed_tokens::{USES, works, world_with_tokens},
    support::{NEW_PASSWORD, OLD_PASSWORD, World},
};

const ALICE: &str = "alice@example.com";

#[tokio::test]
async fn a_token_for_a_reset_is_unknown_for_every_other_purpose_and_works_once() {
    let (world, _) = world_with_tokens().await;
    let token = world.obtain_token(ALICE).await;
    for other in USES {
        assert!(!works(&world, other, &token).await, "a reset worked as {other}");
    }
    assert_eq!(world.present(&token.as_str().into()).await, None);
    assert!(world.reset(&token, NEW_PASSWORD).await.is_ok());
    assert!(world.reset(&token, NEW_PASSWORD).await.is_err());
}

#[tokio::test]
async fn a_token_for_another_purpose_resets_nothing_and_still_works() {
    let (world, tokens) = world_with_tokens().await;
    let session = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    assert!(world.reset(session.token.expose(), NEW_PASSWORD).await.is_err());
    for (purpose, token) in &tokens {
        assert!(world.reset(token, NEW_PASSWORD).await.is_err(), "{purpose} worked as a reset");
    }
    for (purpose, token) in tokens.iter().rev() {
        assert!(works(&world, purpose, token).await, "{purpose}");
    }
}

#[tokio::test]
async fn guesses_at_resets_count_with_those_at_other_tokens_and_before_they_are_looked_up() {
    let world = World::with(ServiceSettings::default());
    let guess = Token::mint(world.tokens.as_ref()).unwrap();
    for number in 0..30 {
        let purpose = USES.get(number % 4);
        assert!(match purpose {
            Some(purpose) => !works(&world, purpose, guess.expose()).await,
            None => world.reset(guess.expose(), NEW_PASSWORD).await.is_err(),
        });
    }
    world.store.reset();
    assert!(world.reset(guess.expose(), NEW_PASSWORD).await.is_err());
    assert_eq!(world.store.all_calls(), [("commit", 1)].into());
}
