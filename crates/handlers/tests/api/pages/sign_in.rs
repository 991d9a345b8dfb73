//! Signing in, out and up, as a person sees it.

use actix_web::test::TestRequest;
use denizen_models::{EmailAddress, ValidationErrors};
use denizen_services::{Failure, LoginError, SignUpError, SignUpForm, SignedUp};

use super::{POLICY, fields, heading, led_to, notice, page, submit};
use crate::support::{
    Api, Setup,
    answer::Answer,
    auth::{AskedAuth, DEVICE, MEMBER},
    fakes::Asked,
    requests::{anonymous, get},
};

const APP: &str = "https://app.example.com";
const FORM: &str = "login=alice&password=correct+horse";

/// An application may be returned to.
async fn with_app() -> Api {
    Api::start_with(|setup| setup.settings.return_origins = vec![APP.to_owned()]).await
}

fn sign_in(target: &str, fields: &str) -> TestRequest {
    anonymous("POST", target)
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .set_payload(fields.to_owned())
}

fn with_session(method: &str, target: &str) -> TestRequest {
    anonymous(method, target)
        .insert_header(("cookie", format!("denizen_session={MEMBER}")))
        .insert_header(("sec-fetch-site", "same-origin"))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
}

#[actix_web::test]
async fn a_person_signs_in_with_a_cookie_and_is_led_to_the_account() {
    let api = Api::start().await;
    let text = page(&api.send(anonymous("GET", "/sign-in")).await, 200);
    assert_eq!((heading(&text), notice(&text)), ("Sign in", None));
    assert_eq!(fields(&text), ["login", "password", "stay"]);

    let answer = api.send(sign_in("/sign-in", FORM).insert_header(("cookie", "denizen_device=beef"))).await;
    assert_eq!(led_to(&answer), "/account");
    let cookie = answer.cookie("denizen_session").expect("a session");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    assert!(answer.cookie("denizen_device").is_some_and(|cookie| cookie.contains(DEVICE)), "{answer:?}");
    let (_, AskedAuth::Login(asked)) = api.auth.last_call() else { panic!("another call") };
    assert_eq!((asked.login.expose(), asked.password.expose()), ("alice", "correct horse"));
    assert_eq!((asked.cookie, asked.remember), (Some(true), Some(false)));
    assert_eq!(asked.device.expect("a device").expose(), "beef");
}

#[actix_web::test]
async fn who_stays_signed_in_keeps_the_cookie_when_the_browser_is_closed() {
    let api = Api::start().await;
    let answer = api.send(sign_in("/sign-in", &format!("{FORM}&stay=on"))).await;
    let cookie = answer.cookie("denizen_session").expect("a session");
    assert!(cookie.contains("; Max-Age=2592000"), "{cookie}");
    let (_, AskedAuth::Login(asked)) = api.auth.last_call() else { panic!("another call") };
    assert_eq!(asked.remember, Some(true));
}

#[actix_web::test]
async fn a_wrong_password_can_be_typed_again_and_is_not_repeated() {
    let api = Api::start_with(|setup| setup.auth.login = Err(LoginError::Rejected)).await;
    let answer = api.send(sign_in("/sign-in?done=signed-out", "login=%3Cb%3E&password=horse")).await;
    let text = page(&answer, 403);
    assert_eq!(notice(&text), Some("The user name, the e-mail address or the password is wrong."));
    assert!(text.contains("value=\"&lt;b&gt;\"") && !text.contains("horse"), "{text}");
    assert_eq!(answer.cookie("denizen_session"), None);

    let errors = ValidationErrors::of("password", "password cannot be empty");
    let change = |setup: &mut Setup| setup.auth.login = Err(Failure::Invalid(errors).into());
    let answer = Api::start_with(change).await.send(sign_in("/sign-in", "login=a")).await;
    assert_eq!(notice(&page(&answer, 400)), Some("Password cannot be empty."));
}

#[actix_web::test]
async fn what_has_been_done_is_told_in_words_of_ours_alone() {
    let api = Api::start().await;
    for (done, expected) in [
        ("signed-out", Some("You are signed out.")),
        ("signed-up", Some("Your account is ready. You can now sign in.")),
        ("sign-up-mailed", Some("Check your e-mail: a link in it completes the registration.")),
        ("%3Cb%3E", None),
        ("", None),
        ("%zz", None),
    ] {
        let text = page(&api.send(anonymous("GET", &format!("/sign-in?done={done}"))).await, 200);
        assert_eq!(notice(&text), expected, "{done}");
        assert!(!text.contains("<b>") && !text.contains("&lt;b"), "{text}");
    }
}

/// Where the browser goes after this way to the sign-in page.
async fn way_back(api: &Api, query: &str) -> (Answer, String) {
    let shown = api.send(anonymous("GET", &format!("/sign-in{query}"))).await;
    let answer = api.send(sign_in(&format!("/sign-in{query}"), FORM)).await;
    let place = led_to(&answer).to_owned();
    (shown, place)
}

#[actix_web::test]
async fn the_browser_goes_back_to_listed_places_alone() {
    let api = with_app().await;
    for (asked, place, origin) in [
        ("https%3A%2F%2Fapp.example.com%2Fnotes%3Fpage%3D2", "https://app.example.com/notes?page=2", APP),
        ("/account/sessions", "/account/sessions", ""),
    ] {
        let (shown, back) = way_back(&api, &format!("?return_to={asked}")).await;
        assert_eq!(back, place);
        let policy = shown.header("content-security-policy").expect("a policy");
        let form = if origin.is_empty() { "'self'".to_owned() } else { format!("'self' {origin}") };
        assert_eq!(policy, POLICY.replace("form-action 'self'", &format!("form-action {form}")));
    }
    for asked in [
        "https%3A%2F%2Fevil.example%2F",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "https%3A%2F%2Fapp.example.com.evil.example%2F",
        "https%3A%2F%2Fapp.example.com%40evil.example%2F",
        "javascript%3Aalert(1)",
        "%2F%0d%0aSet-Cookie:%20a=b",
        "%2F%09%2Fevil.example",
        "%zz",
    ] {
        let (shown, back) = way_back(&api, &format!("?return_to={asked}")).await;
        assert_eq!(back, "/account", "{asked}");
        assert_eq!(
            (shown.cookie("denizen_return_to"), shown.header("content-security-policy")),
            (None, Some(POLICY))
        );
    }
}

#[actix_web::test]
async fn the_way_back_is_known_after_a_detour_over_a_mail() {
    let api = with_app().await;
    let shown = api.send(anonymous("GET", "/sign-in?return_to=https%3A%2F%2Fapp.example.com%2Fa%3Bb")).await;
    let cookie = shown.cookie("denizen_return_to").expect("a cookie");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=3600"), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair").to_owned();

    let later = sign_in("/sign-in?done=password-reset", FORM).insert_header(("cookie", pair));
    let answer = api.send(later).await;
    assert_eq!(led_to(&answer), "https://app.example.com/a;b");
    let gone = answer.cookie("denizen_return_to").expect("the cookie is taken away");
    assert!(gone.starts_with("denizen_return_to=;") && gone.contains("Expires=Thu, 01 Jan 1970"), "{gone}");

    let planted = ("cookie", "denizen_return_to=https%3A%2F%2Fevil.example");
    assert_eq!(led_to(&api.send(sign_in("/sign-in", FORM).insert_header(planted)).await), "/account");
}

#[actix_web::test]
async fn who_is_signed_in_is_told_so_and_may_go_on() {
    let api = with_app().await;
    let text = page(&api.send(with_session("GET", "/sign-in?return_to=/notes")).await, 200);
    assert!(text.contains("You are signed in as <strong>alice</strong>."), "{text}");
    assert!(text.contains("href=\"&#x2f;notes\">Continue</a>"), "{text}");
    assert!(!text.contains("name=\"password\""), "{text}");
    // A session that has ended is none.
    let ended = anonymous("GET", "/sign-in").insert_header(("cookie", "denizen_session=ended"));
    assert!(page(&api.send(ended).await, 200).contains("name=\"password\""));
}

#[actix_web::test]
async fn signing_out_takes_a_button_and_works_without_a_session() {
    let api = Api::start().await;
    let text = page(&api.send(with_session("GET", "/sign-out")).await, 200);
    assert_eq!(heading(&text), "Sign out");
    assert!(!api.auth.asked().iter().any(|asked| matches!(asked, AskedAuth::Logout)));

    let answer = api.send(with_session("POST", "/sign-out")).await;
    assert_eq!(led_to(&answer), "/sign-in?done=signed-out");
    assert!(
        answer.cookie("denizen_session").is_some_and(|cookie| cookie.contains("Expires=Thu, 01 Jan 1970"))
    );
    assert!(matches!(api.auth.last_call(), (_, AskedAuth::Logout)));

    for request in [anonymous("GET", "/sign-out"), sign_in("/sign-out", "")] {
        assert_eq!(led_to(&api.send(request).await), "/sign-in?done=signed-out");
    }
}

#[actix_web::test]
async fn strangers_sign_up_with_what_the_service_asks_for() {
    let change = |setup: &mut Setup| {
        setup.answers.sign_up_form = Some(SignUpForm::Address);
        setup.answers.sign_up = Ok(SignedUp::Pending);
    };
    let api = Api::start_with(change).await;
    let text = page(&api.send(anonymous("GET", "/sign-up")).await, 200);
    assert_eq!((heading(&text), fields(&text)), ("Sign up", vec!["email"]));
    let form = "email=ada%40example.com&username=ada&password=horse";
    assert_eq!(led_to(&api.send(sign_in("/sign-up", form)).await), "/sign-in?done=sign-up-mailed");
    let Asked::SignUp(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((&*asked.email, &*asked.username, asked.password.is_none()), ("ada@example.com", "", true));

    let api = Api::start().await;
    let text = page(&api.send(anonymous("GET", "/sign-up")).await, 200);
    assert_eq!(fields(&text), ["email", "username", "first_name", "last_name", "password"]);
    assert_eq!(led_to(&api.send(sign_in("/sign-up", form)).await), "/sign-in?done=signed-up");
    let Asked::SignUp(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((&*asked.username, asked.password.expect("a password").expose()), ("ada", "horse"));
}

#[actix_web::test]
async fn a_sign_up_that_is_refused_can_be_corrected() {
    for (error, status, sentence) in [
        (SignUpError::UsernameTaken("ada".to_owned()), 409, "The user name ada is already taken."),
        (
            SignUpError::EmailTaken("a@b.c".to_owned()),
            409,
            "There is already an account with the e-mail address a@b.c.",
        ),
        (
            SignUpError::Failure(Failure::Invalid(ValidationErrors::of("first_name", "first_name is empty"))),
            400,
            "First name is empty.",
        ),
    ] {
        let api = Api::start_with(|setup| setup.answers.sign_up = Err(error)).await;
        let text =
            page(&api.send(sign_in("/sign-up", "email=a%40b.c&username=ada&password=horse")).await, status);
        assert_eq!(notice(&text), Some(sentence));
        assert!(text.contains("value=\"ada\"") && !text.contains("horse"), "{text}");
    }
}

#[actix_web::test]
async fn where_registration_is_not_open_there_is_no_page_to_sign_up() {
    let api = Api::start_with(|setup| setup.answers.sign_up_form = None).await;
    for request in [anonymous("GET", "/sign-up"), sign_in("/sign-up", "email=a%40b.c")] {
        page(&api.send(request).await, 404);
    }
    for target in ["/", "/sign-in"] {
        assert!(!api.send(anonymous("GET", target)).await.text().contains("/sign-up"), "{target}");
    }
}

#[actix_web::test]
async fn pages_have_the_name_of_the_service_and_links_as_browsers_see_them() {
    let change = |setup: &mut Setup| {
        setup.settings.service_name = Some("Ex & Co".to_owned());
        setup.settings.public_url = Some("https://example.com/id/".to_owned());
    };
    let api = Api::start_with(change).await;
    for target in ["/", "/sign-in", "/sign-up", "/account", "/account/sessions", "/nope"] {
        let text = api.send(get(target)).await.text();
        assert!(text.contains(" · Ex &amp; Co</title>") && !text.contains("> denizen<"), "{target}: {text}");
        let mut links = text.split("href=\"").skip(1);
        assert!(links.all(|link| link.starts_with("/id/")), "{target}: {text}");
    }
    assert_eq!(led_to(&api.send(sign_in("/sign-in", FORM)).await), "/id/account");
    let led = api.send(anonymous("GET", "/account/email")).await;
    assert_eq!(led_to(&led), "/id/sign-in?return_to=%2Fid%2Faccount%2Femail");
}

/// Security checklist: 49.
#[actix_web::test]
async fn forms_to_sign_in_and_up_are_taken_from_no_other_site() {
    super::forms::assert_refused_from_other_sites(&[("/sign-in", FORM), ("/sign-up", "email=a%40b.c")]).await;
    let address = EmailAddress::parse("a@b.c");
    assert!(address.is_ok(), "the form would be accepted");
    let api = Api::start().await;
    assert_eq!(api.send(submit("/sign-up", "email=a%40b.c")).await.status, 303);
}
