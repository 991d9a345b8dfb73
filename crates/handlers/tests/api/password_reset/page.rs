//! Every outcome of the service, as a person sees it.

use denizen_models::{ResetTokenStatus, Secret, ValidationErrors};
use denizen_services::{
    Failure, HashError, RequestPasswordResetError, ResetPasswordError, store::StoreFailure,
};
use log::Level;

use super::fakes::ResetAsked;
use crate::{
    auth::assert_device_cookie,
    embedding::send_one,
    pages::{
        fields,
        forms::{assert_ignores_unknown_parameters, assert_refused_from_other_sites},
        heading, led_to, notice, page, submit,
    },
    support::{
        Api, Setup,
        answer::Answer,
        auth::DEVICE,
        fakes::{Answers, Asked},
        log::causes,
        requests::{anonymous, get, request},
    },
};

/// Looks like a token, and like nothing else on any page.
const TOKEN: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

const DEAD: &str =
    "This link does not work any more: it has been used, replaced by a newer one, or is too old.";

fn link() -> String {
    format!("/reset-password?token={TOKEN}")
}

async fn follow_link(change: impl FnOnce(&mut Answers)) -> Answer {
    Api::start_with(|setup| change(&mut setup.answers)).await.send(get(&link())).await
}

async fn choose(change: impl FnOnce(&mut Answers)) -> Answer {
    let api = Api::start_with(|setup| change(&mut setup.answers)).await;
    api.send(submit(&link(), "new_password=correct+horse")).await
}

async fn ask(change: impl FnOnce(&mut Answers)) -> Answer {
    let api = Api::start_with(|setup| change(&mut setup.answers)).await;
    api.send(submit("/reset-password", "email=alice%40example.com")).await
}

#[track_caller]
fn assert_asks_for_an_address(page: &str) {
    assert_eq!(fields(page), ["email"], "{page}");
    // Not back to the address of this page: there may be a dead token in it.
    assert!(page.contains("<form method=\"post\" action=\"/reset-password\">"), "{page}");
}

#[track_caller]
fn assert_asks_for_a_password(page: &str) {
    assert_eq!(fields(page), ["new_password"], "{page}");
    // Back to the address of this page, which is where the token is.
    assert!(page.contains("<form method=\"post\">"), "{page}");
    assert!(page.contains("type=\"password\" autocomplete=\"new-password\""), "{page}");
}

#[actix_web::test]
async fn without_a_link_the_page_asks_for_an_address() {
    let api = Api::start().await;
    for target in ["/reset-password", "/reset-password?", "/reset-password?token=", "/reset-password?token=+"]
    {
        let text = page(&api.send(get(target)).await, 200);
        assert_eq!((heading(&text), notice(&text)), ("Choose a new password", None));
        assert_asks_for_an_address(&text);
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn below_a_prefix_the_form_is_sent_below_it() {
    let answer = send_one("/accounts", anonymous("GET", "/accounts/reset-password")).await;
    let text = answer.expect_page(200);
    assert!(text.contains("action=\"/accounts/reset-password\""), "{text}");
}

#[actix_web::test]
async fn a_living_link_leads_to_a_form_for_the_password() {
    let api = Api::start_with(|setup| setup.answers.policy.min_chars = 15).await;
    let text = page(&api.send(get(&link())).await, 200);
    assert_eq!((heading(&text), notice(&text)), ("Choose a new password", None));
    assert_asks_for_a_password(&text);
    assert!(text.contains("At least 15 characters."), "{text}");
    let Asked::PasswordReset(ResetAsked::Validate(asked)) = api.users.last_asked() else {
        panic!("the token was not looked at")
    };
    assert_eq!(asked.token.expose(), TOKEN);
}

#[actix_web::test]
async fn a_dead_link_says_so_and_offers_a_new_one() {
    let dead = Ok(ResetTokenStatus { valid: false, expires_at: None });
    let text = page(&follow_link(|answers| answers.password_reset.validate = dead).await, 400);
    assert_eq!(notice(&text), Some(DEAD));
    assert_asks_for_an_address(&text);
}

/// Security checklist: 17.
#[actix_web::test]
async fn following_a_link_consumes_nothing() {
    let api = Api::start().await;
    for method in ["GET", "HEAD"].repeat(10) {
        let scanner = request(method, &link()).insert_header(("user-agent", "LinkScanner/1.0"));
        assert_eq!(api.send(scanner).await.status, 200);
        assert!(matches!(api.users.last_asked(), Asked::PasswordReset(ResetAsked::Validate(_))), "{method}");
    }
}

#[actix_web::test]
async fn a_new_password_is_set_with_the_token_of_the_link() {
    let api = Api::start().await;
    let answer = api.send(submit(&link(), "new_password=Gr%C3%BC%C3%9Fe+%26+%2B")).await;
    assert_eq!(led_to(&answer), "/sign-in?done=password-reset");
    let text = page(&api.send(anonymous("GET", led_to(&answer))).await, 200);
    let done = "Your password has been changed, and you are signed out everywhere. \
                You can now sign in with the new one.";
    assert_eq!(notice(&text), Some(done));
    let Asked::PasswordReset(ResetAsked::Reset(asked)) = api.users.last_asked() else {
        panic!("nothing was reset")
    };
    assert_eq!((asked.token.expose(), asked.new_password.expose()), (TOKEN, "Grüße & +"));
}

/// Security checklist: 20, 66.
#[actix_web::test]
async fn the_browser_that_sets_the_password_is_known_and_not_signed_in() {
    for (secure, name) in [(false, "denizen_device"), (true, "__Host-denizen_device")] {
        let api = Api::start_with(|setup| {
            setup.settings.secure_cookies = secure;
            setup.answers.password_reset.reset = Ok(Some(Secret::from(DEVICE)));
        })
        .await;
        let answer = api.send(submit(&link(), "new_password=newsecurepassword")).await;
        assert!(!led_to(&answer).contains(DEVICE), "it would be in the history of the browser");
        assert_device_cookie(&answer, name);
        assert_eq!((answer.cookie("denizen_session"), answer.cookie("__Host-denizen_session")), (None, None));
    }
}

#[actix_web::test]
async fn a_password_that_breaks_the_policy_can_be_chosen_again() {
    let errors =
        ValidationErrors::of("new_password", "new password must be at least 8 characters".to_owned());
    let refused = Err(ResetPasswordError::Failure(Failure::Invalid(errors)));
    let text = page(&choose(|answers| answers.password_reset.reset = refused).await, 400);
    assert_eq!(notice(&text), Some("New password must be at least 8 characters."));
    assert_asks_for_a_password(&text);
    assert!(!text.contains("correct"), "the password stands on the page: {text}");
}

#[actix_web::test]
async fn a_token_that_died_meanwhile_is_told_like_a_dead_link() {
    for error in [
        ResetPasswordError::InvalidToken,
        ResetPasswordError::ExpiredToken,
        ResetPasswordError::InvalidOrExpired,
    ] {
        let text = page(&choose(|answers| answers.password_reset.reset = Err(error)).await, 400);
        assert_eq!(notice(&text), Some(DEAD));
        assert_asks_for_an_address(&text);
    }
}

#[actix_web::test]
async fn an_address_is_passed_on_as_it_was_typed() {
    let api = Api::start().await;
    let answer = api.send(submit("/reset-password", "email=+Alice%40example.com")).await;
    assert_eq!(led_to(&answer), "/sign-in?done=reset-mailed");
    let text = page(&api.send(anonymous("GET", led_to(&answer))).await, 200);
    let sent = "If your e-mail address is in our database, you will receive a link shortly. \
                Only the newest link works.";
    assert_eq!(notice(&text), Some(sent));
    assert!(!text.to_lowercase().contains("alice"), "{text}");
    let Asked::PasswordReset(ResetAsked::Request(asked)) = api.users.last_asked() else {
        panic!("no mail was asked for")
    };
    assert_eq!(asked.email, " Alice@example.com");
}

#[actix_web::test]
async fn an_address_that_is_none_can_be_typed_again() {
    let errors = ValidationErrors::of("email", "invalid email format".to_owned());
    let refused = Err(RequestPasswordResetError::Failure(Failure::Invalid(errors)));
    let text = page(&ask(|answers| answers.password_reset.request = refused).await, 400);
    assert_eq!(notice(&text), Some("Invalid email format."));
    assert_asks_for_an_address(&text);
}

#[actix_web::test]
async fn an_unknown_address_is_told_where_the_service_tells_it() {
    let address = denizen_models::EmailAddress::parse("nobody@example.com").unwrap();
    let unknown = Err(RequestPasswordResetError::UnknownAddress(address));
    let text = page(&ask(|answers| answers.password_reset.request = unknown).await, 404);
    assert_eq!(notice(&text), Some("Nobody here has this e-mail address."));
    assert_asks_for_an_address(&text);
}

/// The page for "come back later", with the cause in the log alone.
#[track_caller]
fn assert_is_unavailable(answer: &Answer, cause: &str) {
    let text = page(answer, 503);
    assert_eq!(heading(&text), "Service Unavailable");
    assert!(text.contains("<p>Service temporarily unavailable"), "{text}");
    assert!(!text.contains(cause), "{text}");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let id = answer.request_id();
    assert_eq!(causes(id), [(Level::Warn, format!("{id} SERVICE_UNAVAILABLE: {cause}"))]);
}

#[actix_web::test]
async fn too_much_to_do_is_a_page_too() {
    let cause = "the hashing queue is full";
    let busy = Err(ResetPasswordError::from(HashError::Busy));
    assert_is_unavailable(&choose(|answers| answers.password_reset.reset = busy).await, cause);

    let full =
        Err(RequestPasswordResetError::Failure(Failure::Overloaded("too many requests are waiting".into())));
    assert_is_unavailable(
        &ask(|answers| answers.password_reset.request = full).await,
        "too many requests are waiting",
    );

    let error = StoreFailure::Busy("queue of 1024".into());
    let cause = error.to_string();
    let busy = Err(Failure::from(error));
    assert_is_unavailable(&follow_link(|answers| answers.password_reset.validate = busy).await, &cause);
}

#[actix_web::test]
async fn a_failure_of_ours_is_a_page_that_says_nothing_of_its_cause() {
    let error = || StoreFailure::Corrupt("users.roles of 7".into());
    let id_and_text = |answer: Answer| {
        let text = page(&answer, 500);
        assert_eq!(heading(&text), "Internal Server Error");
        assert!(text.contains("<p>Internal server error</p>") && !text.contains("roles"), "{text}");
        assert_eq!(causes(answer.request_id()).len(), 1);
    };
    id_and_text(
        choose(|answers| answers.password_reset.reset = Err(ResetPasswordError::from(error()))).await,
    );
    id_and_text(
        ask(|answers| answers.password_reset.request = Err(RequestPasswordResetError::from(error()))).await,
    );
    id_and_text(follow_link(|answers| answers.password_reset.validate = Err(Failure::from(error()))).await);
}

#[actix_web::test]
async fn a_panic_is_a_page_and_the_next_request_works() {
    let api = Api::start().await;
    api.users.panic_next();
    let text = page(&api.send(get(&link())).await, 500);
    assert_eq!(heading(&text), "Internal Server Error");
    page(&api.send(get(&link())).await, 200);
}

/// Security checklist: 8, 24.
#[actix_web::test]
async fn the_token_stands_on_no_page_and_in_no_log() {
    let dead = || ResetTokenStatus { valid: false, expires_at: None };
    let changes: [fn(&mut Setup); 4] = [
        |_| {},
        |setup| setup.answers.password_reset.reset = Err(ResetPasswordError::InvalidToken),
        |setup| setup.answers.password_reset.reset = Err(ResetPasswordError::from(HashError::Busy)),
        |setup| setup.settings.local_only = true,
    ];
    for change in changes {
        let api = Api::start_with(change).await;
        for request in [
            get(&link()),
            submit(&link(), "new_password=x"),
            submit(&link(), "%zz"),
            get(&format!("{}&x=1", link())),
        ] {
            let answer = api.send(request).await;
            assert!(!answer.text().contains(TOKEN), "{answer:?}");
            for (name, value) in &answer.headers {
                assert!(!value.to_str().unwrap().contains(TOKEN), "{name}: {value:?}");
            }
        }
    }
    let text = page(&follow_link(|answers| answers.password_reset.validate = Ok(dead())).await, 400);
    assert!(!text.contains(TOKEN), "{text}");
    // Of our own lines: the traces of the HTTP library show bytes of connections, if somebody asks for them.
    let lines = crate::support::log::lines_with(TOKEN);
    assert!(lines.iter().all(|line| !line.target.starts_with("denizen")), "{lines:?}");
}

/// Security checklist: 12.
#[actix_web::test]
async fn what_people_typed_is_never_markup() {
    let hostile = "\"'></p><script>alert(1)</script>&{{7*7}}";
    let errors = || ValidationErrors::of("email", hostile.to_owned());
    let of_reset = Err(ResetPasswordError::Failure(Failure::Invalid(errors())));
    let of_request = Err(RequestPasswordResetError::Failure(Failure::Invalid(errors())));
    for answer in [
        choose(|answers| answers.password_reset.reset = of_reset).await,
        ask(|answers| answers.password_reset.request = of_request).await,
    ] {
        let text = page(&answer, 400);
        assert!(text.contains("&lt;script&gt;alert(1)&lt;") && text.contains("&amp;{{7*7}}"), "{text}");
        assert!(!text.contains("<script") && !text.contains("'>"), "{text}");
    }
}

#[actix_web::test]
async fn an_empty_form_leaves_the_judgement_to_the_service() {
    let api = Api::start().await;
    led_to(&api.send(submit("/reset-password", "")).await);
    assert!(
        matches!(api.users.last_asked(), Asked::PasswordReset(ResetAsked::Request(asked)) if asked.email.is_empty())
    );
    led_to(&api.send(submit("/reset-password?token=abc", "")).await);
    assert!(
        matches!(api.users.last_asked(), Asked::PasswordReset(ResetAsked::Reset(asked)) if asked.new_password.is_blank())
    );
}

#[actix_web::test]
async fn both_forms_are_taken_from_no_other_site() {
    let link = link();
    let forms =
        [("/reset-password", "email=alice%40example.com"), (link.as_str(), "new_password=correct+horse")];
    assert_refused_from_other_sites(&forms).await;
}

#[actix_web::test]
async fn parameters_that_the_page_does_not_know_are_ignored() {
    assert_ignores_unknown_parameters("/reset-password").await;
}
