//! What tokens from mails are good for: over JSON, and on the pages behind the links.

use chrono::Duration;
use denizen_models::UserId;
use denizen_services::{AcceptInvitationError, ConfirmEmailChangeError, Failure, VerifyEmailError};
use serde_json::json;

use crate::support::{
    Api, Setup,
    auth::{AskedAuth, MEMBER},
    fakes::Asked,
    requests::{anonymous, request_of, send_json},
};

fn post(target: &str, body: &serde_json::Value) -> actix_web::test::TestRequest {
    anonymous("POST", target).set_json(body)
}

fn form(target: &str, fields: &'static str) -> actix_web::test::TestRequest {
    anonymous("POST", target)
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .set_payload(fields)
}

#[actix_web::test]
async fn every_request_arrives_as_it_was_sent() {
    let api = Api::start().await;
    let body = json!({
        "token": "t1", "username": "ada", "password": "p", "first_name": "A", "last_name": "L", "age": 36,
        "profile": { "location": "London" },
    });
    let answer = api.send(post("/api/users/verify-email", &body)).await;
    answer.expect_success(200, "Email address verified successfully");
    let Asked::Verify(asked) = api.users.last_asked() else { panic!("another call") };
    let password = asked.password.expect("a password");
    assert_eq!((asked.token.expose(), &*asked.username, password.expose()), ("t1", "ada", "p"));
    assert_eq!((&*asked.first_name, &*asked.last_name, asked.age), ("A", "L", Some(36)));
    assert_eq!(asked.profile.expect("a profile").location, "London");
    api.send(post("/api/users/verify-email", &json!({ "token": "t1" }))).await;
    let Asked::Verify(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.token.expose(), &*asked.username, asked.password.is_some()), ("t1", "", false));

    let answer =
        api.send(post("/api/users/accept-invitation", &json!({ "token": "t2", "password": "p" }))).await;
    answer.expect_success(200, "Password set successfully. You can now log in.");
    let Asked::Accept(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.token.expose(), asked.password.expose()), ("t2", "p"));

    let answer = api.send(post("/api/users/confirm-email-change", &json!({ "token": "t3" }))).await;
    answer.expect_success(200, "Email address changed successfully");
    let Asked::ConfirmChange(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(asked.token.expose(), "t3");

    let target = "/api/users/request-email-verification";
    let message = "If your email address waits for verification, you will receive a link shortly.";
    api.send(post(target, &json!({ "email": "a@b.co" }))).await.expect_success(202, message);
    let Asked::RequestVerification(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(asked.email, "a@b.co");
}

#[actix_web::test]
async fn own_sessions_password_and_address_are_those_of_the_session() {
    let api = Api::start().await;
    api.send(request_of(MEMBER, "GET", "/api/auth/sessions")).await;
    let (context, asked) = api.auth.last_call();
    assert!(matches!(asked, AskedAuth::ListSessions(user) if user == UserId::new(7)));
    assert!(context.is_self(UserId::new(7)));
    let AskedAuth::Authenticate(token) = api.auth.asked().remove(0) else { panic!("another call") };
    assert_eq!(token, MEMBER);

    let body = json!({ "email": "new@example.com", "password": "p" });
    let request = request_of(MEMBER, "POST", "/api/auth/change-email").set_json(body);
    api.send(request).await.expect_success(202, "Check the new email address to complete the change.");
    let Asked::ChangeEmail(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.email.as_str(), asked.password.expose()), ("new@example.com", "p"));

    let body = json!({ "current_password": "p", "new_password": "q" });
    let request = request_of(MEMBER, "POST", "/api/auth/change-password").set_json(body);
    api.send(request).await.expect_success(200, "Password changed successfully");
    let (_, AskedAuth::ChangePassword(asked)) = api.auth.last_call() else { panic!("another call") };
    assert_eq!((asked.current_password.expose(), asked.new_password.expose()), ("p", "q"));
}

#[actix_web::test]
async fn what_does_not_work_is_refused_with_its_code() {
    let change = |setup: &mut Setup| {
        setup.answers.verify = Err(VerifyEmailError::InvalidOrExpired);
        setup.answers.accept = Err(AcceptInvitationError::InvalidOrExpired);
        setup.answers.confirm_change = Err(ConfirmEmailChangeError::InvalidOrExpired);
        setup.answers.request_verification = Err(Failure::RateLimited(Duration::seconds(60)));
    };
    let api = Api::start_with(change).await;
    for (target, status, code, message) in [
        (
            "/api/users/verify-email",
            400,
            "EMAIL_VERIFICATION_FAILED",
            "Failed to verify email: invalid or expired verification token",
        ),
        (
            "/api/users/accept-invitation",
            400,
            "INVITATION_FAILED",
            "Failed to accept invitation: invalid or expired invitation",
        ),
        (
            "/api/users/confirm-email-change",
            400,
            "EMAIL_CHANGE_FAILED",
            "Failed to change email: invalid or expired token",
        ),
        ("/api/users/request-email-verification", 429, "RATE_LIMITED", "Too many requests"),
    ] {
        api.send(send_json("POST", target, &json!({}))).await.expect_error(status, code, message);
    }
}

/// Security checklist: 17, 24.
#[actix_web::test]
async fn looking_at_a_link_uses_nothing_up_and_pressing_the_button_does() {
    for (target, fields, done) in [
        ("/verify-email?token=t0ken", "", "email-confirmed"),
        ("/accept-invitation?token=t0ken", "password=correct+horse", "password-set"),
        ("/confirm-email-change?token=t0ken", "", "email-changed"),
    ] {
        let api = Api::start().await;
        for method in ["GET", "HEAD"].repeat(10) {
            let answer = api.send(anonymous(method, target)).await;
            let page = if method == "GET" { answer.expect_page(200) } else { String::new() };
            assert!(!page.contains("t0ken") && answer.header("set-cookie").is_none(), "{page}");
            assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        let asked = api.users.asked();
        assert!(asked.iter().all(|asked| matches!(asked, Asked::AddressToSignUp(_))), "{target}: {asked:?}");
        let answer = api.send(form(target, fields)).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(answer.header("location"), Some(&*format!("/sign-in?done={done}")), "{target}");
        assert!(answer.cookie("denizen_session").is_none(), "{target}");
        // The browser is known that has set a password.
        assert_eq!(answer.cookie("denizen_device").is_some(), fields.contains("password"), "{target}");
        assert_eq!(api.users.asked().len(), asked.len() + 1, "{target}");
    }
}

#[actix_web::test]
async fn a_link_without_a_token_or_with_a_dead_one_says_so() {
    let change = |setup: &mut Setup| {
        setup.answers.verify = Err(VerifyEmailError::InvalidOrExpired);
        setup.answers.accept = Err(AcceptInvitationError::InvalidOrExpired);
        setup.answers.confirm_change = Err(ConfirmEmailChangeError::InvalidOrExpired);
    };
    let api = Api::start_with(change).await;
    for path in ["/verify-email", "/accept-invitation", "/confirm-email-change"] {
        for page in [
            api.send(anonymous("GET", path)).await.expect_page(400),
            api.send(form(path, "")).await.expect_page(400),
            api.send(form(&format!("{path}?token=dead"), "password=correct+horse")).await.expect_page(400),
        ] {
            assert!(page.contains("This link does not work any more"), "{path}: {page}");
        }
    }
}
