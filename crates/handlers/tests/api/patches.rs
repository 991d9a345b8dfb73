//! PATCH: what a merge patch may look like, and what arrives at the service.

use actix_web::test::TestRequest;
use denizen_models::{Patch, PatchUserRequest, ProfilePatch, UserId};
use denizen_services::IfMatch;
use denizen_testkit::{FixedClock, sample_user};
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    fakes::Asked,
    requests::{request, send_json},
};

const ALICE: &str = "/api/users/7";

fn patch(media_type: &str, body: &str) -> TestRequest {
    let body = body.as_bytes().to_vec();
    request("PATCH", ALICE).insert_header(("content-type", media_type)).set_payload(body)
}

/// Sends `body` and returns what the service was asked to change.
async fn arrives(body: &Value) -> PatchUserRequest {
    let api = Api::start().await;
    let answer = api.send(send_json("PATCH", ALICE, body)).await;
    answer.expect_success(200, "User updated successfully");
    let Asked::Patch(id, request, expected) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((id, expected), (UserId::new(7), IfMatch::anything()));
    request
}

#[actix_web::test]
async fn a_patched_user_is_returned_with_its_place_and_tag() {
    let api = Api::start().await;
    let answer = api.send(send_json("PATCH", ALICE, &json!({ "age": 3 }))).await;
    let (data, metadata) = answer.expect_success(200, "User updated successfully");
    assert_eq!(
        (&data["id"], &data["email"], metadata),
        (&json!(7), &json!("alice@example.com"), Value::Null)
    );
    let tag = format!("\"{}\"", sample_user(7, "alice").tag());
    assert_eq!(answer.header("etag"), Some(tag.as_str()));
    assert_eq!(answer.header("content-location"), Some(ALICE));
}

#[actix_web::test]
async fn absent_null_and_given_members_arrive_as_such() {
    let time = "2026-01-01T00:00:00Z";
    assert_eq!(arrives(&json!({})).await, PatchUserRequest::default());
    let body = json!({
        "id": 7, "username": "alicia", "email": null, "first_name": "A", "age": null, "active": false,
        "email_verified": true, "roles": ["x"], "created_at": time, "updated_at": null, "app_metadata": null, "user_metadata": { "a": null },
    });
    let expected = PatchUserRequest {
        id: Patch::Set(7),
        username: Patch::Set("alicia".to_owned()),
        email: Patch::Remove,
        first_name: Patch::Set("A".to_owned()),
        last_name: Patch::Keep,
        age: Patch::Remove,
        active: Patch::Set(false),
        email_verified: Patch::Set(true),
        roles: Patch::Set(vec!["x".to_owned()]),
        profile: Patch::Keep,
        user_metadata: Patch::Set(serde_json::from_value(json!({ "a": null })).unwrap()),
        app_metadata: Patch::Remove,
        created_at: Patch::Set(FixedClock::start()),
        updated_at: Patch::Remove,
    };
    assert_eq!(arrives(&body).await, expected);
}

#[actix_web::test]
async fn a_profile_is_a_patch_of_its_own() {
    assert_eq!(arrives(&json!({ "profile": null })).await.profile, Patch::Remove);
    assert_eq!(arrives(&json!({ "profile": {} })).await.profile, Patch::Set(ProfilePatch::default()));
    let expected = ProfilePatch {
        bio: Patch::Remove,
        skills: Patch::Set(vec!["Go".to_owned()]),
        experience: Patch::Set(3),
        ..ProfilePatch::default()
    };
    let body = json!({ "profile": { "bio": null, "skills": ["Go"], "experience": 3 } });
    assert_eq!(arrives(&body).await.profile, Patch::Set(expected));
}

#[actix_web::test]
async fn merge_patches_and_plain_json_are_taken() {
    let api = Api::start().await;
    for media_type in [
        "application/merge-patch+json",
        "Application/Merge-Patch+JSON; charset=utf-8",
        "application/json",
        "application/json; charset=utf-8",
    ] {
        let answer = api.send(patch(media_type, "{}")).await;
        answer.expect_success(200, "User updated successfully");
        assert_eq!(answer.header("accept-patch"), None);
    }
}

#[actix_web::test]
async fn other_patches_are_told_which_ones_are() {
    let api = Api::start().await;
    for media_type in
        ["", "application/json-patch+json", "application/merge-patch", "text/plain", "application/xml"]
    {
        let answer = api.send(patch(media_type, "[]")).await;
        let message = "Content-Type must be application/merge-patch+json or application/json";
        answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
        let taken = Some("application/merge-patch+json, application/json");
        assert_eq!(answer.header("accept-patch"), taken, "{media_type}");
    }
    let put = request("PUT", ALICE).insert_header(("content-type", "application/merge-patch+json"));
    let answer = api.send(put.set_payload("{}")).await;
    answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json");
    assert_eq!(answer.header("accept-patch"), None);
    assert!(api.users.is_untouched());
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str) {
    let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
    let given = details["reason"].as_str().expect("a reason");
    assert!(given.starts_with(reason), "{given}");
}

/// Security checklist: 52.
#[actix_web::test]
async fn what_is_no_patch_of_a_user_is_refused() {
    let api = Api::start().await;
    for (body, reason) in [
        ("", "EOF while parsing a value"),
        ("[]", "invalid type: sequence, expected an object"),
        ("[7]", "invalid type: sequence, expected an object"),
        ("null", "invalid type: null, expected an object"),
        ("{} {}", "trailing characters"),
        ("{\"nick\": 1}", "unknown field `nick`, expected one of `id`, `username`, `email`"),
        ("{\"password\": \"x\"}", "unknown field `password`"),
        ("{\"age\": 1, \"age\": null}", "duplicate field `age`"),
        ("{\"age\": null, \"age\": null}", "duplicate field `age`"),
        ("{\"age\": 1.5}", "invalid type: floating point `1.5`, expected i64"),
        ("{\"roles\": [null]}", "invalid type: null, expected a string"),
        ("{\"profile\": []}", "invalid type: sequence, expected an object"),
        ("{\"profile\": [\"bio\"]}", "invalid type: sequence, expected an object"),
        ("{\"profile\": {\"motto\": 1}}", "unknown field `motto`, expected one of `bio`, `avatar_url`"),
        ("{\"profile\": {\"bio\": \"\", \"bio\": null}}", "duplicate field `bio`"),
        ("{\"created_at\": 5}", "invalid type: integer `5`"),
    ] {
        assert_refused(&api.send(patch("application/merge-patch+json", body)).await, reason);
    }
    assert!(api.users.is_untouched());
}
