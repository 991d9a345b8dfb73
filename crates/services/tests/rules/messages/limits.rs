//! Who is refused, and who is shown out.

use chrono::Duration;
use denizen_models::UserId;
use denizen_services::{
    AccessContext, CloseReason, ConnectError, Connections, LiveSessions as _, MessageLimits,
    MessageService as _, SendMessageError,
    store::{Quota, SessionId},
};

use super::{Chat, acting, ending, next, saying, signed_in, username};
use crate::support::stranger;

#[tokio::test]
async fn strangers_are_refused() {
    let chat = Chat::new();
    let refused = chat.messages.connect(&stranger()).err();
    assert_eq!(refused, Some(ConnectError::Forbidden));
    assert!(chat.connected().is_empty());
}

#[tokio::test]
async fn there_is_a_limit_for_all_and_one_for_each() {
    let chat =
        Chat::with(MessageLimits { connections: 3, connections_per_user: 2, ..MessageLimits::default() });
    let mut connections = vec![chat.connect("alice"), chat.connect("alice")];
    assert_eq!(chat.try_connect("alice").err(), Some(ConnectError::TooMany(2)));
    connections.push(chat.connect("bob"));
    assert_eq!(chat.try_connect("carol").err(), Some(ConnectError::Full(3)));
    // Whoever leaves makes room.
    connections.swap_remove(0);
    connections.push(chat.connect("alice"));
    assert_eq!(chat.connected(), ["alice", "bob"]);
}

#[tokio::test]
async fn a_client_that_reads_too_slowly_is_shown_out_and_delays_nobody() {
    let chat = Chat::with_queues_of(3);
    let (mut slow, mut quick) = (chat.connect("slow"), chat.connect("quick"));
    next(&mut slow);
    for text in ["1", "2", "3"] {
        chat.broadcast("quick", text);
        assert_eq!(next(&mut quick)["content"]["text"], text);
    }
    assert_eq!(chat.connected(), ["quick", "slow"]);
    chat.broadcast("quick", "4");
    assert_eq!(next(&mut quick)["content"]["text"], "4");
    assert_eq!(next(&mut quick)["type"], "user_left");
    assert_eq!(chat.connected(), ["quick"]);
    // What it had room for, and the reason.
    assert_eq!(ending(&mut slow), (3, CloseReason::TooSlow));
}

#[tokio::test]
async fn a_direct_message_for_which_there_is_no_room_is_not_delivered() {
    let chat = Chat::with_queues_of(1);
    let mut slow = chat.connect("slow");
    let send = || chat.messages.direct(&signed_in("quick"), "slow", saying("hi"));
    assert_eq!(send(), Ok(1));
    assert_eq!(send().map_err(|error| error.to_string()), Err("user slow is not connected".to_owned()));
    assert_eq!(ending(&mut slow), (1, CloseReason::TooSlow));
}

#[tokio::test]
async fn connections_are_ended_one_by_one_by_session_by_user_or_all() {
    let chat = Chat::new();
    let messages = &chat.messages;
    let connect = |user, name, session| {
        chat.connect_as(&acting(UserId::new(user), username(name), SessionId(session), Vec::new()))
    };
    let (mut phone, mut laptop, mut tab) =
        (connect(1, "alice", 1), connect(1, "alice", 2), connect(1, "alice", 2));
    let (mut bob, mut carol) = (connect(2, "bob", 3), connect(3, "carol", 4));

    messages.disconnect(&Connections::One(tab.id), CloseReason::Revoked);
    assert_eq!(ending(&mut tab).1, CloseReason::Revoked);
    assert_eq!(messages.connected_sessions(), [1, 2, 3, 4].map(SessionId));

    messages.disconnect(&Connections::OfSession(SessionId(2)), CloseReason::Revoked);
    assert_eq!(ending(&mut laptop).1, CloseReason::Revoked);
    assert_eq!(messages.connected_sessions(), [1, 3, 4].map(SessionId));

    messages.disconnect(&Connections::OfUser(UserId::new(1)), CloseReason::Revoked);
    assert_eq!(ending(&mut phone).1, CloseReason::Revoked);
    assert_eq!(chat.connected(), ["bob", "carol"]);

    messages.disconnect(&Connections::All, CloseReason::TooSlow);
    assert_eq!(ending(&mut bob).1, CloseReason::TooSlow);
    assert_eq!(ending(&mut carol).1, CloseReason::TooSlow);
    assert!(chat.connected().is_empty());
    assert!(messages.connected_sessions().is_empty());

    // Whoever was shown out may leave, too.
    drop((phone, laptop, tab, bob, carol));
    assert!(chat.try_connect("alice").is_ok());
}

#[tokio::test]
async fn a_service_that_stops_says_goodbye_and_lets_nobody_in() {
    let chat = Chat::new();
    let mut alice = chat.connect("alice");
    chat.broadcast("alice", "last words");
    chat.messages.shut_down();
    assert_eq!(ending(&mut alice), (1, CloseReason::GoingAway));
    assert_eq!(chat.try_connect("alice").err(), Some(ConnectError::GoingAway));
}

/// Security checklist: 72.
#[tokio::test]
async fn a_user_sends_so_many_messages_over_all_connections_and_without_one() {
    let quota = Quota::new(5, Duration::seconds(1));
    let chat = Chat::with(MessageLimits { messages_per_user: quota, ..MessageLimits::default() });
    let mut listening = chat.connect("bob");
    let _tabs: Vec<_> = (0..3).map(|_| chat.connect("alice")).collect();
    let send = |name: &str, to: Option<&str>| match to {
        Some(to) => chat.messages.direct(&signed_in(name), to, saying("hi")),
        None => chat.messages.broadcast(&signed_in(name), saying("hi")),
    };
    for to in [None, Some("bob"), None, Some("bob"), None] {
        assert!(send("alice", to).is_ok());
    }
    for to in [None, Some("bob"), Some("nobody")] {
        assert_eq!(send("ALICE", to), Err(SendMessageError::TooMany(Duration::seconds(1))));
    }
    assert_eq!(send("bob", None), Ok(2), "another user has an allowance of their own");
    chat.messages.broadcast(&AccessContext::system(), saying("hi")).expect("the system has no limit");
    chat.world.clock.advance(Duration::seconds(1));
    assert_eq!(send("alice", None), Ok(2));
    assert_eq!(send("alice", None), Err(SendMessageError::TooMany(Duration::seconds(1))));
    let heard = std::iter::from_fn(|| listening.outgoing.try_recv().ok()).count();
    assert_eq!(heard, 1 + 5 + 1 + 1 + 1, "who is refused is not heard");
}
