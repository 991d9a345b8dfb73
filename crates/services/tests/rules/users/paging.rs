//! Going through the list page by page.

use denizen_services::{AccessContext, Failure, UserList, UserQuery, store::UserSort};

use crate::support::{World, failing_members};

const NAMES: [&str; 7] = ["mallory", "Alice", "trent", "bob", "zoe", "Eve", "carol"];

async fn world_of_seven() -> World {
    let world = World::new();
    for name in NAMES {
        world.create(name).await;
    }
    world
}

fn by(sort: UserSort) -> UserQuery {
    UserQuery { sort, limit: Some(3), ..UserQuery::default() }
}

async fn page(world: &World, query: &UserQuery, cursor: Option<String>) -> UserList {
    let query = UserQuery { cursor, ..query.clone() };
    world.users.list_users(&AccessContext::system(), &query).await.expect("a page")
}

/// The names on each page, to the end.
async fn pages(world: &World, query: &UserQuery) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let UserList { users, next_cursor, .. } = page(world, query, cursor).await;
        pages.push(users.iter().map(|user| user.values.username.to_string()).collect());
        cursor = next_cursor;
        if cursor.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn every_order_visits_everybody_once() {
    let world = world_of_seven().await;
    let by_name = ["Alice", "bob", "carol", "Eve", "mallory", "trent", "zoe"];
    for sort in UserSort::ALL {
        let mut expected = match sort {
            UserSort::Id | UserSort::IdDescending => NAMES,
            UserSort::Username | UserSort::UsernameDescending => by_name,
        };
        if matches!(sort, UserSort::IdDescending | UserSort::UsernameDescending) {
            expected.reverse();
        }
        let pages = pages(&world, &by(sort)).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1], "{sort:?}");
        assert_eq!(pages.concat(), expected, "{sort:?}");
    }
}

#[tokio::test]
async fn a_search_is_paged_like_a_list() {
    let world = world_of_seven().await;
    let query = UserQuery { limit: Some(3), ..UserQuery::search("@example.com") };
    assert_eq!(pages(&world, &query).await.concat(), NAMES);
}

#[tokio::test]
async fn the_last_page_says_so_even_if_it_is_full() {
    let world = world_of_seven().await;
    let query = UserQuery { limit: Some(7), ..UserQuery::default() };
    assert_eq!(page(&world, &query, None).await.next_cursor, None);
    let query = UserQuery { limit: Some(6), ..query };
    assert!(page(&world, &query, None).await.next_cursor.is_some());
}

#[tokio::test]
async fn those_who_come_and_go_neither_repeat_nor_hide_others() {
    let world = world_of_seven().await;
    let first = page(&world, &by(UserSort::Username), None).await;
    assert_eq!(first.users.last().unwrap().values.username.as_str(), "carol");
    world.delete(first.users[2].id).await;
    world.create("adam").await;
    world.create("dave").await;
    let second = page(&world, &by(UserSort::Username), first.next_cursor).await;
    let names: Vec<_> = second.users.iter().map(|user| user.values.username.as_str()).collect();
    assert_eq!(names, ["dave", "Eve", "mallory"]);
}

/// Security checklist: 54.
#[tokio::test]
async fn a_bookmark_of_another_order_or_of_nobody_is_refused() {
    let world = world_of_seven().await;
    let bookmark = page(&world, &by(UserSort::Id), None).await.next_cursor.unwrap();
    let damaged = [&bookmark[..bookmark.len() - 1], &bookmark[2..], "", "page2", "=", "ffff"];
    let foreign = UserSort::ALL.iter().filter(|sort| **sort != UserSort::Id);
    let cases = damaged
        .map(|cursor| (UserSort::Id, cursor))
        .into_iter()
        .chain(foreign.map(|sort| (*sort, &*bookmark)));
    for (sort, cursor) in cases {
        let query = UserQuery { cursor: Some(cursor.to_owned()), ..by(sort) };
        let answer = world.users.list_users(&AccessContext::system(), &query).await;
        let Err(Failure::InvalidQuery(errors)) = answer else {
            panic!("{cursor:?} is accepted for {sort:?}: {answer:?}")
        };
        assert_eq!(failing_members(&errors), ["cursor: cursor was not made for this list"]);
    }
}
