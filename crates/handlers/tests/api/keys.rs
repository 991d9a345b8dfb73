//! Service keys over HTTP.

use std::sync::Arc;

use denizen_handlers::ROUTES;
use denizen_models::KeyScope;
use denizen_services::{CreateKeyError, RevokeKeyError, store::KeyId};
use serde_json::{Value, json};

use crate::support::{
    Api,
    keys::{AskedKeys, FakeKeys, key_for},
    requests::{acceptable, get, request, request_of, send_json, target_of},
};

#[actix_web::test]
async fn a_key_is_shown_when_it_is_created_and_not_listed() {
    let keys = Arc::<FakeKeys>::default();
    let api = Api::start_with(|setup| setup.keys = keys.clone()).await;
    let body = json!({ "name": "billing", "scopes": ["users:read"], "password": "secret" });
    let answer = api.send(send_json("POST", "/api/keys", &body)).await;
    let (data, metadata) = answer.expect_success(201, "Service key created successfully");
    assert_eq!((&data["key"], &data["id"], &metadata["key_id"]), (&json!("dk_3_cafe"), &json!(3), &json!(3)));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (list, metadata) =
        api.send(get("/api/keys")).await.expect_success(200, "Service keys retrieved successfully");
    assert_eq!((&list[0]["scopes"], &list[0]["key"]), (&json!(["users:read"]), &Value::Null));
    assert_eq!(metadata["count"], 1);
    api.send(request("DELETE", "/api/keys/3")).await.expect_success(200, "Service key revoked successfully");
    let asked = [AskedKeys::Create("billing".to_owned()), AskedKeys::List, AskedKeys::Revoke(KeyId(3))];
    assert_eq!(keys.asked(), asked);
}

#[actix_web::test]
async fn refusals_have_their_codes() {
    let setup = |keys: FakeKeys| Api::start_with(move |setup| setup.keys = Arc::new(keys));
    let api = setup(FakeKeys { create: Err(CreateKeyError::WrongPassword), ..FakeKeys::default() }).await;
    let answer = api.send(acceptable("POST", "/api/keys")).await;
    answer.expect_error(403, "WRONG_PASSWORD", "Failed to create service key: the password is wrong");
    let api = setup(FakeKeys { revoke: Err(RevokeKeyError::NotFound), ..FakeKeys::default() }).await;
    for target in ["/api/keys/3", "/api/keys/x", "/api/keys/%33", "/api/keys/03"] {
        let answer = api.send(request("DELETE", target)).await;
        answer.expect_error(404, "KEY_NOT_FOUND", "Service key not found");
    }
}

/// Security checklist: 79.
#[actix_web::test]
async fn a_key_passes_where_the_route_names_one_of_its_scopes() {
    let api = Api::start().await;
    for route in ROUTES.iter() {
        for operation in &route.operations {
            use denizen_handlers::Access::{Demo, Proxy, Public, Service};
            if matches!(operation.access, Public | Proxy | Demo | Service) {
                continue;
            }
            for scope in KeyScope::ALL {
                let (method, target) = (operation.method.as_str(), target_of(route.path));
                let request = acceptable(method, &target)
                    .insert_header(("authorization", format!("Bearer {}", key_for(scope))));
                let answer = api.send(request).await;
                let passes = operation.scopes.contains(&scope);
                assert_eq!(answer.status != 403, passes, "{method} {target} with {scope:?}: {answer:?}");
                if !passes {
                    assert!(
                        answer.status == 403 && String::from_utf8_lossy(&answer.body).contains("service key")
                    );
                }
            }
        }
    }
    assert!(api.auth.asked().is_empty(), "a key is not looked up as a session");
}

#[actix_web::test]
async fn an_unknown_key_is_told_like_a_dead_session() {
    let api = Api::start().await;
    for key in ["dk_4_none", "dk_", "dk_3_sessions"] {
        let answer = api.send(request_of(key, "GET", "/api/users")).await;
        answer.expect_error(401, "UNAUTHENTICATED", "The session has ended or never existed");
    }
    assert!(api.auth.asked().is_empty());
}
