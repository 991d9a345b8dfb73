//! Query strings: what arrives at the service, and what is refused before it does.

use denizen_services::{
    UserList, UserQuery,
    store::{Cursor, UserSort},
};
use denizen_testkit::sample_user;
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    fakes::Asked,
    requests::{acceptable, endpoints, get, post_bytes},
};

/// What the service is asked for.
async fn asked(query: &str) -> UserQuery {
    let api = Api::start().await;
    let answer = api.send(get(&format!("/api/users{query}"))).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let Asked::List(query) = api.users.last_asked() else { panic!("another call") };
    query
}

/// The parameter is named, with the reason.
#[track_caller]
fn assert_refused(answer: &Answer, name: &str, reason: &str) {
    let message = format!("Invalid query parameter: {name}");
    let details = answer.expect_error(400, "INVALID_QUERY", &message);
    assert_eq!(details, json!({ "fields": { name: [reason] } }));
}

/// Sends the query to the list, which must refuse it.
async fn assert_list_refuses(query: &str, name: &str, reason: &str) {
    let api = Api::start().await;
    assert_refused(&api.send(get(&format!("/api/users?{query}"))).await, name, reason);
    assert!(api.users.is_untouched(), "{query}");
}

#[actix_web::test]
async fn no_query_asks_for_the_first_page_of_everybody() {
    for empty in ["", "?", "?&", "?search="] {
        assert_eq!(asked(empty).await, UserQuery::default(), "{empty}");
    }
}

#[actix_web::test]
async fn every_parameter_arrives_as_sent() {
    let query = "?total=true&cursor=c%2Bd&limit=25&sort=-username&active=false&role=site%20admin&search=+A%26b%C3%A9%0A";
    let expected = UserQuery {
        search: " A&bé\n".to_owned(),
        role: Some("site admin".to_owned()),
        active: Some(false),
        sort: UserSort::UsernameDescending,
        limit: Some(25),
        cursor: Some("c+d".to_owned()),
        total: true,
    };
    assert_eq!(asked(query).await, expected);
}

#[actix_web::test]
async fn names_of_parameters_are_decoded_too() {
    assert_eq!(asked("?s%65arch=x&&").await, UserQuery::search("x"));
}

#[actix_web::test]
async fn empty_texts_are_texts() {
    let expected =
        UserQuery { role: Some(String::new()), cursor: Some(String::new()), ..UserQuery::default() };
    assert_eq!(asked("?role=&cursor").await, expected);
}

#[actix_web::test]
async fn every_order_has_its_name() {
    for sort in UserSort::ALL {
        assert_eq!(asked(&format!("?sort={}", sort.as_str())).await.sort, sort);
    }
}

#[actix_web::test]
async fn limits_that_are_numbers_are_for_the_service_to_judge() {
    for limit in [0, 1, 200, 201, usize::MAX] {
        assert_eq!(asked(&format!("?limit={limit}")).await.limit, Some(limit));
    }
}

#[actix_web::test]
async fn values_that_make_no_sense_are_refused() {
    for text in
        ["", "x", "-1", "1.5", "1e3", "+5", "%2B5", "005", "00", "5%20", "0x10", "18446744073709551616"]
    {
        assert_list_refuses(&format!("limit={text}"), "limit", "expected a number").await;
    }
    for name in ["active", "total"] {
        for text in ["", "1", "0", "TRUE", "True", "yes", "true%20", "null"] {
            assert_list_refuses(&format!("{name}={text}"), name, "expected true or false").await;
        }
    }
    for text in ["", "name", "ID", "%2Bid", "--id", "id,username"] {
        let reason = "expected one of id, -id, username, -username";
        assert_list_refuses(&format!("sort={text}"), "sort", reason).await;
    }
}

#[actix_web::test]
async fn unknown_parameters_are_refused_and_the_first_is_named() {
    let reason = "unknown parameter";
    for query in ["page=2", "page", "page=", "search=a&page=2", "page=2&search=a", "limit=1&page=2&pages=3"] {
        assert_list_refuses(query, "page", reason).await;
    }
    assert_list_refuses("search=a&total=true&one=1&two=2&three=3", "one", reason).await;
    assert_list_refuses("Search=a", "Search", reason).await;
    assert_list_refuses("search%20=a", "search ", reason).await;
    assert_list_refuses("=a", "", reason).await;
    assert_list_refuses("search[]=a", "search[]", reason).await;
}

#[actix_web::test]
async fn repeated_parameters_are_refused() {
    let reason = "given more than once";
    assert_list_refuses("search=a&search=b", "search", reason).await;
    assert_list_refuses("search=a&search=a", "search", reason).await;
    assert_list_refuses("limit=1&search=a&l%69mit=1", "limit", reason).await;
    assert_list_refuses("x&x", "x", reason).await;
}

#[actix_web::test]
async fn malformed_encoding_is_refused() {
    for text in ["%zz", "%", "a%2", "%f", "%%", "%+1", "%ff", "%c3", "%ed%a0%80"] {
        assert_list_refuses(&format!("search={text}"), "search", "malformed percent-encoding").await;
    }
    assert_list_refuses("%zz=1", "%zz", "malformed percent-encoding").await;
}

#[actix_web::test]
async fn a_name_is_repeated_only_as_far_as_it_can_be_printed() {
    assert_list_refuses("bo%0agus%1b=1", "bo?gus?", "unknown parameter").await;
    let long = "x".repeat(3_000);
    assert_list_refuses(&format!("{long}=1"), &long[..50], "unknown parameter").await;
}

#[actix_web::test]
async fn routes_without_parameters_refuse_any() {
    let api = Api::start().await;
    for (target, allowed) in endpoints() {
        for method in allowed.split(", ") {
            if target == "/api/users" && method != "POST" {
                continue;
            }
            for (query, name, reason) in [
                ("pretty=1", "pretty", "unknown parameter"),
                ("search=a", "search", "unknown parameter"),
                ("a=1&a=2", "a", "given more than once"),
                ("a=%zz", "a", "malformed percent-encoding"),
            ] {
                let answer = api.send(acceptable(method, &format!("{target}?{query}"))).await;
                assert_refused(&answer, name, reason);
            }
            let answer = api.send(acceptable(method, &format!("{target}?"))).await;
            assert!(answer.status < 300, "{method} {target}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn the_query_is_looked_at_before_the_body() {
    let api = Api::start().await;
    for (target, _) in endpoints().iter().filter(|(_, allowed)| allowed.contains("POST")) {
        let answer = api.send(post_bytes(&format!("{target}?x=1"), "[")).await;
        assert_refused(&answer, "x", "unknown parameter");
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_cursor_makes_the_round_trip() {
    let alice = sample_user(7, "alice");
    let cursor = Cursor::at(UserSort::Username, &alice).encode();
    let list = UserList { users: vec![alice], next_cursor: Some(cursor.clone()), total: None };
    let api = Api::start_with(|setup: &mut Setup| setup.answers.list = Ok(list)).await;

    let first = api.send(get("/api/users?sort=username")).await;
    let (_, metadata) = first.expect_success(200, "Successfully retrieved 1 users");
    assert_eq!(metadata["next_cursor"], Value::from(cursor.clone()));

    let target =
        format!("/api/users?sort=username&cursor={}", metadata["next_cursor"].as_str().expect("text"));
    api.send(get(&target)).await.expect_success(200, "Successfully retrieved 1 users");
    let Asked::List(query) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((query.sort, query.cursor), (UserSort::Username, Some(cursor)));
}

#[actix_web::test]
async fn the_total_is_shown_only_where_it_was_counted() {
    for (query, total, expected) in
        [("", None, None), ("?total=false", None, None), ("?total=true", Some(70), Some(Value::from(70)))]
    {
        assert_eq!(asked(query).await.total, total.is_some());
        let list = UserList { users: vec![sample_user(7, "alice")], next_cursor: None, total };
        let api = Api::start_with(|setup: &mut Setup| setup.answers.list = Ok(list)).await;
        let answer = api.send(get(&format!("/api/users{query}"))).await;
        let (_, metadata) = answer.expect_success(200, "Successfully retrieved 1 users");
        assert_eq!(metadata.get("total").cloned(), expected);
    }
}
