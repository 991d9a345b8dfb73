//! Tags, and requests that are made only if the tag is the right one.

use actix_web::test::TestRequest;
use denizen_models::UserId;
use denizen_services::{
    DeleteUserError, EntityTags, GetUserError, IfMatch, PreconditionError, UpdateUserError,
};
use denizen_testkit::sample_user;
use serde_json::Value;

use crate::support::{
    Api, Setup,
    answer::Answer,
    fakes::Asked,
    requests::{create_user, delete_user, get, patch_user, request, update_user, verify_email},
};

/// The tag of user 7.
fn tag() -> String {
    sample_user(7, "alice").tag()
}

/// As it stands in `ETag`.
fn quoted() -> String {
    format!("\"{}\"", tag())
}

fn tagged(tags: &[&str]) -> EntityTags {
    EntityTags::Tagged(tags.iter().map(|tag| (*tag).to_owned()).collect())
}

/// Nothing but what a cache needs to go on with what it has.
#[track_caller]
fn assert_not_modified(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (304, ""), "{answer:?}");
    assert_eq!(answer.header("etag"), Some(quoted().as_str()));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    assert_eq!(answer.vary(), ["Authorization", "Cookie"]);
    assert_eq!(answer.header("content-type"), None);
}

#[track_caller]
fn assert_failed(answer: &Answer, message: &str) {
    assert_eq!(answer.expect_error(412, "PRECONDITION_FAILED", message), Value::Null);
    assert_eq!((answer.header("etag"), answer.header("cache-control")), (None, Some("no-store")));
}

#[actix_web::test]
async fn answers_with_one_user_carry_its_tag() {
    let api = Api::start().await;
    for (request, place) in [
        (get("/api/users/7"), None),
        (request("HEAD", "/api/users/7"), None),
        (create_user(), None),
        (update_user(), Some("/api/users/7")),
        (patch_user(), Some("/api/users/7")),
    ] {
        let answer = api.send(request).await;
        assert_eq!(answer.header("etag"), Some(quoted().as_str()), "{answer:?}");
        assert_eq!(answer.header("content-location"), place, "{answer:?}");
    }
}

#[actix_web::test]
async fn other_answers_carry_none() {
    let api =
        Api::start_with(|setup| setup.answers.get = Err(GetUserError::IdNotFound(UserId::new(7)))).await;
    for request in [get("/api/users/7"), get("/api/users"), delete_user(), verify_email(), get("/health")] {
        assert_eq!(api.send(request).await.header("etag"), None);
    }
}

#[actix_web::test]
async fn who_has_the_user_as_it_is_gets_nothing_new() {
    let api = Api::start().await;
    let lists = [quoted(), format!("W/{}", quoted()), format!("\"x\", {}", quoted()), "*".to_owned()];
    for method in ["GET", "HEAD"] {
        for list in &lists {
            let conditional = request(method, "/api/users/7").insert_header(("if-none-match", list.as_str()));
            assert_not_modified(&api.send(conditional).await);
        }
    }
}

#[actix_web::test]
async fn who_has_something_else_gets_the_user() {
    let api = Api::start().await;
    let other = sample_user(8, "alice").tag();
    for list in [format!("\"{other}\""), tag(), String::new(), "\"\"".to_owned(), format!("w/{}", quoted())] {
        let conditional = get("/api/users/7").insert_header(("if-none-match", list.as_str()));
        let answer = api.send(conditional).await;
        answer.expect_success(200, "User retrieved successfully");
        assert_eq!(answer.header("etag"), Some(quoted().as_str()), "{list}");
    }
}

#[actix_web::test]
async fn a_read_can_insist_on_a_state_too() {
    let api = Api::start().await;
    for list in [quoted(), "*".to_owned(), format!("\"x\", {}", quoted())] {
        let conditional = get("/api/users/7").insert_header(("if-match", list.as_str()));
        api.send(conditional).await.expect_success(200, "User retrieved successfully");
    }
    for list in ["\"x\"".to_owned(), format!("W/{}", quoted()), String::new(), tag()] {
        let conditional = get("/api/users/7").insert_header(("if-match", list.as_str()));
        assert_failed(&api.send(conditional).await, "The user has been changed");
    }
    let both = get("/api/users/7").insert_header(("if-match", quoted()));
    assert_not_modified(&api.send(both.insert_header(("if-none-match", quoted()))).await);
    let both = get("/api/users/7").insert_header(("if-match", "\"x\""));
    let answer = api.send(both.insert_header(("if-none-match", quoted()))).await;
    assert_failed(&answer, "The user has been changed");
}

#[actix_web::test]
async fn who_is_not_there_is_not_found_whatever_the_condition() {
    let api =
        Api::start_with(|setup| setup.answers.get = Err(GetUserError::IdNotFound(UserId::new(7)))).await;
    for name in ["if-match", "if-none-match"] {
        let answer = api.send(get("/api/users/7").insert_header((name, "*"))).await;
        answer.expect_error(404, "USER_NOT_FOUND", "User not found: user with ID 7 not found");
    }
}

/// The requests that change user 7.
const CHANGES: [fn() -> TestRequest; 3] = [update_user, patch_user, delete_user];

async fn expected_by(request: TestRequest) -> IfMatch {
    let api = Api::start().await;
    let answer = api.send(request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    match api.users.last_asked() {
        Asked::Update(_, _, expected) | Asked::Patch(_, _, expected) | Asked::Delete(_, expected) => expected,
        other => panic!("another call: {other:?}"),
    }
}

#[actix_web::test]
async fn what_a_change_expects_arrives_at_the_service() {
    let anything = IfMatch::anything();
    for change in CHANGES {
        assert_eq!(expected_by(change()).await, anything);
        let given =
            change().insert_header(("if-match", "\"a\", W/\"b\"")).append_header(("if-match", "\"c\""));
        assert_eq!(expected_by(given).await, IfMatch { one_of: tagged(&["a", "c"]), ..anything.clone() });
        let given = change().insert_header(("if-match", "*"));
        assert_eq!(expected_by(given).await, anything);
        let given = change().insert_header(("if-match", "no tag"));
        assert_eq!(expected_by(given).await, IfMatch { one_of: tagged(&[]), ..anything.clone() });
        let given = change().insert_header(("if-none-match", "*"));
        assert_eq!(expected_by(given).await, IfMatch { none_of: EntityTags::Any, ..anything.clone() });
        let given = change().insert_header(("if-none-match", "W/\"b\""));
        assert_eq!(expected_by(given).await, IfMatch { none_of: tagged(&["b"]), ..anything.clone() });
    }
}

#[actix_web::test]
async fn a_change_that_comes_too_late_has_not_happened() {
    for (unexpected, message) in [
        (PreconditionError::Changed, "The user has been changed"),
        (PreconditionError::Exists, "The user exists"),
    ] {
        let api = Api::start_with(|setup: &mut Setup| {
            setup.answers.update = Err(UpdateUserError::PreconditionError(unexpected));
            setup.answers.delete = Err(DeleteUserError::PreconditionError(unexpected));
        })
        .await;
        for change in CHANGES {
            assert_failed(&api.send(change().insert_header(("if-match", "\"x\""))).await, message);
        }
    }
}
