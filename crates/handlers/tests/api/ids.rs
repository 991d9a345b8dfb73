//! Ids in paths: one user has one address.

use denizen_models::UserId;
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    auth::AskedAuth,
    fakes::Asked,
    requests::{get, request, send_json},
};

#[track_caller]
pub fn assert_is_no_id(answer: &Answer) {
    let details = answer.expect_error(400, "INVALID_USER_ID", "Invalid user ID format");
    assert_eq!((details, answer.header("allow")), (Value::Null, None));
}

const NO_IDS: [&str; 24] = [
    "abc",
    "0",
    "00",
    "01",
    "007",
    "+1",
    "-1",
    "1.0",
    "1e3",
    "0x1",
    "1_000",
    "%31",
    "1%30",
    "%201",
    "1%20",
    "1%00",
    "1/",
    "/1",
    "1/devices",
    "1%2F2",
    "%EF%BC%91",
    "%ff",
    "9223372036854775808",
    "1;x=y",
];

#[actix_web::test]
async fn only_the_canonical_form_is_an_id() {
    let api = Api::start().await;
    for id in NO_IDS {
        for method in ["GET", "HEAD", "DELETE"] {
            assert_is_no_id(&api.send(request(method, &format!("/api/users/{id}"))).await);
        }
        assert_is_no_id(&api.send(send_json("PUT", &format!("/api/users/{id}"), &json!({}))).await);
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn the_smallest_and_the_greatest_id_arrive() {
    let api = Api::start().await;
    for id in [1, 10, 9_223_372_036_854_775_807] {
        let answer = api.send(get(&format!("/api/users/{id}"))).await;
        answer.expect_success(200, "User retrieved successfully");
        assert!(matches!(api.users.last_asked(), Asked::Get(asked) if asked == UserId::new(id)));
    }
}

#[actix_web::test]
async fn a_path_that_ends_before_the_id_lacks_one() {
    let api = Api::start().await;
    for method in ["GET", "HEAD", "DELETE", "POST", "PATCH", "OPTIONS"] {
        let answer = api.send(request(method, "/api/users/")).await;
        assert_eq!(answer.expect_error(400, "MISSING_USER_ID", "User ID is required"), Value::Null);
    }
    let answer = api.send(send_json("PUT", "/api/users/", &json!({}))).await;
    answer.expect_error(400, "MISSING_USER_ID", "User ID is required");
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn the_id_is_looked_at_before_the_method() {
    let api = Api::start().await;
    for id in NO_IDS {
        for method in ["POST", "OPTIONS", "FROB"] {
            assert_is_no_id(&api.send(request(method, &format!("/api/users/{id}"))).await);
        }
    }
}

#[actix_web::test]
async fn the_id_is_looked_at_before_query_and_body() {
    let api = Api::start().await;
    assert_is_no_id(&api.send(get("/api/users/abc?x=1")).await);
    assert_is_no_id(&api.send(request("DELETE", "/api/users/abc?x=1")).await);
    for method in ["PUT", "PATCH"] {
        assert_is_no_id(&api.send(request(method, "/api/users/abc")).await);
        assert_is_no_id(&api.send(send_json(method, "/api/users/abc?x=1", &json!({ "nick": 1 }))).await);
    }
}

#[actix_web::test]
async fn the_names_of_other_routes_are_no_ids_when_something_follows_them() {
    let api = Api::start().await;
    for name in ["verify-email/", "request-email-verification/x", "accept-invitation/"] {
        assert_is_no_id(&api.send(send_json("POST", &format!("/api/users/{name}"), &json!({}))).await);
    }
}

/// The routes below one user.
const BELOW_A_USER: [(&str, &str); 3] =
    [("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", "/sessions/8")];

#[actix_web::test]
async fn below_a_user_only_the_canonical_form_is_an_id_too() {
    for (method, below) in BELOW_A_USER {
        assert_takes_only_ids(method, below).await;
    }
}

/// The route below a user is found only where the user is named in the canonical form.
pub async fn assert_takes_only_ids(method: &str, below: &str) {
    let api = Api::start().await;
    for id in ["abc", "0", "08", "+8", "%38", "8%20", "%EF%BC%98", "9223372036854775808", "8;x=y"] {
        for query in ["", "?x=1"] {
            let answer = api.send(request(method, &format!("/api/users/{id}{below}{query}"))).await;
            assert_is_no_id(&answer);
        }
    }
    assert!(api.users.is_untouched());
    assert!(api.auth.asked().iter().all(|asked| matches!(asked, AskedAuth::Authenticate(_))));
}

#[actix_web::test]
async fn one_session_has_one_address() {
    let api = Api::start().await;
    for session in ["abc", "0", "08", "+8", "%38", "8%20", "9223372036854775808", "8;x=y"] {
        for path in ["/api/auth/sessions", "/api/users/8/sessions"] {
            for query in ["", "?x=1"] {
                let answer = api.send(request("DELETE", &format!("{path}/{session}{query}"))).await;
                // Of whom the session would be is asked first.
                if path.starts_with("/api/users") && session.contains('%') {
                    assert_is_no_id(&answer);
                } else {
                    answer.expect_error(404, "SESSION_NOT_FOUND", "Session not found");
                }
            }
        }
    }
    assert!(api.auth.asked().iter().all(|asked| matches!(asked, AskedAuth::Authenticate(_))));
}
