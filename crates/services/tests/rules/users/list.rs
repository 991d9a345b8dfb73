//! What can be listed and searched, and by whom.

use std::collections::BTreeMap;

use denizen_models::CreateUserRequest;
use denizen_services::{AccessContext, Failure, UserList, UserQuery, store::UserSort};

use crate::support::{World, administrator, failing_members, member, new_user, stranger};

async fn list(world: &World, query: &UserQuery) -> UserList {
    world.users.list_users(&AccessContext::system(), query).await.expect("a list")
}

async fn refusal(world: &World, query: &UserQuery) -> Vec<String> {
    match world.users.list_users(&AccessContext::system(), query).await {
        Err(Failure::InvalidQuery(errors)) => failing_members(&errors),
        other => panic!("not refused: {other:?}"),
    }
}

fn names(list: &UserList) -> Vec<&str> {
    list.users.iter().map(|user| user.values.username.as_str()).collect()
}

async fn world_of_three() -> World {
    let world = World::new();
    for (name, first_name, email) in [
        ("alice", "Alicia", "alice@example.com"),
        ("bob", "Robert", "bob@elsewhere.example"),
        ("carol", "Caroline", "the_alicorn@example.com"),
    ] {
        let request = CreateUserRequest {
            first_name: first_name.to_owned(),
            email: email.to_owned(),
            active: Some(name != "bob"),
            roles: (name == "carol").then(|| vec!["user".to_owned(), "editor".to_owned()]),
            ..new_user(name)
        };
        world.users.create_user(&AccessContext::system(), request).await.unwrap();
    }
    world
}

#[tokio::test]
async fn an_empty_query_lists_everybody_in_the_order_of_creation() {
    let list = list(&world_of_three().await, &UserQuery::default()).await;
    assert_eq!(names(&list), ["alice", "bob", "carol"]);
    assert_eq!((list.next_cursor, list.total), (None, None));
}

#[tokio::test]
async fn a_blank_search_lists_everybody() {
    let world = world_of_three().await;
    for text in ["", " ", "\t \n"] {
        let list = world.users.search_users(&AccessContext::system(), text).await.unwrap();
        assert_eq!(names(&list), ["alice", "bob", "carol"], "{text:?}");
    }
}

#[tokio::test]
async fn a_search_finds_names_and_addresses_whatever_their_case() {
    let world = world_of_three().await;
    for (text, expected) in [
        ("  ALIC ", ["alice", "carol"].as_slice()),
        ("rober", &["bob"]),
        ("@EXAMPLE", &["alice", "carol"]),
        ("elsewhere", &["bob"]),
        ("user", &["alice", "bob", "carol"]),
        ("nobody", &[]),
    ] {
        let list = world.users.search_users(&AccessContext::system(), text).await.unwrap();
        assert_eq!(names(&list), expected, "{text:?}");
    }
}

#[tokio::test]
async fn fewer_than_three_characters_are_looked_for_at_the_beginning() {
    let world = world_of_three().await;
    for (text, expected) in [("ro", ["bob"].as_slice()), ("ob", &[]), ("a", &["alice"])] {
        let list = world.users.search_users(&AccessContext::system(), text).await.unwrap();
        assert_eq!(names(&list), expected, "{text:?}");
    }
}

#[tokio::test]
async fn role_and_status_narrow_the_list_and_the_search() {
    let world = world_of_three().await;
    let role = |role: &str| UserQuery { role: Some(role.to_owned()), ..UserQuery::default() };
    let active = |active| UserQuery { active: Some(active), ..UserQuery::default() };
    assert_eq!(names(&list(&world, &role("editor")).await), ["carol"]);
    assert!(names(&list(&world, &role("edit")).await).is_empty());
    assert_eq!(names(&list(&world, &active(true)).await), ["alice", "carol"]);
    assert_eq!(names(&list(&world, &active(false)).await), ["bob"]);
    let both = UserQuery { search: "alic".to_owned(), ..role("editor") };
    assert_eq!(names(&list(&world, &both).await), ["carol"]);
}

#[tokio::test]
async fn the_total_counts_all_that_match_and_only_if_asked_for() {
    let world = world_of_three().await;
    let page = UserQuery { limit: Some(1), ..UserQuery::search("alic") };
    world.store.reset();
    assert_eq!(list(&world, &page).await.total, None);
    assert_eq!(world.store.calls("count_users"), 0);
    let list = list(&world, &UserQuery { total: true, ..page }).await;
    assert_eq!((names(&list), list.total), (vec!["alice"], Some(2)));
}

/// Security checklist: 54.
#[tokio::test]
async fn limits_from_1_to_200_are_accepted() {
    let world = world_of_three().await;
    for (limit, expected) in [(1, 1), (2, 2), (200, 3)] {
        let query = UserQuery { limit: Some(limit), ..UserQuery::default() };
        assert_eq!(list(&world, &query).await.users.len(), expected);
    }
    for limit in [0, 201, usize::MAX] {
        let query = UserQuery { limit: Some(limit), ..UserQuery::default() };
        assert_eq!(refusal(&world, &query).await, ["limit: limit must be between 1 and 200"]);
    }
}

#[tokio::test]
async fn a_page_has_fifty_users_when_nothing_is_said() {
    let world = World::new();
    for number in 0..51 {
        world.create(&format!("user_{number}")).await;
    }
    let first = list(&world, &UserQuery::default()).await;
    assert_eq!((first.users.len(), first.next_cursor.is_some()), (50, true));
}

/// Security checklist: 54.
#[tokio::test]
async fn a_search_of_more_than_200_characters_is_refused() {
    let world = World::new();
    let longest = format!(" {} ", "я".repeat(200));
    assert!(list(&world, &UserQuery::search(&longest)).await.users.is_empty());
    let expected = ["search: search cannot exceed 200 characters"];
    assert_eq!(refusal(&world, &UserQuery::search(&"я".repeat(201))).await, expected);
}

#[tokio::test]
async fn a_search_can_only_be_sorted_by_id() {
    let world = world_of_three().await;
    for sort in UserSort::ALL {
        let query = UserQuery { sort, ..UserQuery::search("alic") };
        if sort == UserSort::Id {
            assert_eq!(names(&list(&world, &query).await), ["alice", "carol"]);
        } else {
            assert_eq!(refusal(&world, &query).await, ["sort: a search can only be sorted by id"]);
        }
    }
    let blank = UserQuery { sort: UserSort::UsernameDescending, ..UserQuery::search(" ") };
    assert_eq!(names(&list(&world, &blank).await), ["carol", "bob", "alice"]);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_query_is_told_at_once_and_nothing_is_read() {
    let world = World::new();
    let query = UserQuery {
        search: "x".repeat(201),
        sort: UserSort::Username,
        limit: Some(0),
        cursor: Some("zz".to_owned()),
        ..UserQuery::default()
    };
    let expected = [
        "search: search cannot exceed 200 characters",
        "limit: limit must be between 1 and 200",
        "sort: a search can only be sorted by id",
        "cursor: cursor was not made for this list",
    ];
    assert_eq!(refusal(&world, &query).await, expected);
    assert_eq!(world.store.all_calls(), BTreeMap::new());
}

#[tokio::test]
async fn only_administrators_list_and_search() {
    let world = world_of_three().await;
    let alice = world.users.get_user_by_username(&AccessContext::system(), "alice").await.unwrap();
    world.store.reset();
    let nonsense = UserQuery { limit: Some(0), ..UserQuery::default() };
    for context in [stranger(), member(alice.id)] {
        for query in [&UserQuery::default(), &nonsense] {
            assert_eq!(
                world.users.list_users(&context, query).await,
                Err(Failure::Forbidden("only administrators can list users".into()))
            );
        }
        assert_eq!(
            world.users.search_users(&context, "alice").await,
            Err(Failure::Forbidden("only administrators can list users".into()))
        );
    }
    assert_eq!(world.store.all_calls(), BTreeMap::new());
    let seen = world.users.search_users(&administrator(alice.id), "bob").await.unwrap();
    assert_eq!(names(&seen), ["bob"]);
}
