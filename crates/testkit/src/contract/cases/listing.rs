//! Pages of the list of users.

use std::{collections::BTreeSet, sync::Arc};

use denizen_models::{ADMIN_ROLE, User, UserId, UserValues};
use denizen_services::store::{Cursor, PageRequest, Store, UnitOfWork, UserFilter, UserSort};

use crate::{
    contract::verbs::{commit, insert, insert_all, insert_values, update},
    must, user_values,
};

async fn page(
    store: &Arc<dyn Store>,
    filter: &UserFilter,
    sort: UserSort,
    after: Option<Cursor>,
    limit: usize,
) -> (Vec<UserId>, Option<Cursor>) {
    let page = must(store.list_users(filter, &PageRequest { sort, after, limit }).await);
    (page.users.iter().map(|user| user.id).collect(), page.next)
}

/// All pages, one after the other.
async fn pages(
    store: &Arc<dyn Store>,
    filter: &UserFilter,
    sort: UserSort,
    limit: usize,
) -> Vec<Vec<UserId>> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let (users, next) = page(store, filter, sort, after, limit).await;
        pages.push(users);
        after = next;
        if after.is_none() {
            return pages;
        }
        assert!(pages.len() < 1000, "the list of {sort:?} by {limit} does not end");
    }
}

/// The users in the order in which the list has to show them.
fn in_order(users: &[User], sort: UserSort) -> Vec<UserId> {
    let mut users: Vec<_> = users.iter().collect();
    let by_name = |user: &&User| (user.values.username.key().to_owned(), user.id);
    match sort {
        UserSort::Id => users.sort_by_key(|user| user.id),
        UserSort::IdDescending => users.sort_by_key(|user| std::cmp::Reverse(user.id)),
        UserSort::Username => users.sort_by_key(by_name),
        UserSort::UsernameDescending => users.sort_by_key(|user| std::cmp::Reverse(by_name(user))),
    }
    users.into_iter().map(|user| user.id).collect()
}

/// Names whose order is not that of insertion, nor that of the letters as typed.
async fn a_crowd(store: &Arc<dyn Store>) -> Vec<User> {
    let names = ["delta", "Alpha", "charlie", "_bravo", "Echo", "alpha_2", "ALPHA1", "Zulu", "z_9", "yankee"];
    insert_all(store, names.map(user_values)).await
}

pub async fn paging_visits_everybody_once_in_every_order(store: Arc<dyn Store>) {
    let users = a_crowd(&store).await;
    let all = UserFilter::default();
    for sort in UserSort::ALL {
        let expected = in_order(&users, sort);
        for limit in [1, 2, 3, 5, users.len(), users.len() + 1, 200] {
            let pages = pages(&store, &all, sort, limit).await;
            // Full pages and a rest: no page behind the last user, not even if the last page is full.
            let cut: Vec<_> = expected.chunks(limit).map(<[UserId]>::to_vec).collect();
            assert_eq!(pages, cut, "{sort:?} by {limit}");
        }
    }
}

pub async fn an_empty_list_has_one_empty_page(store: Arc<dyn Store>) {
    for sort in UserSort::ALL {
        assert_eq!(
            page(&store, &UserFilter::default(), sort, None, 10).await,
            (Vec::new(), None),
            "{sort:?}"
        );
    }
    assert_eq!(must(store.count_users(&UserFilter::default()).await), 0);
}

pub async fn a_bookmark_is_that_of_the_last_user_shown(store: Arc<dyn Store>) {
    let users = a_crowd(&store).await;
    for sort in UserSort::ALL {
        let (shown, next) = page(&store, &UserFilter::default(), sort, None, 4).await;
        let last = users.iter().find(|user| Some(&user.id) == shown.last());
        assert_eq!(next, last.map(|last| Cursor::at(sort, last)), "{sort:?}");
        assert!(next.is_some(), "{sort:?}");
    }
}

pub async fn filters_choose_by_role_and_status(store: Arc<dyn Store>) {
    let with = |name: &str, active: bool, roles: &[&str]| UserValues {
        active,
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
        ..user_values(name)
    };
    let crowd = [
        with("plain", true, &["user"]),
        with("boss", true, &["user", ADMIN_ROLE]),
        with("gone", false, &["user"]),
        with("old_boss", false, &[ADMIN_ROLE, "auditor"]),
        with("longer", true, &["administrator"]),
        with("upper", true, &["ADMIN"]),
        with("list", true, &["user,admin", "\"admin\""]),
    ];
    insert_all(&store, crowd.clone()).await;
    for role in
        [None, Some(ADMIN_ROLE), Some("user"), Some("auditor"), Some("adm"), Some("user,admin"), Some("")]
    {
        for active in [None, Some(true), Some(false)] {
            let filter = UserFilter { role: role.map(str::to_owned), active, ..UserFilter::default() };
            let page = PageRequest { sort: UserSort::Id, after: None, limit: 100 };
            let users = must(store.list_users(&filter, &page).await).users;
            let names: Vec<_> = users.iter().map(|user| user.values.username.as_str()).collect();
            let fits = |values: &&UserValues| {
                role.is_none_or(|role| values.roles.iter().any(|has| has == role))
                    && active.is_none_or(|active| values.active == active)
            };
            let expected: Vec<_> = crowd.iter().filter(fits).map(|values| values.username.as_str()).collect();
            assert_eq!(names, expected, "{filter:?}");
            assert_eq!(must(store.count_users(&filter).await), expected.len() as u64, "{filter:?}");
        }
    }
}

pub async fn filtered_lists_are_paged_as_exactly(store: Arc<dyn Store>) {
    let values = (0..30).map(|number| UserValues {
        active: number % 3 == 0,
        roles: vec![if number % 2 == 0 { ADMIN_ROLE } else { "user" }.to_owned()],
        ..user_values(&format!("user_{}", (number * 7) % 30))
    });
    let users = insert_all(&store, values).await;
    let filter =
        UserFilter { role: Some(ADMIN_ROLE.to_owned()), active: Some(true), ..UserFilter::default() };
    let fitting: Vec<_> = users.into_iter().filter(|user| user.is_admin() && user.values.active).collect();
    assert_eq!(fitting.len(), 5);
    for sort in UserSort::ALL {
        let expected = in_order(&fitting, sort);
        for limit in [1, 2, 4, 5, 6] {
            let cut: Vec<_> = expected.chunks(limit).map(<[UserId]>::to_vec).collect();
            assert_eq!(pages(&store, &filter, sort, limit).await, cut, "{sort:?} by {limit}");
        }
    }
    assert_eq!(must(store.count_users(&filter).await), 5);
}

pub async fn users_who_come_and_go_neither_repeat_nor_hide_others(store: Arc<dyn Store>) {
    for (round, sort) in UserSort::ALL.into_iter().enumerate() {
        let names = (0..12).map(|number| user_values(&format!("u{round}_{number:02}")));
        let users = insert_all(&store, names).await;
        let all = UserFilter::default();
        let order = in_order(&users, sort);
        let (mut seen, mut after) = page(&store, &all, sort, None, 4).await;
        assert_eq!(seen, order[..4], "{sort:?}");
        // One who was shown, the one at the bookmark, and the next one go; others come at both ends.
        let gone = [order[1], order[3], order[4]];
        for id in gone {
            commit(&store, UnitOfWork::new().delete_user(id, None)).await;
        }
        let first = insert(&store, &format!("u{round}_")).await;
        let last = insert(&store, &format!("u{round}_99")).await;
        while let Some(bookmark) = after {
            let (users, next) = page(&store, &all, sort, Some(bookmark), 2).await;
            seen.extend(users);
            after = next;
            assert!(seen.len() < 100, "the list of {sort:?} does not end");
        }
        let distinct: BTreeSet<_> = seen.iter().copied().collect();
        assert_eq!(distinct.len(), seen.len(), "nobody is shown twice: {sort:?} {seen:?}");
        let stayed: BTreeSet<_> = order.into_iter().filter(|id| !gone.contains(id)).collect();
        assert!(distinct.is_superset(&stayed), "everybody who stayed is shown: {sort:?} {seen:?}");
        assert!(!seen.contains(&gone[2]), "who went before their page is not shown: {sort:?}");
        let comes_last = if matches!(sort, UserSort::Id | UserSort::Username) { &last } else { &first };
        let is_shown = seen.contains(&comes_last.id);
        assert_eq!(
            is_shown,
            sort != UserSort::IdDescending,
            "new ones are shown behind the bookmark: {sort:?}"
        );
        let rest = pages(&store, &all, UserSort::Id, 200).await.concat();
        for id in rest {
            commit(&store, UnitOfWork::new().delete_user(id, None)).await;
        }
    }
}

/// A name can pass from one user to another while somebody turns the pages: ids break the tie, in the direction of
/// the order.
pub async fn a_name_that_passed_on_is_before_or_behind_the_bookmark_by_its_id(store: Arc<dyn Store>) {
    let users = insert_all(&store, ["alice", "bob", "carol"].map(user_values)).await;
    let [alice, bob, carol] = [0, 1, 2].map(|index: usize| users[index].clone());
    let after = |sort| Some(Cursor::at(sort, &bob));
    let (up, down) = (UserSort::Username, UserSort::UsernameDescending);
    let behind = async |sort| page(&store, &UserFilter::default(), sort, after(sort), 10).await.0;
    commit(&store, UnitOfWork::new().delete_user(bob.id, None)).await;
    let newer = insert(&store, "bob").await;
    assert_eq!(behind(up).await, [newer.id, carol.id]);
    assert_eq!(behind(down).await, [alice.id]);
    commit(&store, UnitOfWork::new().delete_user(newer.id, None)).await;
    update(&store, &alice, |values| values.username = bob.values.username.clone()).await;
    assert_eq!(behind(up).await, [carol.id]);
    assert_eq!(behind(down).await, [alice.id]);
}

pub async fn a_list_follows_every_change(store: Arc<dyn Store>) {
    let users = a_crowd(&store).await;
    let renamed = update(&store, &users[0], |values| {
        values.username = user_values("aaa_first").username;
        values.active = false;
    })
    .await;
    let all = UserFilter::default();
    let (shown, _) = page(&store, &all, UserSort::Username, None, 200).await;
    assert_eq!(shown.iter().position(|id| *id == renamed.id), Some(1), "behind _bravo: {shown:?}");
    let inactive = UserFilter { active: Some(false), ..UserFilter::default() };
    assert_eq!(page(&store, &inactive, UserSort::Id, None, 10).await, (vec![renamed.id], None));
    commit(&store, UnitOfWork::new().delete_user(renamed.id, None)).await;
    assert_eq!(page(&store, &inactive, UserSort::Id, None, 10).await, (Vec::new(), None));
    assert_eq!(must(store.count_users(&all).await), 9);
    let back = insert_values(&store, renamed.values).await;
    assert_eq!(page(&store, &inactive, UserSort::Id, None, 10).await, (vec![back.id], None));
}
