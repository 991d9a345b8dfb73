//! Every outcome of the links in mails but those for passwords, as a person sees it.

use chrono::Duration;
use denizen_models::ValidationErrors;
use denizen_services::{
    AcceptInvitationError, ConfirmEmailChangeError, Failure, HashError, VerifyEmailError, store::StoreFailure,
};

use super::{fields, heading, notice, page, submit};
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
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_button_does_what_it_says_with_the_token_of_the_link() {
    let api = Api::start().await;
    let target = |path: &str| format!("{path}?token={TOKEN}");

    let text = page(&api.send(submit(&target(VERIFY), "")).await, 200);
    assert_eq!(notice(&text), Some("Thank you: your e-mail address is confirmed. You can now log in."));
    let Asked::Verify(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.token.expose(), asked.username), (TOKEN, None));

    let text = page(&api.send(submit(&target(ACCEPT), "password=Gr%C3%BC%C3%9Fe+%26+%2B")).await, 200);
    assert_eq!(notice(&text), Some("Your password is set. You can now log in with it."));
    let Asked::Accept(asked) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((asked.token.expose(), asked.password.expose()), (TOKEN, "Grüße & +"));

    let text = page(&api.send(submit(&target(CONFIRM), "")).await, 200);
    let done = "Your account has its new e-mail address. The old one has been told.";
    assert_eq!(notice(&text), Some(done));
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
    let text = page(&press(VERIFY, "username=%22%3E%3Ci%3E", |answers| answers.verify = refused).await, 400);
    assert_eq!(notice(&text), Some("Username is &lt;b&gt;too&lt;&#x2f;b&gt; short."));
    assert_eq!(fields(&text), ["username"]);
    assert!(text.contains("value=\"&quot;&gt;&lt;i&gt;\""), "{text}");
}

#[actix_web::test]
async fn a_name_that_was_taken_meanwhile_can_be_replaced_by_another() {
    let taken = Err(VerifyEmailError::UsernameTaken("ada".to_owned()));
    let text = page(&press(VERIFY, "", |answers| answers.verify = taken).await, 409);
    let sentence = "Somebody else is called ada by now. Please choose another user name.";
    assert_eq!((notice(&text), fields(&text)), (Some(sentence), vec!["username"]));
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
        page(&api.send(press()).await, 200);
    }
}
