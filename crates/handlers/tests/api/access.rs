//! Who may use which route: every cell of the table of routes.

use denizen_handlers::{Access, ROUTES};

use crate::support::{
    Api,
    answer::Answer,
    auth::{ADMIN, MEMBER},
    requests::{acceptable, anonymous, request_of, target_of},
};

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Member,
    Admin,
}

/// What the door does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The handler is called; what may be seen is for the service to say.
    LetIn,
    /// 401.
    SignInFirst,
    /// 403.
    AdministratorsOnly,
}

fn expected(access: Access, caller: Caller) -> Verdict {
    match (access, caller) {
        (Access::Public | Access::Anyone | Access::Demo, _) => Verdict::LetIn,
        (Access::Member | Access::Owner | Access::Directory | Access::Admin, Caller::Anonymous) => {
            Verdict::SignInFirst
        }
        (Access::Member | Access::Owner | Access::Directory, Caller::Member | Caller::Admin) => {
            Verdict::LetIn
        }
        (Access::Admin, Caller::Member) => Verdict::AdministratorsOnly,
        (Access::Admin, Caller::Admin) => Verdict::LetIn,
        (Access::Nobody, _) => panic!("the table lists nothing that nobody may use"),
    }
}

fn verdict_of(answer: &Answer) -> Verdict {
    match answer.status {
        401 => {
            answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"denizen\""));
            Verdict::SignInFirst
        }
        403 => {
            answer.expect_error(403, "FORBIDDEN", "Forbidden: this is for administrators");
            Verdict::AdministratorsOnly
        }
        // The pages of links refuse that there is no token in the link; they are reached.
        400 => {
            answer.expect_page(400);
            Verdict::LetIn
        }
        _ => {
            assert!(answer.status < 300, "{answer:?}");
            Verdict::LetIn
        }
    }
}

/// Security checklist: 51.
#[actix_web::test]
async fn every_route_lets_in_whom_the_table_names_and_nobody_else() {
    let api = Api::start().await;
    for route in ROUTES {
        let target = target_of(route.path);
        for (method, access) in route.methods {
            for caller in [Caller::Anonymous, Caller::Member, Caller::Admin] {
                let request = match caller {
                    Caller::Anonymous => anonymous(method.as_str(), &target),
                    Caller::Member => request_of(MEMBER, method.as_str(), &target),
                    Caller::Admin => request_of(ADMIN, method.as_str(), &target),
                };
                let answer = api.send(body_for(method.as_str(), &target, request)).await;
                assert_eq!(verdict_of(&answer), expected(*access, caller), "{method} {target} {caller:?}");
            }
        }
    }
}

/// The body that the route accepts: of a form for pages, else of JSON.
fn body_for(
    method: &str,
    target: &str,
    request: actix_web::test::TestRequest,
) -> actix_web::test::TestRequest {
    if matches!(method, "GET" | "DELETE") {
        return request;
    }
    if target.starts_with("/api") {
        return request.set_json(serde_json::json!({}));
    }
    if target == "/ws" {
        return request.set_json(serde_json::json!({ "type": "broadcast" }));
    }
    request.insert_header(("content-type", "application/x-www-form-urlencoded")).set_payload("")
}

#[actix_web::test]
async fn whoever_is_not_let_in_learns_nothing_from_their_request() {
    let api = Api::start().await;
    for (method, target) in [
        ("GET", "/api/users/abc"),
        ("GET", "/api/users?limit=x"),
        ("PUT", "/api/users/7"),
        ("POST", "/api/auth/change-password"),
        ("DELETE", "/api/users/7/sessions/x"),
    ] {
        let answer = api.send(anonymous(method, target).set_payload("{")).await;
        answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
    }
    assert!(api.users.is_untouched() && api.auth.asked().is_empty());
}

#[actix_web::test]
async fn a_dead_session_is_told_so() {
    let api = Api::start().await;
    for (method, target) in [("GET", "/api/users"), ("POST", "/api/users"), ("GET", "/api/auth/session")] {
        let answer = api.send(request_of("dead", method, target)).await;
        answer.expect_error(401, "UNAUTHENTICATED", "The session has ended or never existed");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer realm=\"denizen\", error=\"invalid_token\""));
    }
}

#[actix_web::test]
async fn on_public_routes_nobody_looks_at_who_it_is() {
    let api = Api::start().await;
    let answer =
        api.send(acceptable("POST", "/api/auth/login").insert_header(("authorization", "Bearer dead"))).await;
    answer.expect_success(200, "Signed in successfully");
    assert_eq!(api.auth.asked().len(), 1, "one sign-in and nothing else");
}
