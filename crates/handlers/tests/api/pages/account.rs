//! One's account, as a person sees it.

use actix_web::test::TestRequest;
use denizen_models::{Patch, UserId, ValidationErrors};
use denizen_services::{
    ChangeEmailError, ChangePasswordError, DeleteAccountError, Failure, SessionError, UpdateUserError,
    store::SessionId,
};

use super::{heading, led_to, notice, page};
use crate::support::{
    Api, Setup,
    auth::{AskedAuth, MEMBER},
    fakes::Asked,
    requests::anonymous,
};

const PAGES: [(&str, &str); 5] = [
    ("/account", "Your account"),
    ("/account/password", "Change your password"),
    ("/account/email", "Change your e-mail address"),
    ("/account/sessions", "Your sessions"),
    ("/account/delete", "Delete your account"),
];

fn open(target: &str) -> TestRequest {
    anonymous("GET", target).insert_header(("cookie", format!("denizen_session={MEMBER}")))
}

fn send(target: &str, fields: &str) -> TestRequest {
    anonymous("POST", target)
        .insert_header(("cookie", format!("denizen_session={MEMBER}")))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .set_payload(fields.to_owned())
}

#[actix_web::test]
async fn every_page_of_the_account_leads_to_the_others() {
    let api = Api::start().await;
    for (target, title) in PAGES {
        let text = page(&api.send(open(target)).await, 200);
        assert_eq!(heading(&text), title);
        for link in ["/account", "/account/password", "/account/email", "/account/sessions"] {
            assert!(text.contains(&format!("href=\"{link}\"")), "{target} has no link to {link}: {text}");
        }
        assert!(text.contains("action=\"/sign-out\""), "{text}");
        let here = format!("href=\"{target}\" aria-current=\"page\"");
        assert_eq!(text.contains(&here), target != "/account/delete", "{text}");
    }
}

#[actix_web::test]
async fn without_a_session_each_page_leads_to_the_sign_in_page_and_back() {
    let api = Api::start().await;
    for (target, _) in PAGES {
        let place = format!("/sign-in?return_to={}", target.replace('/', "%2F"));
        assert_eq!(led_to(&api.send(anonymous("GET", target)).await), place);
        let ended = anonymous("GET", target).insert_header(("cookie", "denizen_session=ended"));
        assert_eq!(led_to(&api.send(ended).await), place);
        let form = anonymous("POST", target).insert_header(("sec-fetch-site", "same-origin"));
        assert_eq!(led_to(&api.send(form).await), place);
    }
    assert!(api.users.is_untouched());
}

/// Security checklist: 49.
#[actix_web::test]
async fn a_form_with_a_session_comes_from_a_page_of_ours() {
    let api =
        Api::start_with(|setup| setup.settings.cors_origins = vec!["https://app.example.com".to_owned()]);
    let api = api.await;
    let form = |target: &str| {
        anonymous("POST", target)
            .insert_header(("host", "id.example.com"))
            .insert_header(("cookie", format!("denizen_session={MEMBER}")))
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
    };
    for target in ["/account", "/account/password", "/account/email", "/account/sessions", "/account/delete"]
    {
        for header in [
            ("x-nothing", "a program would have a bearer token"),
            ("origin", "null"),
            ("origin", "https://evil.example"),
            // It may call the API, and has no forms of ours.
            ("origin", "https://app.example.com"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
        ] {
            api.send(form(target).insert_header(header)).await.expect_page(403);
        }
    }
    assert!(api.users.is_untouched());
    let own = form("/sign-out").insert_header(("origin", "https://id.example.com"));
    assert_eq!(api.send(own).await.status, 303);
}

#[actix_web::test]
async fn names_are_shown_and_changed() {
    let api = Api::start().await;
    let text = page(&api.send(open("/account")).await, 200);
    assert!(text.contains("value=\"alice\"") && text.contains("alice@example.com"), "{text}");

    let answer = api.send(send("/account", "username=al&first_name=A%26l&last_name=Ice")).await;
    assert_eq!(led_to(&answer), "/account?done=saved");
    let Asked::Patch(id, asked, _) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((id, &asked.username), (UserId::new(7), &Patch::Set("al".to_owned())));
    assert_eq!((asked.first_name, asked.roles), (Patch::Set("A&l".to_owned()), Patch::Keep));
    let text = page(&api.send(open("/account?done=saved")).await, 200);
    assert_eq!(notice(&text), Some("Your profile is saved."));

    let change = |setup: &mut Setup| {
        setup.answers.update = Err(UpdateUserError::UsernameTaken("bob".to_owned()));
    };
    let text = page(&Api::start_with(change).await.send(send("/account", "username=bob")).await, 409);
    assert_eq!(notice(&text), Some("The user name bob is already taken."));
    assert!(text.contains("value=\"bob\""), "{text}");
}

#[actix_web::test]
async fn a_new_password_takes_the_current_one_and_a_new_session() {
    let api = Api::start().await;
    let form = "current_password=old+one&new_password=new+one";
    let answer = api.send(send("/account/password", form)).await;
    assert_eq!(led_to(&answer), "/account?done=password-changed");
    assert!(answer.cookie("denizen_session").is_some() && answer.cookie("denizen_device").is_some());
    let (_, AskedAuth::ChangePassword(asked)) = api.auth.last_call() else { panic!("another call") };
    assert_eq!((asked.current_password.expose(), asked.new_password.expose()), ("old one", "new one"));

    let change = |setup: &mut Setup| setup.auth.change_password = Err(ChangePasswordError::WrongPassword);
    let answer = Api::start_with(change).await.send(send("/account/password", form)).await;
    let text = page(&answer, 403);
    assert_eq!(notice(&text), Some("The current password is wrong."));
    assert!(!text.contains("old one") && answer.cookie("denizen_session").is_none(), "{text}");
}

/// W3C, A Well-Known URL for Changing Passwords.
#[actix_web::test]
async fn password_managers_find_the_page_to_change_the_password() {
    let api = Api::start().await;
    assert_eq!(
        led_to(&api.send(anonymous("GET", "/.well-known/change-password")).await),
        "/account/password"
    );
}

#[actix_web::test]
async fn a_new_address_takes_the_password_and_a_link() {
    let api = Api::start().await;
    let answer = api.send(send("/account/email", "email=new%40example.com&password=p")).await;
    assert_eq!(led_to(&answer), "/account?done=email-mailed");
    let Asked::ChangeEmail(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((&*asked.email, asked.password.expose()), ("new@example.com", "p"));

    let errors = ValidationErrors::of("email", "invalid email format");
    for (error, status, sentence) in [
        (ChangeEmailError::WrongPassword, 403, "The password is wrong."),
        (ChangeEmailError::Failure(Failure::Invalid(errors)), 400, "Invalid email format."),
    ] {
        let api = Api::start_with(|setup| setup.answers.change_email = Err(error)).await;
        let text = page(&api.send(send("/account/email", "email=new&password=horse")).await, status);
        assert_eq!(notice(&text), Some(sentence));
        assert!(text.contains("value=\"new\"") && !text.contains("horse"), "{text}");
    }
}

#[actix_web::test]
async fn sessions_are_listed_and_ended() {
    let api = Api::start().await;
    let text = page(&api.send(open("/account/sessions")).await, 200);
    assert_eq!(text.matches("<strong").count(), 2, "{text}");
    assert_eq!(text.matches("<em>this session</em>").count(), 1, "{text}");
    // The other one has a button of its own.
    assert_eq!(text.matches("name=\"session\"").count(), 1, "{text}");
    assert!(text.contains("name=\"session\" value=\"8\"") && text.contains("192.0.2.7"), "{text}");

    let answer = api.send(send("/account/sessions", "session=8")).await;
    assert_eq!(led_to(&answer), "/account/sessions?done=session-ended");
    let (_, asked) = api.auth.last_call();
    assert!(matches!(asked, AskedAuth::RevokeSession(user, SessionId(8)) if user == UserId::new(7)));
    assert_eq!(answer.cookie("denizen_session"), None);

    let answer = api.send(send("/account/sessions", "")).await;
    assert_eq!(led_to(&answer), "/sign-in?done=signed-out-everywhere");
    assert!(answer.cookie("denizen_session").is_some_and(|cookie| cookie.starts_with("denizen_session=;")));
    let asked = api.auth.asked();
    assert!(asked.iter().any(|asked| matches!(asked, AskedAuth::RevokeSessions(_))), "{asked:?}");
    assert!(matches!(asked.last(), Some(AskedAuth::Logout)), "{asked:?}");
}

#[actix_web::test]
async fn a_session_that_has_ended_meanwhile_is_what_the_user_wanted() {
    let api = Api::start_with(|setup| setup.auth.revoke = Err(SessionError::NotFound)).await;
    for form in ["session=8", "session=x"] {
        let answer = api.send(send("/account/sessions", form)).await;
        assert_eq!(led_to(&answer), "/account/sessions?done=session-ended", "{form}");
    }
}

/// Security checklist: 77.
#[actix_web::test]
async fn an_account_is_deleted_with_its_password() {
    let api = Api::start().await;
    let answer = api.send(send("/account/delete", "password=p")).await;
    assert_eq!(led_to(&answer), "/sign-in?done=account-deleted");
    assert!(answer.cookie("denizen_session").is_some_and(|cookie| cookie.starts_with("denizen_session=;")));
    let Asked::DeleteAccount(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(asked.password.expose(), "p");

    for (error, sentence) in [
        (DeleteAccountError::WrongPassword, "The password is wrong."),
        (
            DeleteAccountError::LastAdministrator,
            "You are the only administrator: make another user one first.",
        ),
    ] {
        let api = Api::start_with(|setup| setup.answers.delete_account = Err(error)).await;
        let answer = api.send(send("/account/delete", "password=p")).await;
        assert_eq!(notice(&page(&answer, 403)), Some(sentence));
        assert_eq!(answer.cookie("denizen_session"), None);
    }
}
