//! Paths and methods of the routes, and what is none of them.

use serde_json::json;

use crate::{
    ids::{assert_is_no_id, assert_takes_only_ids},
    support::{
        Api,
        requests::{request, send_json},
    },
};

#[actix_web::test]
async fn below_a_user_only_the_canonical_form_is_an_id() {
    assert_takes_only_ids("POST", "/send-password-reset").await;
}

#[actix_web::test]
async fn the_names_of_the_routes_are_no_ids_when_something_follows_them() {
    let api = Api::start().await;
    for name in ["reset-password/", "request-password-reset/x", "validate-reset-token/"] {
        assert_is_no_id(&api.send(send_json("POST", &format!("/api/users/{name}"), &json!({}))).await);
    }
}

#[actix_web::test]
async fn head_is_answered_and_refused_as_get_would_be() {
    let api = Api::start().await;
    for (target, status) in [("/reset-password", 200), ("/api/users/reset-password", 405)] {
        let (get, head) = (api.send(request("GET", target)).await, api.send(request("HEAD", target)).await);
        assert_eq!((get.status, head.status), (status, status), "{target}");
        assert_eq!(get.header("content-type"), head.header("content-type"), "{target}");
        assert_eq!(get.body.len(), head.body.len(), "{target}");
    }
}
