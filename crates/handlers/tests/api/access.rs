//! Who may use which route: every cell of the table of routes.

use std::sync::Arc;

use actix_web::test::TestRequest;
use denizen_handlers::{Access, Demos, ROUTES};
use serde_json::json;

use crate::support::{
    Api,
    answer::Answer,
    auth::{ADMIN, AskedAuth, MEMBER},
    operations::FakeOperations,
    requests::{anonymous, request_of, target_of},
};

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Identity {
    Anonymous,
    /// User 7, whom the path names.
    Member,
    /// User 7, and the path names user 8.
    OtherMember,
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

fn expected(access: Access, demos: Demos, caller: Identity) -> Verdict {
    use Identity::{Admin, Anonymous, Member, OtherMember};
    match (access, caller) {
        (Access::Public | Access::Anyone, Anonymous | Member | OtherMember | Admin) => Verdict::LetIn,
        (Access::Member | Access::Owner | Access::Directory | Access::Admin, Anonymous) => {
            Verdict::SignInFirst
        }
        (Access::Member | Access::Owner | Access::Directory, Member | OtherMember | Admin) => Verdict::LetIn,
        (Access::Admin, Member | OtherMember) => Verdict::AdministratorsOnly,
        (Access::Admin, Admin) => Verdict::LetIn,
        // These are for proxies and programs; see `forward_auth` and `introspection`.
        (Access::Proxy, Anonymous) | (Access::Service, _) => Verdict::SignInFirst,
        (Access::Proxy, _) => Verdict::LetIn,
        (Access::Demo, Anonymous) if demos == Demos::Members => Verdict::SignInFirst,
        (Access::Demo, _) => Verdict::LetIn,
    }
}

fn verdict_of(answer: &Answer) -> Verdict {
    match answer.status {
        401 => {
            answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"denizen\""));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            Verdict::SignInFirst
        }
        403 => {
            answer.expect_error(403, "FORBIDDEN", "Forbidden: this is for administrators");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            Verdict::AdministratorsOnly
        }
        // A page leads people to the sign-in page.
        303 if answer.header("www-authenticate").is_some() => Verdict::SignInFirst,
        303 => Verdict::LetIn,
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

/// A cell of the table: a request with which nothing is wrong, and what is to become of it.
fn cells(demos: Demos) -> impl Iterator<Item = (String, TestRequest, Verdict)> {
    let rows = ROUTES.iter().flat_map(|route| route.operations.iter().map(move |row| (route, row)));
    // Its errors are not in our envelope.
    rows.filter(|(_, row)| row.access != Access::Service).flat_map(move |(route, operation)| {
        let (method, access) = (operation.method.as_str(), operation.access);
        let methods = if method == "GET" { vec!["GET", "HEAD"] } else { vec![method] };
        methods.into_iter().flat_map(move |method| {
            [Identity::Anonymous, Identity::Member, Identity::OtherMember, Identity::Admin].map(
                move |caller| {
                    let target = target_of(route.path);
                    let (token, target) = match caller {
                        Identity::Anonymous => (None, target),
                        Identity::Member => (Some(MEMBER), target),
                        Identity::OtherMember => (Some(MEMBER), target.replace("/users/7", "/users/8")),
                        Identity::Admin => (Some(ADMIN), target),
                    };
                    let request = token.map_or_else(
                        || anonymous(method, &target),
                        |token| request_of(token, method, &target),
                    );
                    let cell = format!("{method} {target} by {caller:?}");
                    (cell, body_for(method, &target, request), expected(access, demos, caller))
                },
            )
        })
    })
}

/// The body that the route accepts: of a form for pages, else of JSON.
fn body_for(method: &str, target: &str, request: TestRequest) -> TestRequest {
    if matches!(method, "GET" | "HEAD" | "DELETE") {
        return request;
    }
    if target.starts_with("/api") {
        return request.set_json(json!({}));
    }
    if target == "/ws" {
        return request.set_json(json!({ "type": "broadcast" }));
    }
    request.insert_header(("content-type", "application/x-www-form-urlencoded")).set_payload("")
}

/// Security checklist: 51.
#[actix_web::test]
async fn every_route_lets_in_whom_the_table_names_and_nobody_else() {
    for demos in [Demos::Open, Demos::Members] {
        let api = Api::start_with(|setup| setup.settings.demos = demos).await;
        for (cell, request, expected) in cells(demos) {
            assert_eq!(verdict_of(&api.send(request).await), expected, "{cell}");
        }
    }
}

#[actix_web::test]
async fn for_whoever_is_not_let_in_nothing_is_done() {
    let operations = Arc::new(FakeOperations::default());
    #[cfg(feature = "demos")]
    let demonstrations = Arc::new(crate::support::demonstrations::FakeDemonstrations::default());
    let api = Api::start_with(|setup| {
        setup.operations = operations.clone();
        #[cfg(feature = "demos")]
        {
            setup.demonstrations = Some(demonstrations.clone());
        }
        setup.settings.demos = Demos::Members;
    })
    .await;
    for (cell, request, expected) in cells(Demos::Members) {
        if expected != Verdict::LetIn {
            assert_eq!(verdict_of(&api.send(request).await), expected, "{cell}");
        }
    }
    #[cfg(feature = "demos")]
    assert!(demonstrations.is_untouched());
    assert!(api.users.is_untouched() && operations.is_untouched());
    let asked = api.auth.asked();
    assert!(asked.iter().all(|asked| matches!(asked, AskedAuth::Authenticate(_))), "{asked:?}");
}

#[actix_web::test]
async fn whoever_is_not_let_in_learns_nothing_from_their_request() {
    let api = Api::start_with(|setup| setup.settings.demos = Demos::Members).await;
    let closed = ROUTES.iter().flat_map(|route| route.operations.iter().map(move |row| (route.path, row)));
    for (path, operation) in closed {
        let method = &operation.method;
        if matches!(operation.access, Access::Public | Access::Anyone | Access::Proxy | Access::Service) {
            continue;
        }
        let odd = path.replace("{id:.*}", "abc").replace("{id}", "%31").replace("{session}", "x");
        for target in [odd.clone(), format!("{odd}?%zz=1")] {
            let answer = api.send(anonymous(method.as_str(), &target).set_payload("{")).await;
            if !target.starts_with("/api") && !target.starts_with("/ws") {
                assert_eq!(verdict_of(&answer), Verdict::SignInFirst, "{method} {target}");
                continue;
            }
            let details = answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
            assert!(details.is_null(), "{method} {target}");
        }
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
    let cookie = ("cookie", format!("denizen_session={MEMBER}"));
    for route in ROUTES.iter() {
        for operation in &route.operations {
            if operation.access == Access::Public {
                let (method, target) = (operation.method.as_str(), target_of(route.path));
                for token in ["dead", ADMIN] {
                    let request = body_for(method, &target, request_of(token, method, &target));
                    assert_eq!(verdict_of(&api.send(request).await), Verdict::LetIn, "{method} {target}");
                }
                let request =
                    body_for(method, &target, anonymous(method, &target)).insert_header(cookie.clone());
                assert_eq!(verdict_of(&api.send(request).await), Verdict::LetIn, "{method} {target}");
            }
        }
    }
    let asked = api.auth.asked();
    assert!(asked.iter().all(|asked| matches!(asked, AskedAuth::Login(_))), "{asked:?}");
}

#[test]
fn no_path_and_no_method_is_listed_twice() {
    for (index, route) in ROUTES.iter().enumerate() {
        assert!(ROUTES[..index].iter().all(|other| other.path != route.path), "{}", route.path);
        for (index, operation) in route.operations.iter().enumerate() {
            let mut others = route.operations[..index].iter();
            assert!(others.all(|other| other.method != operation.method), "{}", route.path);
        }
    }
}

#[test]
fn every_route_has_a_sentence() {
    for operation in ROUTES.iter().flat_map(|route| &route.operations) {
        let summary = operation.summary;
        assert!(summary.starts_with(char::is_uppercase) && summary.ends_with('.'), "{summary}");
    }
}
