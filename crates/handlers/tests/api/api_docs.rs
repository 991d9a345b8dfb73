//! The description of the API, as it is served.

use serde_json::Value;

use crate::support::{
    Api, Setup,
    requests::{anonymous, get},
};

#[actix_web::test]
async fn the_description_is_served_for_programs_and_for_people() {
    let api = Api::start().await;
    let answer = api.send(anonymous("GET", "/api/openapi.json")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let document: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(document["openapi"], "3.1.1");
    let user = &document["paths"]["/api/users/{id}"]["get"];
    let access = "the user that the path names, and administrators; service keys with the scope `users:read`";
    assert_eq!(user["x-access"], access);
    let page = api.send(anonymous("GET", "/api/docs")).await.expect_page(200);
    for part in ["id=\"get_users_id\"", "CreateUserRequest", "id=\"USER_NOT_FOUND\""] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<script"), "no script");
}

#[actix_web::test]
async fn an_unchanged_description_is_not_sent_again() {
    let api = Api::start().await;
    let tag = api.send(anonymous("GET", "/api/openapi.json")).await.header("etag").unwrap().to_owned();
    let again = anonymous("GET", "/api/openapi.json").insert_header(("if-none-match", tag));
    assert_eq!(api.send(again).await.status, 304);
}

#[actix_web::test]
async fn only_mounted_routes_are_described() {
    let api = Api::start_with(|setup: &mut Setup| setup.metrics = None).await;
    let document: Value =
        serde_json::from_slice(&api.send(anonymous("GET", "/api/openapi.json")).await.body).unwrap();
    assert!(document["paths"].get("/metrics").is_none() && document["paths"].get("/health").is_some());
}

#[actix_web::test]
async fn without_it_the_paths_do_not_exist() {
    let api = Api::start_with(|setup: &mut Setup| setup.api_docs = false).await;
    for path in ["/api/openapi.json", "/api/docs"] {
        api.send(get(path)).await.expect_error(404, "NOT_FOUND", "Not found");
    }
}
