//! In whose share of the hashing queue a request waits.

use denizen_services::{AccessContext, Network};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, stranger};

/// Security checklist: 33.
#[tokio::test]
async fn a_request_waits_in_the_share_of_the_network_that_it_came_from() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert!(world.hasher.take_networks().iter().all(|network| *network == Network::SERVICE));

    let home = AccessContext { ip: "2001:db8:1:2::3".parse().ok(), ..stranger() };
    let network = Network::of("2001:db8:1::".parse().ok());
    for login in ["alice", "nobody"] {
        world.log_in_from(&home, login, NEW_PASSWORD).await.unwrap_err();
        assert_eq!(world.hasher.take_networks(), [network], "{login}");
    }

    let elsewhere = Network::of(stranger().ip);
    let token = world.obtain_token("alice@example.com").await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    assert_eq!(world.hasher.take_networks(), [elsewhere; 2], "to judge it, and to hash it");

    let signed_in = world.log_in("alice", NEW_PASSWORD).await.unwrap();
    let context = world.use_session(&signed_in).await.unwrap().context;
    world.change_password(&context, NEW_PASSWORD, OLD_PASSWORD).await.unwrap();
    assert_eq!(world.hasher.take_networks(), [elsewhere; 4], "to compare twice, to judge, and to hash");
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
}
