//! Every outcome of the links in mails but those for passwords, as a person sees it.

use chrono::Duration;
use denizen_models::{EmailAddress, ValidationErrors};
use denizen_services::{
    AcceptInvitationError, ConfirmEmailChangeError, Failure, HashError, VerifyEmailError, store::StoreFailure,
};

use super::{fields, heading, led_to, notice, page, submit};
use crate::support::{
    Api,
    answer::Answer,
    fakes::{Answers, Asked},
    log::{causes, lines_with},
    requests::get,
};

/// Looks like a token, and like nothing else on any page.
const TOKEN: &str = "decaf000decaf000decaf000decaf000decaf000decaf000decaf000decaf000";

const VERIFY: &str = "/verify-email";
const ACCEPT: &str = "/accept-invitation";
const CONFIRM: &str = "/confirm-email-change";

const DEAD: &str =
    "This link does not work any more: it has been used, replaced by a newer one, or is too old.";

/// Lets a service answer in another way.
type Change = fn(&mut Answers);

async fn press(path: &str, fields: &str, change: impl FnOnce(&mut Answers)) -> Answer {
    let api = Api::start_with(|setup| change(&mut setup.answers)).await;
    api.send(submit(&format!("{path}?token={TOKEN}"), fields)).await
}

#[actix_web::test]
async fn a_link_leads_to_a_page_with_one_form_that_is_sent_back_to_it() {
    let api = Api::start_with(|setup| setup.answers.policy.min_chars = 15).await;
    for (path, title, names) in [
        (VERIFY, "Confirm your e-mail address", &[][..]),
        (ACCEPT, "Welcome", &["password"]),
        (CONFIRM, "Confirm your new e-mail address", &[]),
    ] {
        let text = page(&api.send(get(&format!("{path}?token={TOKEN}"))).await, 200);
        assert_eq!((heading(&text), notice(&text), fields(&text)), (title, None, names.to_vec()));
        assert!(text.contains("<form method=\"post\">"), "{text}");
        assert_eq!(text.contains("At least 15 characters."), path == ACCEPT, "{text}");
    }
    let asked = api.users.asked();
    assert!(
        matches!(&asked[..], [Asked::AddressToSignUp(asked)] if asked.token.expose() == TOKEN),
        "{asked:?}"
    );
}

/// Lets the token be that of a sign-up.
fn sign_up(answers: &mut Answers) {
    answers.address_to_sign_up = Ok(Some(EmailAddress::parse("a&b@example.com").expect("an address")));
}

const MEMBERS: [&str; 4] = ["username", "first_name", "last_name", "password"];

/// Security checklist: 24, 65.
#[actix_web::test]
async fn the_link_of_a_sign_up_asks_for_name_and_password_and_shows_the_address() {
    let api = Api::start_with(|setup| {
        setup.answers.policy.min_chars = 15;
        sign_up(&mut setup.answers);
    });
    let api = api.await;
    let target = format!("{VERIFY}?token={TOKEN}");
    let text = page(&api.send(get(&target)).await, 200);
    assert_eq!((heading(&text), notice(&text)), ("Confirm your e-mail address", None));
    assert_eq!(fields(&text), MEMBERS);
    assert!(text.contains("<form method=\"post\">") && text.contains("At least 15 characters."), "{text}");
    assert!(text.contains("a&amp;b@example.com") && !text.contains(TOKEN), "{text}");

    let form = "username=ada&first_name=A%26d&last_name=L&password=Gr%C3%BC%C3%9Fe+%26+%2B";
    assert_eq!(led_to(&api.send(submit(&target, form)).await), "/sign-in?done=signed-up");
    let Asked::Verify(asked) = api.users.last_asked() else { panic!("another call") };
    let password = asked.password.expect("a password");
    assert_eq!((asked.token.expose(), &*asked.username, password.expose()), (TOKEN, "ada", "Grüße & +"));
    assert_eq!((&*asked.first_name, &*asked.last_name, asked.age), ("A&d", "L", None));
}

#[actix_web::test]
async fn a_button_does_what_it_says_with_the_token_of_the_link() {
    let api = Api::start().await;
    let target = |path: &str| format!("{path}?token={TOKEN}");

    assert_eq!(led_to(&api.send(submit(&target(VERIFY), "")).await), "/sign-in?done=email-confirmed");
    let Asked::Verify(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.token.expose(), &*asked.username, asked.password.is_none()), (TOKEN, "", true));

    let answer = api.send(submit(&target(ACCEPT), "password=Gr%C3%BC%C3%9Fe+%26+%2B")).await;
    assert_eq!(led_to(&answer), "/sign-in?done=password-set");
    let Asked::Accept(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.token.expose(), asked.password.expose()), (TOKEN, "Grüße & +"));

    assert_eq!(led_to(&api.send(submit(&target(CONFIRM), "")).await), "/sign-in?done=email-changed");
    let Asked::ConfirmChange(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(asked.token.expose(), TOKEN);
}

#[actix_web::test]
async fn what_breaks_a_rule_can_be_typed_again() {
    let errors = |name: &'static str| ValidationErrors::of(name, format!("{name} is <b>too</b> short"));
    let refused = Err(AcceptInvitationError::Failure(Failure::Invalid(errors("password"))));
    let text = page(&press(ACCEPT, "password=horse", |answers| answers.accept = refused).await, 400);
    assert_eq!(notice(&text), Some("Password is &lt;b&gt;too&lt;&#x2f;b&gt; short."));
    assert_eq!(fields(&text), ["password"]);
    assert!(!text.contains("horse"), "the password stands on the page: {text}");

    let refused = Err(VerifyEmailError::Failure(Failure::Invalid(errors("username"))));
    let change = |answers: &mut Answers| {
        answers.verify = refused;
        sign_up(answers);
    };
    let typed = "username=%22%3E%3Ci%3E&first_name=%3Cb%3E&last_name=L&password=horse";
    let text = page(&press(VERIFY, typed, change).await, 400);
    assert_eq!(notice(&text), Some("Username is &lt;b&gt;too&lt;&#x2f;b&gt; short."));
    assert_eq!(fields(&text), MEMBERS);
    assert!(!text.contains("horse"), "the password stands on the page: {text}");
    for value in ["&quot;&gt;&lt;i&gt;", "&lt;b&gt;", "L"] {
        assert!(text.contains(&format!("value=\"{value}\"")), "{text}");
    }
}

#[actix_web::test]
async fn a_name_that_is_taken_can_be_replaced_by_another() {
    let change = |answers: &mut Answers| {
        answers.verify = Err(VerifyEmailError::UsernameTaken("a\"d<a".to_owned()));
        sign_up(answers);
    };
    let text = page(&press(VERIFY, "first_name=Ada", change).await, 409);
    let sentence = "The user name a&quot;d&lt;a is already taken. Please choose another one.";
    assert_eq!((notice(&text), fields(&text)), (Some(sentence), MEMBERS.to_vec()));
    assert!(text.contains("value=\"Ada\""), "{text}");
}

/// Security checklist: 65.
#[actix_web::test]
async fn the_last_name_that_is_taken_is_an_end_and_the_page_says_what_to_do() {
    let change = |answers: &mut Answers| {
        answers.verify = Err(VerifyEmailError::LastUsernameTaken("ada".to_owned()));
        sign_up(answers);
    };
    let text = page(&press(VERIFY, "", change).await, 409);
    let sentence = "The user name ada is already taken, and this link is used up. Please sign up again to get a new link.";
    assert_eq!(notice(&text), Some(sentence));
    assert!(!text.contains("<form"), "{text}");
}

#[actix_web::test]
async fn an_address_that_was_taken_meanwhile_is_an_end() {
    let taken = Err(ConfirmEmailChangeError::EmailTaken("ada@example.com".to_owned()));
    let text = page(&press(CONFIRM, "", |answers| answers.confirm_change = taken).await, 409);
    assert_eq!(notice(&text), Some("Another account has this e-mail address by now."));
    assert!(fields(&text).is_empty() && !text.contains("<form") && !text.contains("ada@"), "{text}");
}

#[actix_web::test]
async fn a_dead_link_says_so_and_offers_nothing() {
    let changes: [(&str, Change); 4] = [
        (VERIFY, |answers| answers.verify = Err(VerifyEmailError::InvalidOrExpired)),
        (ACCEPT, |answers| answers.accept = Err(AcceptInvitationError::InvalidOrExpired)),
        (CONFIRM, |answers| answers.confirm_change = Err(ConfirmEmailChangeError::InvalidOrExpired)),
        (CONFIRM, |answers| {
            let errors = ValidationErrors::of("token", "token cannot be empty");
            answers.confirm_change = Err(ConfirmEmailChangeError::Failure(Failure::Invalid(errors)));
        }),
    ];
    for (path, change) in changes {
        let text = page(&press(path, "", change).await, 400);
        assert_eq!(notice(&text), Some(DEAD), "{path}");
        assert!(!text.contains("<form"), "{text}");
    }
}

#[actix_web::test]
async fn what_goes_wrong_on_our_side_is_a_page_without_its_cause() {
    let changes: [(&str, u16, Change); 5] = [
        (VERIFY, 503, |answers| answers.verify = Err(VerifyEmailError::from(busy()))),
        (VERIFY, 429, |answers| {
            answers.verify = Err(VerifyEmailError::Failure(Failure::RateLimited(Duration::minutes(5))))
        }),
        (ACCEPT, 503, |answers| answers.accept = Err(AcceptInvitationError::from(HashError::Busy))),
        (ACCEPT, 500, |answers| answers.accept = Err(AcceptInvitationError::from(corrupt()))),
        (CONFIRM, 500, |answers| answers.confirm_change = Err(ConfirmEmailChangeError::from(corrupt()))),
    ];
    for (path, status, change) in changes {
        let answer = press(path, "", change).await;
        let text = page(&answer, status);
        assert!(!text.contains("queue") && !text.contains("roles"), "{text}");
        assert_eq!(answer.header("retry-after").is_some(), status != 500, "{answer:?}");
        assert_eq!(causes(answer.request_id()).len(), usize::from(status != 429));
        assert!(!format!("{answer:?}").contains(TOKEN), "{answer:?}");
    }
    let lines = lines_with(TOKEN);
    assert!(lines.iter().all(|line| !line.target.starts_with("denizen")), "{lines:?}");
}

fn busy() -> StoreFailure {
    StoreFailure::Busy("queue of 1024".into())
}

fn corrupt() -> StoreFailure {
    StoreFailure::Corrupt("users.roles of 7".into())
}

#[actix_web::test]
async fn a_panic_is_a_page_and_the_next_request_works() {
    let api = Api::start().await;
    for path in [VERIFY, ACCEPT, CONFIRM] {
        let press = || submit(&format!("{path}?token={TOKEN}"), "password=correct+horse");
        api.users.panic_next();
        assert_eq!(heading(&page(&api.send(press()).await, 500)), "Internal Server Error");
        led_to(&api.send(press()).await);
    }
}
