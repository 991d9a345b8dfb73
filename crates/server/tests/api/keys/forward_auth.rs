//! Forward auth, asked without a proxy in between.

use denizen_server::config::{COOKIE_DOMAIN, RETURN_ORIGINS, TRUSTED_PROXIES};
use serde_json::json;

use crate::support::{
    TestServer,
    http::{Request, Response},
    production::{PASSWORD, UNLIMITED},
};

const APP: &str = "https://app.example.com";

async fn guarding() -> TestServer {
    let settings = [(&COOKIE_DOMAIN, "example.com"), (&RETURN_ORIGINS, APP), (&TRUSTED_PROXIES, "127.0.0.1")];
    let server = TestServer::start_in_production(&[&settings, &UNLIMITED[..]].concat()).await;
    server.enrol("alice").await;
    server
}

/// What a browser keeps of this answer: the names and values of cookies.
fn cookies(answer: &Response) -> Vec<String> {
    let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.filter_map(|(_, value)| value.split(';').next()).map(str::to_owned).collect()
}

/// Signs in as a browser does; gives the cookies for this host, and the one for its domain.
async fn sign_in(server: &TestServer) -> (String, String) {
    let body = json!({ "login": "alice", "password": PASSWORD, "cookie": true });
    let answer = Request::post("/api/auth/login").json(&body).send(server.address).await;
    answer.succeeded(200);
    let (domain, own): (Vec<_>, Vec<_>) =
        cookies(&answer).into_iter().partition(|cookie| cookie.contains("forward"));
    (own.join("; "), domain.join("; "))
}

async fn ask(server: &TestServer, cookie: &str) -> Response {
    let request = Request::get("/api/auth/forward?redirect=never").header("Cookie", cookie);
    request.header("X-Forwarded-For", "198.51.100.7").send(server.address).await
}

/// Security checklist: 80.
#[tokio::test]
async fn the_cookie_of_the_domain_tells_who_it_is_and_opens_nothing_else() {
    let server = guarding().await;
    let (own, domain) = sign_in(&server).await;
    for cookie in [&own, &domain] {
        let answer = ask(&server, cookie).await;
        let seen = ["Remote-User", "Remote-Email", "Remote-Groups"].map(|name| answer.header(name));
        assert_eq!((answer.status, seen), (200, [Some("alice"), Some("alice@example.com"), Some("user")]));
    }
    let value = domain.split_once('=').expect("a cookie").1;
    for cookie in [domain.clone(), format!("__Host-denizen_session={value}")] {
        let other = Request::get("/api/auth/session").header("Cookie", &cookie).send(server.address).await;
        other.refused(401, "UNAUTHENTICATED");
    }
    Request::get("/api/auth/session")
        .bearer(value)
        .send(server.address)
        .await
        .refused(401, "UNAUTHENTICATED");
    // What another host of the domain has planted beside it.
    assert_eq!(ask(&server, &format!("{domain}; {domain}")).await.status, 401);
    let (id, mac) = value.split_once('.').expect("two parts");
    for forged in [
        format!("{}.{mac}", id.parse::<i64>().expect("a number") + 1),
        format!("{id}.{}", "0".repeat(64)),
        format!("{id}."),
        mac.to_owned(),
    ] {
        assert_eq!(ask(&server, &format!("__Secure-denizen_forward={forged}")).await.status, 401, "{forged}");
    }
}

/// Security checklist: 80.
#[tokio::test]
async fn the_cookie_of_the_domain_ends_with_its_session() {
    let server = guarding().await;
    let (own, domain) = sign_in(&server).await;
    let (_, other) = sign_in(&server).await;
    let logout = Request::post("/api/auth/logout").header("Cookie", &own);
    let logout = logout.header("Sec-Fetch-Site", "same-origin").send(server.address).await;
    logout.succeeded(200);
    assert!(cookies(&logout).contains(&"__Secure-denizen_forward=".to_owned()), "{:?}", logout.headers);
    assert_eq!(ask(&server, &domain).await.status, 401);
    assert_eq!(ask(&server, &other).await.status, 200);
    server.advance_minutes(31 * 24 * 60);
    assert_eq!(ask(&server, &other).await.status, 401);
}

/// The page that a person is sent to exists, and leads back to the same place.
#[tokio::test]
async fn a_person_without_a_session_is_led_to_the_sign_in_page_and_back() {
    let server = guarding().await;
    let asked = Request::get("/api/auth/forward").header("Accept", "text/html");
    let asked = asked.header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "app.example.com");
    let answer = asked.header("X-Forwarded-Uri", "/notes?page=2").send(server.address).await;
    let location = answer.header("Location").expect("a place").to_owned();
    let expected =
        "https://id.example.com/sign-in?return_to=https%3A%2F%2Fapp.example.com%2Fnotes%3Fpage%3D2";
    assert_eq!((answer.status, location.as_str()), (302, expected));
    let target = location.strip_prefix("https://id.example.com").expect("our own page");
    let page = Request::get(target).header("Host", "id.example.com").send(server.address).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let form = format!("login=alice&password={}", PASSWORD.replace(' ', "+"));
    let signed_in =
        Request::post(target).header("Host", "id.example.com").header("Sec-Fetch-Site", "same-origin");
    let signed_in = signed_in.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let signed_in = signed_in.send(server.address).await;
    let back = signed_in.header("Location");
    assert_eq!(
        (signed_in.status, back),
        (303, Some("https://app.example.com/notes?page=2")),
        "{}",
        signed_in.text()
    );
    let domain =
        cookies(&signed_in).into_iter().find(|cookie| cookie.starts_with("__Secure-denizen_forward="));
    assert_eq!(ask(&server, &domain.expect("a cookie for the domain")).await.status, 200);
}
