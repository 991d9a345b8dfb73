//! Who is there.

use chrono::Duration;
use denizen_models::{ADMIN_ROLE, DEFAULT_ROLE, UserId};
use denizen_services::{
    AccessContext, Clock as _, Directory, MessageLimits, MessageService as _, store::SessionId,
};
use serde_json::{Value, json};

use super::{Chat, acting, assert_silent, next, saying, signed_in, username};

fn presence(chat: &Chat, kind: &str, name: &str) -> Value {
    let timestamp = chat.world.clock.now().timestamp();
    json!({"type": kind, "from": name, "content": {}, "timestamp": timestamp})
}

#[tokio::test]
async fn users_are_listed_once_in_alphabetical_order() {
    let chat = Chat::new();
    let _connections = ["Bob", "alice", "Bob", "carol"].map(|name| chat.connect(name));
    assert_eq!(chat.connected(), ["alice", "Bob", "carol"]);
}

#[tokio::test]
async fn the_others_are_told_of_the_first_connection_and_of_the_last() {
    let chat = Chat::new();
    let mut alice = chat.connect("alice");
    let mut bob = chat.connect("bob");
    assert_eq!(next(&mut alice), presence(&chat, "user_joined", "bob"));
    let tab = chat.connect("bob");
    drop(tab);
    assert_silent(&mut alice);
    assert_silent(&mut bob);
    drop(bob);
    assert_eq!(next(&mut alice), presence(&chat, "user_left", "bob"));
    assert_eq!(chat.connected(), ["alice"]);
    drop(alice);
    assert!(chat.connected().is_empty());
}

#[tokio::test]
async fn coming_and_going_never_takes_the_room_of_what_people_say() {
    let chat = Chat::with_queues_of(7);
    let mut alice = chat.connect("alice");
    for _ in 0..100 {
        drop(chat.connect("bob"));
    }
    for text in ["1", "2", "3"] {
        chat.broadcast("alice", text);
    }
    assert_eq!(chat.connected(), ["alice"]);
    for kind in ["user_joined", "user_left", "user_joined", "user_left"] {
        assert_eq!(next(&mut alice), presence(&chat, kind, "bob"));
    }
    for text in ["1", "2", "3"] {
        assert_eq!(next(&mut alice)["content"]["text"], text);
    }
    assert_silent(&mut alice);
}

/// Ten thousand who connect at once would otherwise be told of each other a hundred million times.
#[tokio::test]
async fn in_a_crowd_people_come_and_go_unannounced_until_the_second_is_over() {
    let chat = Chat::with(MessageLimits { hints_per_second: 2, ..MessageLimits::default() });
    let mut alice = chat.connect("alice");
    let mut crowd = ["bob", "carol", "dave"].map(|name| chat.connect(name));
    assert_eq!(next(&mut alice), presence(&chat, "user_joined", "bob"));
    // This one went to two.
    assert_eq!(next(&mut alice), presence(&chat, "user_joined", "carol"));
    assert_silent(&mut alice);
    chat.broadcast("dave", "hi");
    assert_eq!(next(&mut alice)["content"]["text"], "hi");

    chat.world.clock.advance(Duration::seconds(1));
    let erin = chat.connect("erin");
    assert_eq!(next(&mut alice), presence(&chat, "user_joined", "erin"));
    drop(erin);
    assert_silent(&mut alice);
    assert_eq!(next(&mut crowd[1])["from"], "dave", "only what is said comes through");
    assert_eq!(chat.connected(), ["alice", "bob", "carol", "dave"]);
}

/// Security checklist: 53.
#[tokio::test]
async fn where_only_administrators_list_users_nobody_else_sees_who_is_connected() {
    let chat = Chat::in_directory(Directory::Admins, MessageLimits::default());
    let roles = [ADMIN_ROLE, DEFAULT_ROLE].map(str::to_owned).to_vec();
    let olga = acting(UserId::new(1), username("olga"), SessionId(1), roles);
    let (mut admin, mut alice) = (chat.connect_as(&olga), chat.connect("alice"));
    let mut bob = chat.connect("bob");
    assert_eq!(next(&mut admin), presence(&chat, "user_joined", "alice"));
    assert_eq!(next(&mut admin), presence(&chat, "user_joined", "bob"));
    assert_silent(&mut alice);

    let listed = |context: &AccessContext| chat.messages.connected_users(context).unwrap();
    assert_eq!(listed(&olga), ["alice", "bob", "olga"]);
    assert_eq!(listed(&signed_in("alice")), ["alice"]);
    assert_eq!(listed(&signed_in("carol")), [""; 0], "she is not connected");

    // A message must not find out who is there either.
    for (recipient, told) in [("bob", 1), ("carol", 0), ("no such name!", 0)] {
        assert_eq!(chat.messages.direct(&signed_in("alice"), recipient, saying("hi")), Ok(0), "{recipient}");
        assert_eq!(chat.messages.direct(&olga, recipient, saying("hi")).unwrap_or(0), told, "{recipient}");
    }
    for from in ["alice", "olga"] {
        assert_eq!(next(&mut bob)["from"], from);
    }
    // Who speaks to all is heard with the name.
    chat.broadcast("bob", "hello");
    for connection in [&mut admin, &mut alice, &mut bob] {
        assert_eq!(next(connection)["from"], "bob");
    }
    drop(bob);
    assert_eq!(next(&mut admin), presence(&chat, "user_left", "bob"));
    assert_silent(&mut alice);
}
