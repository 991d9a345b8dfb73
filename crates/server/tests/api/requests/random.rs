//! Requests that nobody would think of.

use denizen_handlers::ROUTES;
use denizen_server::config::{DEMO_ROUTES, REGISTRATION};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::{Strategy, any},
    prop_oneof,
    sample::select,
    strategy::{Just, ValueTree as _},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use crate::support::{
    TestServer, api,
    http::{Request, act_as},
    production::UNLIMITED,
};

/// How many. A hundred thousand others, tried once, found nothing that these do not.
const REQUESTS: usize = 2_000;

/// What bodies and queries know, so that some requests get further than the first check.
const NAMES: [&str; 36] = [
    "username",
    "email",
    "first_name",
    "last_name",
    "age",
    "profile",
    "roles",
    "active",
    "email_verified",
    "password",
    "new_password",
    "current_password",
    "login",
    "cookie",
    "token",
    "bio",
    "interests",
    "website",
    "operation",
    "a",
    "b",
    "precision",
    "calculations",
    "type",
    "to",
    "content",
    "search",
    "role",
    "sort",
    "limit",
    "cursor",
    "total",
    "kind",
    "actor",
    "since",
    "state",
];
const HEADERS: [&str; 14] = [
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Forwarded",
    "If-Match",
    "If-None-Match",
    "Origin",
    "Range",
    "Sec-Fetch-Site",
    "X-Forwarded-For",
    "X-Request-ID",
];

fn text() -> impl Strategy<Value = String> {
    let likely = select(vec![
        "",
        "1",
        "-1",
        "99999999999999999999",
        "true",
        "%",
        "_",
        "'",
        "\"*\"",
        "%00",
        "a@b.co",
        "alice",
    ]);
    let anything = vec(any::<char>(), 0..40).prop_map(String::from_iter);
    prop_oneof![likely.prop_map(str::to_owned), anything]
}

/// Text in one line: what begins a line of the head is another request than was meant, and none of this test.
fn line() -> impl Strategy<Value = String> {
    text().prop_map(|text| text.replace(['\r', '\n'], ""))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![vec(inner.clone(), 0..6).prop_map(Value::from), object(inner)]
    })
}

fn object(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let name = prop_oneof![9 => select(&NAMES[..]).prop_map(str::to_owned), 1 => text()];
    btree_map(name, member, 0..6).prop_map(|members| members.into_iter().collect())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let cut = (value(), any::<proptest::sample::Index>()).prop_map(|(value, end)| {
        let text = value.to_string().into_bytes();
        text[..end.index(text.len() + 1)].to_vec()
    });
    prop_oneof![
        8 => object(value()).prop_map(|object| object.to_string().into_bytes()),
        1 => cut,
        1 => vec(any::<u8>(), 0..200),
    ]
}

/// A path of ours with something in the place of each name, and a query.
fn target() -> impl Strategy<Value = (&'static str, String)> {
    // Whoever ends the session of this test ends the test.
    let paths: Vec<&'static str> = ROUTES.iter().map(|route| route.path).collect();
    let paths = paths.into_iter().filter(|path| !path.contains("session") && !path.contains("logout"));
    let id = prop_oneof![select(vec!["1", "2", "0", "01", "x"]).prop_map(str::to_owned), line()];
    let query = option::of(vec((select(&NAMES[..]), line()), 0..4));
    (select(paths.collect::<Vec<_>>()), id, query).prop_map(|(path, id, query)| {
        let mut target = path.replace("{id:.*}", &id).replace("{id}", &id).replace("{session}", &id);
        let query = query.map(|pairs| pairs.iter().map(|(name, value)| format!("{name}={value}")).collect());
        if let Some(query) = query.map(|pairs: Vec<String>| pairs.join("&")) {
            target = format!("{target}?{query}");
        }
        (path, target)
    })
}

fn request() -> impl Strategy<Value = Request> {
    let method = select(vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"]);
    let headers = vec((select(&HEADERS[..]), line()), 0..3);
    (method, target(), headers, option::weighted(0.8, body())).prop_map(
        |(method, (path, target), headers, body)| {
            let route = ROUTES.iter().find(|route| route.path == path);
            let listed = route.into_iter().flat_map(|route| &route.operations);
            // Most methods are none of the path's: half of the time, take one that is.
            let method = listed.map(|listed| listed.method.as_str()).nth(method.len() % 2).unwrap_or(method);
            let request = Request::new(method, &target);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            match body {
                Some(body) => request.header("Content-Type", "application/json").body(body),
                None => request,
            }
        },
    )
}

/// Security checklist: 55.
#[tokio::test]
async fn nothing_that_anybody_sends_is_a_failure_of_ours() {
    let settings = [&[(&DEMO_ROUTES, "true"), (&REGISTRATION, "open")], &UNLIMITED[..]].concat();
    let server = TestServer::start_in_production(&settings).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    let olga = server.session_of("olga").await;
    act_as(at, Some(olga.clone()));
    let (mut runner, strategy) = (TestRunner::deterministic(), request());
    let mut statuses = [0; 5];
    for _ in 0..REQUESTS {
        let request = strategy.new_tree(&mut runner).expect("a request").current();

        let answer = request.try_send(at).await;

        let answer = answer.unwrap_or_else(|error| panic!("{request:?}: {error}"));
        assert!(answer.status < 500, "{request:?}: {} {}", answer.status, answer.text());
        statuses[usize::from(answer.status / 100)] += 1;
        let text = answer.text().to_lowercase();
        for word in ["sqlite", "select ", "insert into", "panicked", "no such table", "constraint failed"] {
            assert!(!text.contains(word), "{request:?}: {text}");
        }
    }
    assert!(statuses[2] > 50 && statuses[4] > 500, "hardly anything was tried: {statuses:?}");
    Request::get("/readyz").send(at).await.succeeded(200);
    assert!(api::is_open(at, &olga).await);
    let kept = api::list(at, "?limit=200").await.succeeded(200);
    assert!(kept["metadata"]["count"].is_u64(), "{}", json!(kept));
}
