//! Session tokens, in headers and in cookies: which one counts, and what is made of it.

use actix_web::test::TestRequest;
use denizen_handlers::{Access, ROUTES};
use serde_json::json;

use crate::support::{
    Api,
    answer::Answer,
    auth::{ADMIN, AskedAuth, MEMBER, signed_in},
    log::lines_with,
    requests::{anonymous, request, request_of, target_of},
};

const SESSION: &str = "/api/auth/session";
const COOKIE: &str = "denizen_session";

fn with(headers: &[(&str, String)], method: &str, target: &str) -> TestRequest {
    headers.iter().fold(anonymous(method, target), |request, (name, value)| {
        request.append_header((*name, value.as_str()))
    })
}

fn bearer(token: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {token}"))
}

fn cookie(token: &str) -> (&'static str, String) {
    ("cookie", format!("{COOKIE}={token}"))
}

/// Who the answer says has signed in.
#[track_caller]
fn name_in(answer: &Answer) -> String {
    let (data, _) = answer.expect_success(200, "Signed in");
    data["user"]["username"].as_str().expect("a name").to_owned()
}

#[track_caller]
fn assert_is_unknown(answer: &Answer) {
    answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"denizen\""));
}

#[track_caller]
fn assert_is_dead(answer: &Answer) {
    answer.expect_error(401, "UNAUTHENTICATED", "The session has ended or never existed");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, Some("Bearer realm=\"denizen\", error=\"invalid_token\""));
    assert_eq!((answer.header("cache-control"), answer.header("set-cookie")), (Some("no-store"), None));
}

#[actix_web::test]
async fn a_token_on_purpose_counts_more_than_a_cookie() {
    let api = Api::start().await;
    for (headers, name) in [
        (vec![bearer(ADMIN)], "root"),
        (vec![cookie(MEMBER)], "alice"),
        (vec![bearer(ADMIN), cookie(MEMBER)], "root"),
        (vec![cookie("dead"), bearer(MEMBER)], "alice"),
        (vec![("authorization", "Basic cm9vdDpyb290".to_owned()), cookie(MEMBER)], "alice"),
    ] {
        assert_eq!(name_in(&api.send(with(&headers, "GET", SESSION)).await), name, "{headers:?}");
    }
    for headers in
        [vec![bearer("dead"), cookie(MEMBER)], vec![bearer(""), cookie(MEMBER)], vec![cookie("dead")]]
    {
        assert_is_dead(&api.send(with(&headers, "GET", SESSION)).await);
    }
}

#[actix_web::test]
async fn of_two_authorizations_neither_counts() {
    let api = Api::start().await;
    for (first, second) in [(ADMIN, MEMBER), (MEMBER, ADMIN), (ADMIN, ADMIN), (ADMIN, "dead")] {
        assert_is_dead(&api.send(with(&[bearer(first), bearer(second)], "GET", SESSION)).await);
    }
    let basic = ("authorization", "Basic cm9vdDpyb290".to_owned());
    assert_is_dead(&api.send(with(&[basic, bearer(ADMIN), cookie(MEMBER)], "GET", SESSION)).await);
    assert!(api.auth.asked().is_empty());
}

#[actix_web::test]
async fn whoever_presents_nothing_of_ours_is_unknown() {
    let api = Api::start().await;
    for headers in [
        vec![],
        vec![("authorization", String::new())],
        vec![("authorization", ADMIN.to_owned())],
        vec![("authorization", format!("Basic {ADMIN}"))],
        vec![("authorization", format!("Token {ADMIN}"))],
        vec![("authorization", format!("Bearer:{ADMIN}"))],
        vec![("x-authorization", format!("Bearer {ADMIN}"))],
        vec![("proxy-authorization", format!("Bearer {ADMIN}"))],
        vec![("remote-user", "root".to_owned()), ("remote-user-id", "1".to_owned())],
        vec![("cookie", format!("session={ADMIN}; {COOKIE}s={ADMIN}; x{COOKIE}={ADMIN}"))],
    ] {
        assert_is_unknown(&api.send(with(&headers, "GET", SESSION)).await);
    }
    for target in ["?access_token=admin", "?token=admin"] {
        assert_is_unknown(&api.send(anonymous("GET", &format!("{SESSION}{target}"))).await);
    }
    assert!(api.auth.asked().is_empty());
}

#[actix_web::test]
async fn a_token_of_any_length_and_of_any_bytes_is_looked_up_as_it_is() {
    let api = Api::start().await;
    for token in ["x".repeat(100_000), "\u{e9}\u{2028}".to_owned(), "a b\tc".to_owned(), format!("{ADMIN};")]
    {
        assert_is_dead(&api.send(request_of(&token, "GET", SESSION)).await);
        let asked = api.auth.asked().pop();
        assert!(matches!(&asked, Some(AskedAuth::Authenticate(asked)) if *asked == token), "{asked:?}");
    }
    assert!(lines_with(&"x".repeat(1000)).is_empty());
}

#[actix_web::test]
async fn behind_tls_only_the_cookie_with_the_prefix_counts() {
    let api = Api::start_with(|setup| setup.settings.secure_cookies = true).await;
    let named = |name: &str| with(&[("cookie", format!("{name}={ADMIN}"))], "GET", SESSION);
    assert_eq!(name_in(&api.send(named("__Host-denizen_session")).await), "root");
    for name in
        [COOKIE, "__%48ost-denizen_session", "__host-denizen_session", "\u{2000}__Host-denizen_session"]
    {
        assert_is_unknown(&api.send(named(name)).await);
    }
}

/// Security checklist: 49.
#[actix_web::test]
async fn no_route_changes_anything_for_a_cookie_that_some_other_page_sent() {
    let api = Api::start().await;
    let message = "Forbidden: a session in a cookie works on pages of this site only";
    let host = ("host", "id.example.com".to_owned());
    for route in ROUTES.iter() {
        for operation in &route.operations {
            let method = &operation.method;
            let looked_at = !matches!(operation.access, Access::Public | Access::Demo | Access::Service);
            if !looked_at || method == "GET" {
                continue;
            }
            let target = target_of(route.path);
            for (name, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
                ("x-requested-with", "XMLHttpRequest"),
            ] {
                let headers = [cookie(ADMIN), host.clone(), (name, value.to_owned())];
                let answer = api.send(with(&headers, method.as_str(), &target)).await;
                if target.starts_with("/api") || target == "/ws" {
                    answer.expect_error(403, "FORBIDDEN", message);
                } else {
                    assert!(answer.expect_page(403).contains(message), "{method} {target}");
                }
            }
        }
    }
    assert!(api.users.is_untouched() && api.auth.asked().is_empty());
}

#[actix_web::test]
async fn a_page_of_a_listed_origin_may_use_the_cookie_and_read_the_answer() {
    let app = "https://app.example.com";
    let api = Api::start_with(|setup| setup.settings.cors_origins = vec![app.to_owned()]).await;
    let headers = [cookie(MEMBER), ("origin", app.to_owned()), ("sec-fetch-site", "same-site".to_owned())];
    let answer = api.send(with(&headers, "DELETE", "/api/auth/sessions")).await;
    answer.expect_success(200, "Sessions ended successfully");
    assert_eq!(answer.header("access-control-allow-origin"), Some(app));
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
}

/// Security checklist: 49, 59.
#[actix_web::test]
async fn signing_out_removes_the_cookie_under_all_that_it_was_set_with() {
    for (secure, name) in [(false, COOKIE), (true, "__Host-denizen_session")] {
        let api = Api::start_with(|setup| setup.settings.secure_cookies = secure).await;
        let headers = [("cookie", format!("{name}={MEMBER}")), ("sec-fetch-site", "same-origin".to_owned())];
        let answer = api.send(with(&headers, "POST", "/api/auth/logout")).await;
        answer.expect_success(200, "Signed out successfully");
        let gone = answer.header("set-cookie").expect("a cookie");
        let mut attributes: Vec<&str> = gone.split("; ").collect();
        assert_eq!(attributes.remove(0), format!("{name}="));
        attributes.sort_unstable();
        let mut expected =
            vec!["Expires=Thu, 01 Jan 1970 00:00:00 GMT", "HttpOnly", "Path=/", "SameSite=Strict"];
        expected.extend(secure.then_some("Secure"));
        assert_eq!(attributes, expected);
    }
}

/// Security checklist: 53.
#[actix_web::test]
async fn a_sign_in_repeats_neither_name_nor_password() {
    let api = Api::start().await;
    for cookie in [json!(null), json!(false), json!(true)] {
        let body = json!({ "login": "lsecret7", "password": "psecret7", "cookie": cookie });
        let answer = api.send(anonymous("POST", "/api/auth/login").set_json(body)).await;
        answer.expect_success(200, "Signed in successfully");
        let all = format!("{answer:?}");
        assert!(!all.contains("lsecret7") && !all.contains("psecret7"), "{all}");
        let token = signed_in().token.expose().to_owned();
        assert_eq!(all.matches(&token).count(), 1, "{all}");
        assert_eq!(answer.text().contains(&token), cookie != json!(true), "{all}");
    }
    assert!(lines_with("lsecret7").is_empty() && lines_with("psecret7").is_empty());
}

#[actix_web::test]
async fn who_came_with_a_token_goes_with_a_token_whatever_cookies_there_are() {
    let body = json!({ "current_password": "p", "new_password": "q" });
    let request = with(&[bearer(MEMBER), cookie(MEMBER)], "POST", "/api/auth/change-password");
    let answer = Api::start().await.send(request.set_json(body)).await;
    let (data, _) = answer.expect_success(200, "Password changed successfully");
    assert_eq!((&data["token_type"], answer.header("set-cookie")), (&json!("Bearer"), None));
}

/// Security checklist: 59.
#[actix_web::test]
async fn browsers_are_told_to_use_tls_where_there_is_nothing_else() {
    for secure in [false, true] {
        let api = Api::start_with(|setup| setup.settings.secure_cookies = secure).await;
        for target in ["/health", "/", "/nope", "/api/nope", "/api/users/abc", "/verify-email"] {
            let answer = api.send(request("GET", target)).await;
            let expected = secure.then_some("max-age=31536000");
            assert_eq!(answer.header("strict-transport-security"), expected, "{target}");
        }
    }
}
