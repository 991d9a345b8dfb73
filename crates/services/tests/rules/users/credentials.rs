//! What a change of a user does to the sessions that were opened before it.

use crate::support::World;

/// Security checklist: 45.
#[tokio::test]
async fn switching_off_ends_every_session_of_this_user_only() {
    let world = World::new();
    let alice = world.create("alice").await;
    let bob = world.create("bob").await;
    let hers = [world.open_session(alice.id).await, world.open_session(alice.id).await];
    let his = world.open_session(bob.id).await;
    world.switch_off(alice.id).await;
    for session in hers {
        assert!(!world.session_is_open(&session).await);
    }
    assert!(world.session_is_open(&his).await);
}

#[tokio::test]
async fn other_changes_leave_the_sessions_open() {
    let world = World::new();
    let alice = world.create("alice").await;
    let session = world.open_session(alice.id).await;
    world.change(alice.id, |request| request.first_name = "Alicia".to_owned()).await;
    world.change(alice.id, |request| request.roles = Some(vec!["editor".to_owned()])).await;
    assert!(world.session_is_open(&session).await);
}
