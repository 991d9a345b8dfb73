use std::sync::Arc;

use denizen_models::{ADMIN_ROLE, EmailAddress, UserValues, fold};
use denizen_services::store::{PageRequest, Store, StoreFailure, UnitOfWork, UserFilter, UserSort};

use crate::{
    contract::verbs::{at, commit, insert_all, insert_values, update},
    must, user_values,
};

/// Searches as a service does, with folded text, and gives the user names in the order of the ids.
async fn search(store: &Arc<dyn Store>, text: &str) -> Vec<String> {
    found(store, UserFilter { search: fold(text), ..UserFilter::default() }).await
}

async fn search_with_email(store: &Arc<dyn Store>, text: &str) -> Vec<String> {
    found(store, UserFilter { search: fold(text), search_email: true, ..UserFilter::default() }).await
}

async fn found(store: &Arc<dyn Store>, filter: UserFilter) -> Vec<String> {
    let page = PageRequest { sort: UserSort::Id, after: None, limit: 200 };
    let page = must(store.list_users(&filter, &page).await);
    assert_eq!(page.next, None, "{filter:?}");
    assert_eq!(must(store.count_users(&filter).await), page.users.len() as u64, "{filter:?}");
    page.users.into_iter().map(|user| user.values.username.as_str().to_owned()).collect()
}

fn person(username: &str, first: &str, last: &str) -> UserValues {
    let (first_name, last_name) = (first.to_owned(), last.to_owned());
    UserValues { first_name, last_name, ..user_values(username) }
}

pub async fn three_characters_are_found_anywhere_in_a_name(store: Arc<dyn Store>) {
    let people = [
        person("margaret_h", "Margaret", "Hamilton"),
        person("grace", "Grace", "Hopper"),
        person("ada_l", "Ada", "King"),
    ];
    insert_all(&store, people).await;
    for (text, expected) in [
        ("margaret_h", vec!["margaret_h"]),
        ("garet", vec!["margaret_h"]),
        ("t_h", vec!["margaret_h"]),
        ("MILTON", vec!["margaret_h"]),
        ("pper", vec!["grace"]),
        ("ace", vec!["grace"]),
        ("ada", vec!["ada_l"]),
        ("gar", vec!["margaret_h"]),
        ("king", vec!["ada_l"]),
        ("kings", vec![]),
        ("xyz", vec![]),
        ("margaret_hh", vec![]),
    ] {
        assert_eq!(search(&store, text).await, expected, "{text:?}");
    }
    assert_eq!(search(&store, "").await.len(), 3, "an empty search finds everybody");
}

pub async fn one_or_two_characters_are_found_at_the_beginning_of_a_name(store: Arc<dyn Store>) {
    let people = [
        person("alice", "Zoe", "Zimmer"),
        person("zed", "Alan", "Zander"),
        person("zach", "Zelda Ann", "Albers"),
        person("zorro", "Diego", "de la Vega"),
    ];
    insert_all(&store, people).await;
    for (text, expected) in [
        ("a", vec!["alice", "zed", "zach"]),
        ("AL", vec!["alice", "zed", "zach"]),
        ("zi", vec!["alice"]),
        ("an", vec![]),
        ("de", vec!["zorro"]),
        ("la", vec![]),
        ("e", vec![]),
    ] {
        assert_eq!(search(&store, text).await, expected, "{text:?}");
    }
}

pub async fn addresses_are_searched_only_when_asked(store: Arc<dyn Store>) {
    let address = |text: &str| must(EmailAddress::parse(text));
    insert_all(
        &store,
        [
            UserValues { email: address("Quokka@Post.example.org"), ..user_values("alice") },
            UserValues { email: address("z@quokka.example.com"), ..user_values("bob") },
            user_values("quokka_fan"),
        ],
    )
    .await;
    assert_eq!(search(&store, "quokka").await, ["quokka_fan"]);
    assert_eq!(search(&store, "@post").await, [""; 0]);
    assert_eq!(search_with_email(&store, "quokka").await, ["alice", "bob", "quokka_fan"]);
    assert_eq!(search_with_email(&store, "@POST.").await, ["alice"]);
    assert_eq!(search(&store, "qu").await, ["quokka_fan"]);
    assert_eq!(search_with_email(&store, "qu").await, ["alice", "quokka_fan"], "at the beginning only");
    assert_eq!(search_with_email(&store, "z").await, ["bob"]);
    assert_eq!(search_with_email(&store, "").await.len(), 3);
}

pub async fn case_width_and_composition_do_not_matter_to_a_search(store: Arc<dyn Store>) {
    let people = [
        person("user_a", "Straße", "Müller"),
        person("user_b", "STRASSE", "Mu\u{308}ller"),
        person("user_c", "Ｆｕｌｌｗｉｄｔｈ", "ΣΊΣΥΦΟΣ"),
        person("user_d", "İlkay", "Ørsted"),
    ];
    insert_all(&store, people).await;
    for (text, expected) in [
        ("straße", vec!["user_a", "user_b"]),
        ("TRASS", vec!["user_a", "user_b"]),
        ("müll", vec!["user_a", "user_b"]),
        ("MU\u{308}LL", vec!["user_a", "user_b"]),
        ("muller", vec![]),
        ("fullwidth", vec!["user_c"]),
        ("σίσυφος", vec!["user_c"]),
        ("ørst", vec!["user_d"]),
        ("i\u{307}lk", vec!["user_d"]),
    ] {
        assert_eq!(search(&store, text).await, expected, "{text:?}");
    }
}

pub async fn a_search_counts_characters_and_not_bytes(store: Arc<dyn Store>) {
    let people = [
        person("user_a", "aßb", "é"),
        person("user_b", "漢字仮名", "xéé"),
        person("user_c", "🦀🦀🦀 crab", "x🦀"),
        person("user_d", "ßa", "x"),
    ];
    insert_all(&store, people).await;
    for (text, expected) in [
        // Folded, "ß" is two characters and "ßb" three.
        ("ßb", vec!["user_a"]),
        ("ß", vec!["user_d"]),
        // Two characters of two bytes each, and one of four: at the beginning only.
        ("éé", vec![]),
        ("é", vec!["user_a"]),
        ("漢字", vec!["user_b"]),
        ("字仮", vec![]),
        ("字仮名", vec!["user_b"]),
        ("🦀", vec!["user_c"]),
        ("🦀🦀🦀", vec!["user_c"]),
        ("🦀 c", vec!["user_c"]),
        ("🦀🦀🦀🦀", vec![]),
    ] {
        assert_eq!(search(&store, text).await, expected, "{text:?}");
    }
}

/// Security checklist: 54.
pub async fn every_character_of_a_search_is_meant_literally(store: Arc<dyn Store>) {
    let people = [
        person("a_b_c", "100% sure", "O'Brien"),
        person("axbxc", "100 percent", "O\"Brien"),
        person("first", "x AND y OR NOT z NEAR(a b)", "c:\\dir\\*"),
        person("second", "wild*card ^start +plus -minus", "{col}: [set] (group) ~"),
        person("third", "semi; DROP TABLE users; --", "first_name:x /* x */ ?1 :a $b @c"),
    ];
    insert_all(&store, people).await;
    for (text, expected) in [
        ("a_b", vec!["a_b_c"]),
        ("a%c", vec![]),
        ("100%", vec!["a_b_c"]),
        ("00% s", vec!["a_b_c"]),
        ("%%%", vec![]),
        ("___", vec![]),
        ("_", vec![]),
        ("%", vec![]),
        ("*", vec![]),
        ("\"", vec![]),
        ("'", vec![]),
        ("o'brien", vec!["a_b_c"]),
        ("o\"brien", vec!["axbxc"]),
        ("\"brien\"", vec![]),
        ("x and y", vec!["first"]),
        ("and", vec!["first"]),
        ("AND", vec!["first"]),
        ("y OR NOT z", vec!["first"]),
        ("percent OR sure", vec![]),
        ("near(a b)", vec!["first"]),
        ("NEAR", vec!["first"]),
        ("NOT", vec!["first"]),
        ("c:\\dir\\", vec!["first"]),
        ("\\*", vec![]),
        ("r\\*", vec!["first"]),
        ("d*c", vec!["second"]),
        ("wil*", vec![]),
        ("^st", vec!["second"]),
        ("+pl", vec!["second"]),
        ("-mi", vec!["second"]),
        ("{col}:", vec!["second"]),
        ("[set]", vec!["second"]),
        ("(group)", vec!["second"]),
        ("[a-z]", vec![]),
        ("; drop table users; --", vec!["third"]),
        ("first_name:", vec!["third"]),
        ("username:a", vec![]),
        ("/* x */", vec!["third"]),
        ("?1 :a $b @c", vec!["third"]),
        ("'; --", vec![]),
        ("   ", vec![]),
    ] {
        assert_eq!(search(&store, text).await, expected, "{text:?}");
        let with_email = search_with_email(&store, text).await;
        assert!(expected.iter().all(|&name| with_email.iter().any(|found| found == name)), "{text:?}");
    }
}

pub async fn a_search_is_found_in_one_piece_and_in_one_name(store: Arc<dyn Store>) {
    let people = [
        // All its threes of characters are there, but not in one piece: an index of trigrams alone would find it.
        person("abcxbcd", "bcd abc", "x"),
        // Each half is in another name.
        person("user_b", "abc", "cd"),
        person("user_c", "ab", "cd"),
        person("user_d", "x", "abcd"),
    ];
    insert_all(&store, people).await;
    assert_eq!(search(&store, "abcd").await, ["user_d"]);
    assert_eq!(search(&store, "abc cd").await, [""; 0]);
    assert_eq!(search(&store, "abccd").await, [""; 0]);
    assert_eq!(search_with_email(&store, "abcd").await, ["user_d"]);
    assert_eq!(
        search(&store, &"abcd".repeat(500)).await,
        [""; 0],
        "a long search finds nothing, and does not fail"
    );
}

pub async fn a_search_can_be_filtered_and_paged(store: Arc<dyn Store>) {
    let values = (0..40).map(|number| UserValues {
        active: number % 2 == 0,
        roles: vec![if number % 3 == 0 { ADMIN_ROLE } else { "user" }.to_owned()],
        first_name: if number % 5 == 0 { "Needle" } else { "ned led eed dle" }.to_owned(),
        ..user_values(&format!("user_{}", 99 - number))
    });
    let users = insert_all(&store, values).await;
    for (role, active) in
        [(None, None), (Some(ADMIN_ROLE), None), (None, Some(true)), (Some("user"), Some(false))]
    {
        let role = role.map(str::to_owned);
        let filter = UserFilter { search: "needle".to_owned(), search_email: false, role, active };
        let fits = |values: &UserValues| {
            values.first_name == "Needle"
                && filter.role.as_ref().is_none_or(|role| values.roles.contains(role))
                && filter.active.is_none_or(|active| values.active == active)
        };
        let expected: Vec<_> = users.iter().filter(|user| fits(&user.values)).cloned().collect();
        assert!(!expected.is_empty(), "{filter:?}");
        for limit in [1, 2, 3, expected.len(), 200] {
            let mut request = PageRequest { sort: UserSort::Id, after: None, limit };
            for chunk in expected.chunks(limit) {
                let page = must(store.list_users(&filter, &request).await);
                assert_eq!(page.users, chunk, "{filter:?} by {limit}");
                request.after = page.next;
            }
            assert_eq!(request.after, None, "nothing behind the last one: {filter:?} by {limit}");
        }
        assert_eq!(must(store.count_users(&filter).await), expected.len() as u64, "{filter:?}");
    }
}

pub async fn a_search_in_another_order_than_by_id_is_malformed(store: Arc<dyn Store>) {
    let filter = UserFilter { search: "ada".to_owned(), ..UserFilter::default() };
    for sort in [UserSort::IdDescending, UserSort::Username, UserSort::UsernameDescending] {
        let refusal = store.list_users(&filter, &PageRequest { sort, after: None, limit: 1 }).await;
        assert!(matches!(refusal, Err(StoreFailure::Malformed(_))), "{sort:?}: {refusal:?}");
    }
}

pub async fn a_search_follows_every_change(store: Arc<dyn Store>) {
    let alice = insert_values(&store, person("alice", "Wombat", "Original")).await;
    assert_eq!(search(&store, "wombat").await, ["alice"]);
    let renamed = update(&store, &alice, |values| {
        values.first_name = "Numbat".to_owned();
        values.email = must(EmailAddress::parse("new_home@example.net"));
    })
    .await;
    assert_eq!(search(&store, "wombat").await, [""; 0]);
    assert_eq!(search(&store, "numbat").await, ["alice"]);
    assert_eq!(search_with_email(&store, "alice@").await, [""; 0]);
    assert_eq!(search_with_email(&store, "new_home").await, ["alice"]);
    let failing = UnitOfWork::new().update_user(renamed.id, renamed.revision, alice.values.clone(), at(1));
    let failing = failing.expect_user(renamed.id, -1);
    assert!(store.commit(failing).await.is_err(), "a unit that fails");
    assert_eq!((search(&store, "wombat").await.len(), search(&store, "numbat").await.len()), (0, 1));
    commit(&store, UnitOfWork::new().delete_user(renamed.id, None)).await;
    assert_eq!(search(&store, "numbat").await, [""; 0]);
    assert_eq!(search_with_email(&store, "new_home").await, [""; 0]);
    insert_values(&store, person("alice", "Wombat", "Again")).await;
    assert_eq!(search(&store, "wombat").await, ["alice"]);
}
