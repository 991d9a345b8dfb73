//! The pages of people's accounts, over HTTP.

use std::net::SocketAddr;

use denizen_server::config::{CORS_ORIGINS, PUBLIC_URL, REGISTRATION, RETURN_ORIGINS, SERVICE_NAME};

use crate::support::{
    TestServer,
    http::{Request, Response},
    page::Page,
    production::{PASSWORD, UNLIMITED},
};

const APP: &str = "https://app.example.com";

/// A form as a browser sends it from a page of ours.
fn form(path: &str, fields: &str, cookie: &str) -> Request {
    Request::post(path)
        .anonymous()
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Sec-Fetch-Site", "same-origin")
        .header("Cookie", cookie)
        .body(fields)
}

fn open(path: &str, cookie: &str) -> Request {
    Request::get(path).anonymous().header("Cookie", cookie)
}

/// Where an accepted form leads.
#[track_caller]
fn led_to(response: &Response) -> &str {
    assert_eq!(response.status, 303, "{}", response.text());
    assert_eq!(response.header("Cache-Control"), Some("no-store"));
    response.header("Location").expect("a place")
}

/// The cookie of this name that the response sets, as a browser sends it back; and its attributes.
#[track_caller]
fn cookie(response: &Response, name: &str) -> (String, String) {
    let mut cookies = response.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
    let found = cookies.find(|(_, value)| value.starts_with(&format!("{name}=")));
    let (_, value) = found.unwrap_or_else(|| panic!("no cookie {name}: {response:?}"));
    let (pair, attributes) = value.split_once("; ").expect("attributes");
    (pair.to_owned(), attributes.to_owned())
}

/// The session cookie of somebody who has signed in on the page.
async fn sign_in(at: SocketAddr, login: &str, password: &str) -> String {
    let fields = format!("login={login}&password={}", password.replace(' ', "+"));
    let response = form("/sign-in", &fields, "").send(at).await;
    assert_eq!(led_to(&response), "/account");
    cookie(&response, "__Host-denizen_session").0
}

async fn start(settings: &[(&'static denizen_server::config::Setting, &str)]) -> TestServer {
    let usual = [(&RETURN_ORIGINS, APP), (&REGISTRATION, "open"), (&SERVICE_NAME, "Ex & Co")];
    let server = TestServer::start_in_production(&[&UNLIMITED[..], &usual, settings].concat()).await;
    server.enrol_administrator("olga").await;
    server.enrol("alice").await;
    server
}

/// Security checklist: 49.
#[tokio::test]
async fn a_person_signs_in_sees_the_account_and_signs_out() {
    let server = start(&[]).await;
    let at = server.address;
    let fields = format!("login=alice&password={}", PASSWORD.replace(' ', "+"));
    let response = form("/sign-in", &format!("{fields}&stay=on"), "").send(at).await;
    let (session, attributes) = cookie(&response, "__Host-denizen_session");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=2592000");
    let (_, attributes) = cookie(&form("/sign-in", &fields, "").send(at).await, "__Host-denizen_session");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/", "until the browser is closed");

    let account = open("/account", &session).send(at).await;
    assert_eq!((account.status, account.header("Cache-Control")), (200, Some("no-store")));
    let text = account.text();
    assert!(text.contains("alice@example.com") && text.contains(" · Ex &amp; Co</title>"), "{text}");

    let out = form("/sign-out", "", &session).send(at).await;
    assert_eq!(led_to(&out), "/sign-in?done=signed-out");
    assert!(cookie(&out, "__Host-denizen_session").1.contains("Expires=Thu, 01 Jan 1970"));
    assert!(Page::open(at, led_to(&out)).await.text.contains("You are signed out."));
    let again = open("/account", &session).send(at).await;
    assert_eq!(led_to(&again), "/sign-in?return_to=%2Faccount");
}

#[tokio::test]
async fn a_wrong_password_signs_nobody_in_and_an_unknown_name_is_told_the_same() {
    let server = start(&[]).await;
    let at = server.address;
    for login in ["alice", "nobody"] {
        let refused =
            form("/sign-in", &format!("login={login}&password=a+wrong+horse+battery"), "").send(at).await;
        assert_eq!((refused.status, refused.header("Set-Cookie")), (403, None));
        assert!(refused.text().contains("or the password is wrong."), "{}", refused.text());
    }
}

/// Security checklist: 49.
#[tokio::test]
async fn forms_are_taken_from_our_own_pages_alone() {
    let server = start(&[(&CORS_ORIGINS, APP)]).await;
    let at = server.address;
    let session = sign_in(at, "alice", PASSWORD).await;
    let fields = format!("password={}", PASSWORD.replace(' ', "+"));
    for (name, value) in [
        ("Origin", "null"),
        ("Origin", "https://evil.example"),
        ("Origin", APP),
        ("Origin", "http://id.example.com"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "none"),
        ("X-Requested-With", "XMLHttpRequest"),
    ] {
        for path in ["/account/delete", "/sign-out", "/account/sessions", "/account/password"] {
            let request = Request::post(path)
                .anonymous()
                .header("Host", "id.example.com")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Cookie", &session)
                .header(name, value)
                .body(&*fields);
            assert_eq!(request.send(at).await.status, 403, "{path} {name}: {value}");
        }
    }
    assert_eq!(open("/account", &session).send(at).await.status, 200);
    let own = Request::post("/account/delete")
        .anonymous()
        .header("Host", "id.example.com")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Cookie", &session)
        .header("Origin", "https://id.example.com")
        .body(&*fields);
    assert_eq!(led_to(&own.send(at).await), "/sign-in?done=account-deleted");
}

#[tokio::test]
async fn the_browser_returns_to_listed_places_and_to_no_other() {
    let server = start(&[]).await;
    let at = server.address;
    let fields = format!("login=alice&password={}", PASSWORD.replace(' ', "+"));
    for (asked, place) in [
        ("https%3A%2F%2Fapp.example.com%2Fnotes%3Fpage%3D2", "https://app.example.com/notes?page=2"),
        ("%2Faccount%2Fsessions", "/account/sessions"),
        ("https%3A%2F%2Fevil.example", "/account"),
        ("https%3A%2F%2Fapp.example.com.evil.example", "/account"),
        ("https%3A%2F%2Fapp.example.com%40evil.example", "/account"),
        ("%2F%2Fevil.example", "/account"),
        ("%2F%5Cevil.example", "/account"),
        ("%2F%09%2Fevil.example", "/account"),
        ("javascript%3Aalert(1)", "/account"),
    ] {
        let path = format!("/sign-in?return_to={asked}&utm_source=mail");
        let shown = Request::get(&path).anonymous().send(at).await;
        let policy = shown.header("Content-Security-Policy").expect("a policy");
        assert_eq!(policy.contains(APP), place.starts_with(APP), "{policy}");
        assert_eq!(led_to(&form(&path, &fields, "").send(at).await), place, "{asked}");
    }
    // After a detour over a mail, when the query is lost.
    let shown =
        Request::get("/sign-in?return_to=https%3A%2F%2Fapp.example.com%2F").anonymous().send(at).await;
    let (kept, attributes) = cookie(&shown, "__Host-denizen_return_to");
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=3600");
    assert_eq!(
        led_to(&form("/sign-in?done=password-set", &fields, &kept).send(at).await),
        "https://app.example.com/"
    );
}

/// Security checklist: 77.
#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_keeps_this_browser_signed_in() {
    let server = start(&[]).await;
    let at = server.address;
    let (here, there) = (sign_in(at, "alice", PASSWORD).await, sign_in(at, "alice", PASSWORD).await);
    let current = PASSWORD.replace(' ', "+");
    let wrong = format!("current_password=a+wrong+horse+battery&new_password={current}+2");
    let wrong = form("/account/password", &wrong, &here).send(at).await;
    assert_eq!((wrong.status, open("/account", &there).send(at).await.status), (403, 200));

    let fields = format!("current_password={current}&new_password=another+horse+battery");
    let changed = form("/account/password", &fields, &here).send(at).await;
    assert_eq!(led_to(&changed), "/account?done=password-changed");
    let new = cookie(&changed, "__Host-denizen_session").0;
    assert!(open(led_to(&changed), &new).send(at).await.text().contains("Your password is changed."));
    for old in [here, there] {
        assert_eq!(open("/account", &old).send(at).await.status, 303);
    }
    sign_in(at, "alice", "another horse battery").await;
    let manager = Request::get("/.well-known/change-password").anonymous().send(at).await;
    assert_eq!(led_to(&manager), "/account/password");
}

#[tokio::test]
async fn sessions_are_ended_one_by_one_or_all_at_once() {
    let server = start(&[]).await;
    let at = server.address;
    let here = sign_in(at, "alice", PASSWORD).await;
    let others = [sign_in(at, "alice", PASSWORD).await, sign_in(at, "alice", PASSWORD).await];
    let list = open("/account/sessions", &here).send(at).await.text();
    let ids: Vec<&str> =
        list.split("name=\"session\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), 2, "{list}");
    let ended = form("/account/sessions", &format!("session={}", ids[0]), &here).send(at).await;
    assert_eq!(led_to(&ended), "/account/sessions?done=session-ended");
    let mut open_sessions = Vec::new();
    for other in &others {
        open_sessions.push(open("/account", other).send(at).await.status);
    }
    open_sessions.sort_unstable();
    assert_eq!(open_sessions, [200, 303]);

    let olga = sign_in(at, "olga", PASSWORD).await;
    assert_eq!(
        led_to(&form("/account/sessions", "", &here).send(at).await),
        "/sign-in?done=signed-out-everywhere"
    );
    for session in [&here, &others[0], &others[1]] {
        assert_eq!(open("/account", session).send(at).await.status, 303);
    }
    assert_eq!(open("/account", &olga).send(at).await.status, 200);
}

/// Security checklist: 65.
#[tokio::test]
async fn strangers_sign_up_with_an_address_and_choose_the_rest_behind_the_link() {
    let server = start(&[]).await;
    let at = server.address;
    let page = Page::open(at, "/sign-up").await;
    let sent = page.submit(at, "zoe@example.com", 200).await;
    assert!(sent.text.contains("Check your e-mail"), "{}", sent.text);
    let token = server.next_token("zoe@example.com").await;
    let fields = [("username", "zoe"), ("first_name", "Z"), ("last_name", "B"), ("password", PASSWORD)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let done = Page::open(at, &format!("/verify-email?token={token}")).await.fill(at, &fields, 200).await;
    assert!(done.text.contains("Your account is ready."), "{}", done.text);
    sign_in(at, "zoe", PASSWORD).await;
}

#[tokio::test]
async fn links_follow_the_path_of_the_public_url() {
    let server = start(&[(&PUBLIC_URL, "https://example.com/id")]).await;
    let at = server.address;
    let text = Page::open(at, "/sign-in").await.text;
    assert!(text.contains("href=\"/id/assets/style.css\"") && !text.contains("href=\"/sign"), "{text}");
    let led = Request::get("/account").anonymous().send(at).await;
    assert_eq!(led_to(&led), "/id/sign-in?return_to=%2Fid%2Faccount");
    let fields = format!("login=alice&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(led_to(&form("/sign-in", &fields, "").send(at).await), "/id/account");
}
