//! Signing in and out over HTTP, and sessions.

use denizen_handlers::ErrorCode;
use denizen_models::{UserId, ValidationErrors};
use denizen_services::{
    ChangeEmailError, ChangePasswordError, DeleteAccountError, Failure, LoginError, SessionError,
    SignUpError, SignedUp, store::SessionId,
};
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    auth::{AskedAuth, DEVICE, MEMBER, signed_in},
    fakes::Asked,
    requests::{anonymous, request_of, send_json},
};

const COOKIE: &str = "denizen_session";

fn login(body: &Value) -> actix_web::test::TestRequest {
    anonymous("POST", "/api/auth/login").set_json(body)
}

#[actix_web::test]
async fn a_sign_in_gives_a_token_and_says_who_it_is() {
    let api = Api::start().await;
    let answer = api.send(login(&json!({ "login": "alice", "password": "correct horse" }))).await;
    let (data, _) = answer.expect_success(200, "Signed in successfully");
    let token = signed_in().token.expose().to_owned();
    assert_eq!((&data["token"], &data["token_type"]), (&json!(token), &json!("Bearer")));
    assert_eq!(data["expires_at"], "2026-01-31T00:00:00Z");
    assert_eq!((&data["user"]["id"], &data["user"]["email"]), (&json!(7), &json!("alice@example.com")));
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (_, AskedAuth::Login(request)) = api.auth.last_call() else { panic!("another call") };
    assert_eq!((request.login.expose(), request.password.expose()), ("alice", "correct horse"));
}

/// Security checklist: 66.
#[actix_web::test]
async fn a_device_is_told_in_the_answer_or_in_a_cookie_and_presented_in_the_same_way() {
    let api = Api::start().await;
    let body = |more: Value| {
        let mut body = json!({ "login": "a", "password": "b" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let presented = async |request| {
        let answer = api.send(request).await;
        let (_, AskedAuth::Login(request)) = api.auth.last_call() else { panic!("another call") };
        (answer, request.device.map(|device| device.expose().to_owned()))
    };
    let (answer, device) = presented(login(&body(json!({})))).await;
    assert_eq!(device, None);
    assert_eq!(answer.expect_success(200, "Signed in successfully").0["device"], DEVICE);
    let (_, device) = presented(login(&body(json!({ "device": "cafe" })))).await;
    assert_eq!(device.as_deref(), Some("cafe"));
    let by_cookie = login(&body(json!({ "cookie": true }))).insert_header(("cookie", "denizen_device=beef"));
    let (answer, device) = presented(by_cookie).await;
    assert_eq!(device.as_deref(), Some("beef"));
    assert_eq!(answer.expect_success(200, "Signed in successfully").0.get("device"), None);
    assert_device_cookie(&answer, "denizen_device");
}

/// The browser is to keep [`DEVICE`] under this name, longer than any session.
#[track_caller]
pub fn assert_device_cookie(answer: &Answer, name: &str) {
    let cookie = answer.cookie(name).expect("a cookie of the device");
    let pair = format!("{name}={DEVICE}");
    for attribute in [&*pair, "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"] {
        assert!(cookie.split("; ").any(|other| other == attribute), "{attribute}: {cookie}");
    }
    assert_eq!(cookie.split("; ").any(|other| other == "Secure"), name.starts_with("__Host-"), "{cookie}");
    assert!(!cookie.contains("Domain"), "{cookie}");
}

/// Security checklist: 49.
#[actix_web::test]
async fn a_session_in_a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    for (secure, name) in [(false, "denizen_session"), (true, "__Host-denizen_session")] {
        let api = Api::start_with(|setup| setup.settings.secure_cookies = secure).await;
        let answer = api.send(login(&json!({ "login": "a", "password": "b", "cookie": true }))).await;
        let (data, _) = answer.expect_success(200, "Signed in successfully");
        assert_eq!((data.get("token"), &data["token_type"]), (None, &json!("Cookie")));
        let cookie = answer.cookie(name).expect("a cookie");
        let token = signed_in().token.expose().to_owned();
        assert!(cookie.starts_with(&format!("{name}={token}; ")), "{cookie}");
        for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.split("; ").any(|other| other == attribute), "{attribute}: {cookie}");
        }
        assert_eq!(cookie.split("; ").any(|other| other == "Secure"), secure, "{cookie}");
        for other in ["Domain", "Expires", "Max-Age"] {
            assert!(!cookie.contains(other), "{other}: {cookie}");
        }
        let hsts = answer.header("strict-transport-security");
        assert_eq!(hsts.is_some(), secure);
    }
}

/// Unless people want to stay signed in, the cookie goes with the browser's session.
#[actix_web::test]
async fn a_cookie_outlasts_the_browser_if_that_is_asked_for() {
    let api = Api::start().await;
    for (remember, max_age) in
        [(json!(true), Some("Max-Age=2592000")), (json!(false), None), (json!(null), None)]
    {
        let body = json!({ "login": "a", "password": "b", "cookie": true, "remember": remember });
        let answer = api.send(login(&body)).await;
        let cookie = answer.cookie("denizen_session").expect("a cookie");
        let found = cookie.split("; ").find(|attribute| attribute.starts_with("Max-Age"));
        assert_eq!(found, max_age, "{cookie}");
        assert!(!cookie.contains("Expires"), "{cookie}");
    }
}

#[actix_web::test]
async fn an_account_is_deleted_with_its_password_and_the_cookie_goes_with_it() {
    let api = Api::start().await;
    let request =
        request_of(MEMBER, "POST", "/api/auth/delete-account").set_json(json!({ "password": "mine" }));
    let answer = api.send(request).await;
    answer.expect_success(200, "Account deleted successfully");
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(
        cookie.starts_with("denizen_session=; ") && cookie.contains("Expires=Thu, 01 Jan 1970"),
        "{cookie}"
    );
    let (context, Asked::DeleteAccount(asked)) = api.users.last_call() else { panic!("another call") };
    assert!(context.is_self(UserId::new(7)), "{context:?}");
    assert_eq!(asked.password.expose(), "mine");
}

#[actix_web::test]
async fn a_cookie_writes_from_our_own_pages_only() {
    let api = Api::start().await;
    let with_cookie = |method: &str| {
        let request = anonymous(method, "/api/auth/sessions");
        request.insert_header(("cookie", format!("{COOKIE}={MEMBER}"))).insert_header(("host", "a.example"))
    };
    api.send(with_cookie("GET")).await.expect_success(200, "Sessions retrieved successfully");
    let foreign = with_cookie("DELETE").insert_header(("origin", "https://evil.example"));
    let message = "Forbidden: a session in a cookie works on pages of this site only";
    api.send(foreign).await.expect_error(403, "FORBIDDEN", message);
    api.send(with_cookie("DELETE")).await.expect_error(403, "FORBIDDEN", message);
    let own = with_cookie("DELETE").insert_header(("origin", "https://a.example"));
    api.send(own).await.expect_success(200, "Sessions ended successfully");
}

#[actix_web::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let api = Api::start().await;
    let answer = api.send(request_of(MEMBER, "POST", "/api/auth/logout")).await;
    answer.expect_success(200, "Signed out successfully");
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(
        cookie.starts_with("denizen_session=; ") && cookie.contains("Expires=Thu, 01 Jan 1970"),
        "{cookie}"
    );
    assert!(matches!(api.auth.last_call().1, AskedAuth::Logout));
}

#[actix_web::test]
async fn the_session_tells_who_it_is_and_is_not_for_proxies() {
    let answer = Api::start().await.send(request_of(MEMBER, "GET", "/api/auth/session")).await;
    let (data, _) = answer.expect_success(200, "Signed in");
    assert_eq!((&data["session"]["current"], &data["user"]["username"]), (&json!(true), &json!("alice")));
    assert_eq!((answer.header("remote-user"), answer.header("remote-user-id")), (None, None));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
}

#[actix_web::test]
async fn sessions_are_listed_with_what_their_owner_may_know() {
    let api = Api::start().await;
    let answer = api.send(request_of(MEMBER, "GET", "/api/auth/sessions")).await;
    let (data, metadata) = answer.expect_success(200, "Sessions retrieved successfully");
    assert_eq!(metadata, json!({ "count": 2 }));
    let expected = json!({
        "id": 8, "current": false, "created_at": "2026-01-01T00:00:00Z", "last_seen_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-31T00:00:00Z", "ip": "192.0.2.7", "user_agent": "curl/8",
    });
    assert_eq!((&data[0], &data[1]["current"]), (&expected, &json!(true)));
}

#[actix_web::test]
async fn sessions_end_one_by_one_or_together() {
    let api = Api::start().await;
    let alice = UserId::new(7);
    for (token, target, message, asked) in [
        (MEMBER, "/api/auth/sessions/8", "Session ended successfully", Some(SessionId(8))),
        (MEMBER, "/api/auth/sessions", "Sessions ended successfully", None),
        ("admin", "/api/users/7/sessions/8", "Session ended successfully", Some(SessionId(8))),
        ("admin", "/api/users/7/sessions", "Sessions ended successfully", None),
    ] {
        api.send(request_of(token, "DELETE", target)).await.expect_success(200, message);
        match (api.auth.last_call().1, asked) {
            (AskedAuth::RevokeSession(user, session), Some(expected)) => {
                assert_eq!((user, session), (alice, expected), "{target}");
            }
            (AskedAuth::RevokeSessions(user), None) => assert_eq!(user, alice, "{target}"),
            (other, _) => panic!("{target}: {other:?}"),
        }
    }
    for target in ["/api/auth/sessions/0", "/api/auth/sessions/x", "/api/auth/sessions/08"] {
        let answer = api.send(request_of(MEMBER, "DELETE", target)).await;
        answer.expect_error(404, "SESSION_NOT_FOUND", "Session not found");
    }
}

#[actix_web::test]
async fn a_changed_password_opens_a_new_session() {
    let api = Api::start().await;
    let body = json!({ "current_password": "old one", "new_password": "new one" });
    let request = request_of(MEMBER, "POST", "/api/auth/change-password").set_json(&body);
    let (data, _) = api.send(request).await.expect_success(200, "Password changed successfully");
    assert_eq!(data["token_type"], "Bearer");
    let own = anonymous("POST", "/api/auth/change-password").set_json(&body);
    let own = own.insert_header(("cookie", format!("{COOKIE}={MEMBER}")));
    let answer = api.send(own.insert_header(("sec-fetch-site", "same-origin"))).await;
    let (data, _) = answer.expect_success(200, "Password changed successfully");
    assert_eq!((data.get("token"), answer.cookie(COOKIE).is_some()), (None, true));
    assert_device_cookie(&answer, "denizen_device");
}

#[actix_web::test]
async fn every_refusal_of_a_sign_in_has_its_answer() {
    let rejected = (401, ErrorCode::InvalidCredentials, "Login failed: wrong login or password");
    let limited = (429, ErrorCode::RateLimited, "Too many requests");
    let invalid = (400, ErrorCode::ValidationError, "Validation failed: login cannot be empty");
    let validation =
        LoginError::Failure(Failure::Invalid(ValidationErrors::of("login", "login cannot be empty")));
    for (error, (status, code, message)) in [
        (LoginError::Rejected, rejected),
        (LoginError::Failure(Failure::RateLimited(chrono::Duration::seconds(60))), limited),
        (validation, invalid),
    ] {
        let change = |setup: &mut Setup| setup.auth.login = Err(error);
        let answer = Api::start_with(change).await.send(login(&json!({}))).await;
        answer.expect_error(status, code.as_str(), message);
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
        assert_eq!(answer.header("retry-after").is_some(), status == 429);
    }
}

#[actix_web::test]
async fn a_wrong_password_is_no_end_of_the_session() {
    let change = |setup: &mut Setup| {
        setup.auth.change_password = Err(ChangePasswordError::WrongPassword);
        setup.answers.change_email = Err(ChangeEmailError::WrongPassword);
        setup.answers.delete_account = Err(DeleteAccountError::WrongPassword);
        setup.auth.logout = Err(SessionError::NotFound);
    };
    let api = Api::start_with(change).await;
    for (target, message) in [
        ("/api/auth/change-password", "Failed to change password: the current password is wrong"),
        ("/api/auth/change-email", "Failed to change email: the password is wrong"),
        (
            "/api/auth/delete-account",
            "Failed to delete account: the password is wrong; an account without a password gets one by a password reset \
             first",
        ),
    ] {
        let answer = api.send(send_json("POST", target, &json!({}))).await;
        answer.expect_error(403, "WRONG_PASSWORD", message);
    }
    let answer = api.send(request_of(MEMBER, "POST", "/api/auth/logout")).await;
    answer.expect_error(404, "SESSION_NOT_FOUND", "Session not found");
}

#[actix_web::test]
async fn a_stranger_signs_up_and_learns_what_the_service_says() {
    let sign_up = || anonymous("POST", "/api/users").set_json(json!({ "username": "ada" }));
    let api = Api::start().await;
    let answer = api.send(sign_up()).await;
    answer.expect_success(201, "User created successfully");
    let Asked::SignUp(request) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(request.username, "ada");

    let api = Api::start_with(|setup| setup.answers.sign_up = Ok(SignedUp::Pending)).await;
    let answer = api.send(sign_up()).await;
    let parts = answer.expect_success(202, "Check your email to complete the registration.");
    assert_eq!((parts, answer.header("location")), ((Value::Null, Value::Null), None));

    let closed = |setup: &mut Setup| {
        setup.answers.sign_up =
            Err(SignUpError::Failure(Failure::Forbidden("registration is not open".into())))
    };
    let answer = Api::start_with(closed).await.send(sign_up()).await;
    answer.expect_error(403, "FORBIDDEN", "Forbidden: registration is not open");
}
