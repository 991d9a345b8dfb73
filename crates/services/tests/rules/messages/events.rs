//! What happens to users, for administrators who subscribe.

use denizen_models::{Topic, UserId};
use denizen_services::{AccessContext, Clock as _, CloseReason, Connection, Failure, MessageService as _};
use serde_json::json;

use super::{Chat, assert_silent, ending, next, signed_in};
use crate::support::{NEW_PASSWORD, administrator};

impl Chat {
    fn subscribe(&self, connection: &Connection) {
        let context = administrator(UserId::new(1));
        self.messages.subscribe(&context, connection.id, Topic::UserEvents).expect("a subscription");
    }
}

/// The events that wait for the connection, without anything that is the same in all.
#[track_caller]
fn events(chat: &Chat, connection: &mut Connection) -> Vec<(String, u64)> {
    let mut events = Vec::new();
    while !connection.outgoing.is_empty() {
        let message = next(connection);
        let (name, id) = (&message["content"]["event"], &message["content"]["user_id"]);
        let timestamp = chat.world.clock.now().timestamp();
        let content = json!({"event": name, "user_id": id});
        let expected = json!({"type": "user_event", "content": content, "timestamp": timestamp});
        assert_eq!(message, expected, "and nothing else about the user");
        events.push((name.as_str().expect("a name").to_owned(), id.as_u64().expect("an id")));
    }
    events
}

fn event(name: &str, user: UserId) -> (String, u64) {
    (name.to_owned(), u64::try_from(user.get()).expect("a positive number"))
}

#[tokio::test]
async fn subscribers_are_told_what_happens_to_users_and_to_whom() {
    let chat = Chat::new();
    let mut admin = chat.connect("admin");
    chat.subscribe(&admin);

    let alice = chat.world.create("alice").await;
    assert_eq!(events(&chat, &mut admin), [event("user.created", alice.id)]);

    chat.world.change(alice.id, |request| request.first_name = "Alice".to_owned()).await;
    assert_eq!(events(&chat, &mut admin), [event("user.updated", alice.id)]);

    chat.world.obtain_verification("alice@example.com").await;
    assert_eq!(events(&chat, &mut admin), [], "asking for a mail changes nothing");
    chat.world.replace_password(alice.id, NEW_PASSWORD).await;
    // Using the token also shows that the address is theirs.
    let replaced = [event("user.password_changed", alice.id), event("user.updated", alice.id)];
    assert_eq!(events(&chat, &mut admin), replaced);

    chat.world.delete(alice.id).await;
    assert_eq!(events(&chat, &mut admin), [event("user.deleted", alice.id)]);
}

#[tokio::test]
async fn what_fails_has_not_happened() {
    let chat = Chat::new();
    chat.world.create("alice").await;
    let mut admin = chat.connect("admin");
    chat.subscribe(&admin);
    let root = AccessContext::system();
    chat.world.try_delete(&root, UserId::new(999)).await.expect_err("no such user");
    assert_silent(&mut admin);
}

#[tokio::test]
async fn members_cannot_subscribe() {
    let chat = Chat::new();
    let mut member = chat.connect("member");
    let refused = chat.messages.subscribe(&signed_in("member"), member.id, Topic::UserEvents);
    assert_eq!(refused, Err(Failure::Forbidden("only administrators can subscribe to user_events".into())));
    chat.world.create("alice").await;
    assert_silent(&mut member);
}

#[tokio::test]
async fn only_the_connection_that_subscribed_is_told_until_it_unsubscribes() {
    let chat = Chat::new();
    let (mut admin, mut tab) = (chat.connect("admin"), chat.connect("admin"));
    chat.subscribe(&admin);
    let alice = chat.world.create("alice").await;
    assert_eq!(events(&chat, &mut admin), [event("user.created", alice.id)]);
    assert_silent(&mut tab);
    chat.messages.unsubscribe(admin.id, Topic::UserEvents);
    chat.world.create("bob").await;
    assert_silent(&mut admin);
}

#[tokio::test]
async fn a_subscriber_that_reads_too_slowly_does_not_keep_the_store_waiting() {
    let chat = Chat::with_queues_of(2);
    let mut admin = chat.connect("admin");
    chat.subscribe(&admin);
    for name in ["alice", "bob", "carol", "dave"] {
        chat.world.create(name).await;
    }
    assert_eq!(ending(&mut admin), (2, CloseReason::TooSlow));
    assert!(chat.connected().is_empty());
}
