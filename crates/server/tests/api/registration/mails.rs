//! The links of invitations and confirmations, as they arrive by way of a mail server, followed to their ends.

use denizen_mail::Encryption;
use denizen_server::config::REGISTRATION;
use denizen_testkit::{Letter, ReceivedMail, SmtpSecurity, SmtpServer};
use serde_json::json;

use super::applicant;
use crate::support::{
    TestServer,
    account::{request_verification, sign_up},
    api::{self, user, with},
    http::{Request, act_as},
    mailing::{next_mail, path_of},
    page::Page,
    production::PASSWORD,
};

async fn start(registration: &str) -> (TestServer, SmtpServer) {
    let smtp = SmtpServer::start(SmtpSecurity::Implicit);
    let settings = [(&REGISTRATION, registration)];
    let server = TestServer::start_mailing(&smtp, Encryption::Implicit, &settings).await;
    super::administered(&server).await;
    (server, smtp)
}

/// The next mail, which is to this person alone.
async fn arrived(smtp: &SmtpServer, name: &str) -> Letter {
    let ReceivedMail { to, letter, .. } = next_mail(smtp).await;
    assert_eq!(to, [format!("{name}@example.com")]);
    letter
}

/// Where the links of a mail lead: the one in the text, and the one in the HTML part.
fn links(letter: &Letter) -> [String; 2] {
    [letter.text_link().expect("a link").to_owned(), letter.html_link().expect("a link")]
}

/// Security checklist: 17.
#[tokio::test]
async fn the_links_of_an_invitation_lead_to_a_password() {
    let (server, smtp) = start("invite").await;
    let at = server.address;
    for (name, part) in [("alice", 0), ("bobby", 1)] {
        let person = with(user(name), json!({ "first_name": "Zoë 🦀" }));
        api::create(at, &person).await.succeeded(201);
        let letter = arrived(&smtp, name).await;
        assert!(letter.text.starts_with("Hello Zoë 🦀,\n"), "{}", letter.text);
        let link = &links(&letter)[part];
        let path = path_of(link);
        let page = Page::open(at, path).await;
        assert_eq!(Page::open(at, path).await.text, page.text, "to look uses nothing up");
        api::login(at, name, PASSWORD).await.refused(401, "INVALID_CREDENTIALS");

        let done = page.submit(at, PASSWORD, 200).await;

        assert!(done.text.contains("Your password is set"), "{}", done.text);
        server.session_of(name).await;
        Page::read(path, &Request::get(path).send(at).await, 200).submit(at, PASSWORD, 400).await;
    }
    assert_eq!(smtp.waiting(), 0);
}

/// Security checklist: 17.
#[tokio::test]
async fn the_links_that_confirm_an_address_do_so_when_the_button_is_pressed() {
    let (server, smtp) = start("open").await;
    let at = server.address;
    for (name, part) in [("alice", 0), ("bobby", 1)] {
        let email = format!("{name}@example.com");
        sign_up(at, &email).await.succeeded(202);
        let letter = arrived(&smtp, name).await;
        assert!(letter.text.starts_with("Hello,\n"), "{}", letter.text);
        assert!(
            letter.text.contains("asks you for a user name, your name and a\npassword"),
            "{}",
            letter.text
        );
        let path = path_of(&links(&letter)[part]).to_owned();
        let page = Page::open(at, &path).await;
        assert_eq!(Page::open(at, &path).await.text, page.text, "to look uses nothing up");
        assert!(page.text.contains(&email), "{}", page.text);
        let fill = |name: &str, password: &str| {
            [("username", name), ("first_name", "Zoë 🦀"), ("last_name", "B & C"), ("password", password)]
                .map(|(field, value)| (field.to_owned(), value.to_owned()))
        };
        let again = page.fill(at, &fill("olga", PASSWORD), 409).await;
        assert!(again.text.contains("The user name olga is already taken."), "{}", again.text);
        assert!(again.text.contains("Zoë 🦀") && !again.text.contains(PASSWORD), "{}", again.text);
        let again = again.fill(at, &fill(name, "short"), 400).await;
        let done = again.fill(at, &fill(name, PASSWORD), 200).await;
        assert!(done.text.contains("Your account is ready."), "{}", done.text);
        server.session_of(name).await;
        let used = Page::read(&path, &Request::get(&path).send(at).await, 200).press(at, 400).await;
        assert!(used.text.contains("This link does not work any more"), "{}", used.text);
    }
    // Of somebody who has an account already.
    let carol = with(applicant("carol"), json!({ "first_name": "Zoë 🦀" }));
    let id = api::create(at, &carol).await.succeeded(201)["data"]["id"].as_u64().expect("an id");
    request_verification(at, "carol@example.com").await.succeeded(202);
    let letter = arrived(&smtp, "carol").await;
    assert!(letter.text.starts_with("Hello Zoë 🦀,\n"), "{}", letter.text);
    let page = Page::open(at, path_of(&links(&letter)[1])).await;
    assert_eq!(api::get(at, id).await.succeeded(200)["data"]["email_verified"], false);
    page.press(at, 200).await;
    assert_eq!(api::get(at, id).await.succeeded(200)["data"]["email_verified"], true);
    act_as(at, None);
    assert_eq!(smtp.waiting(), 0);
}
