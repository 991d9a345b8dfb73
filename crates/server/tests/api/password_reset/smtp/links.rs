//! The link of a mail as it arrived, followed to its end.

use denizen_server::config::{MAIL_FROM, MAIL_REPLY_TO, SERVICE_NAME};
use serde_json::json;

use super::*;
use crate::support::{
    api::{user, with},
    mailing::path_of,
    page::Page,
};

/// Longer than a line of a mail, and of letters that no mail may carry as they are.
const SERVICE: &str = "Käse & Köpfe 🧀 – Konten für Genießer & Freunde guten Geschmacks";
const FIRST_NAME: &str = "Jürgen-Łukasz 👩‍👩‍👧 <3 & Söhne";

/// Opens the link of Bobby's mail twice, fills in the form, and signs in.
async fn follow(scene: &Scene, link: &str) {
    let (at, path) = (scene.server.address, path_of(link));
    let page = Page::open(at, path).await;
    let same = Page::open(at, path).await;
    assert_eq!(page.text, same.text, "to look uses nothing up");
    scene.server.session_of("bobby").await;

    let done = page.submit(at, "a battery of Jürgen & Söhne", 200).await;

    assert!(done.text.contains("Your password has been changed"), "{}", done.text);
    api::session(at, "bobby", "a battery of Jürgen & Söhne").await;
    api::login(at, "bobby", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    Page::read(path, &Request::get(path).send(at).await, 400);
}

/// Security checklist: 13, 17.
#[tokio::test]
async fn the_link_in_the_text_of_a_mail_leads_to_a_new_password() {
    let scene = Scene::start().await;
    scene.ask("bobby").await;
    let letter = scene.arrived("bobby").await;
    follow(&scene, letter.text_link().expect("a link")).await;
}

/// Security checklist: 13, 17.
#[tokio::test]
async fn the_link_in_the_html_of_a_mail_leads_to_a_new_password() {
    let scene = Scene::start().await;
    scene.ask("bobby").await;
    let letter = scene.arrived("bobby").await;
    follow(&scene, &letter.html_link().expect("a link")).await;
}

#[tokio::test]
async fn umlauts_and_emoji_arrive_in_the_subject_in_the_names_and_in_both_parts() {
    let (sender, answers) =
        (format!("{SERVICE} <accounts@example.com>"), "Hilfe für Genießer 🧀 <help@example.com>");
    let settings = [(&SERVICE_NAME, SERVICE), (&MAIL_FROM, &*sender), (&MAIL_REPLY_TO, answers)];
    let scene = Scene::start_with(SmtpSecurity::Implicit, Encryption::Implicit, &settings).await;
    let at = scene.server.address;
    let person = json!({ "first_name": FIRST_NAME, "email_verified": true, "password": PASSWORD });
    let created = Request::post("/api/users").bearer(&scene.olga).json(&with(user("dora"), person));
    created.send(at).await.succeeded(201);

    scene.ask("dora").await;

    let letter = scene.arrived("dora").await;
    let mailbox = |name: &str, address: &str| vec![(name.to_owned(), address.to_owned())];
    assert_eq!(letter.subject, format!("{SERVICE}: choose a new password"));
    assert_eq!(letter.mailboxes("From"), mailbox(SERVICE, "accounts@example.com"));
    assert_eq!(letter.mailboxes("Reply-To"), mailbox("Hilfe für Genießer 🧀", "help@example.com"));
    assert_eq!(letter.mailboxes("To"), mailbox(FIRST_NAME, "dora@example.com"));
    assert!(letter.text.starts_with(&format!("Hello {FIRST_NAME},\n")), "{}", letter.text);
    assert!(letter.text.contains(SERVICE), "{}", letter.text);
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    assert!(letter.html.contains(&format!("<p>Hello {},</p>", escaped(FIRST_NAME))), "{}", letter.html);
    assert!(letter.html.contains(&escaped(SERVICE)), "{}", letter.html);
    assert!(letter.raw.is_ascii(), "it travels as what every mail server can carry");
    let lines = letter.raw.split(|byte| *byte == b'\n');
    assert!(lines.map(<[u8]>::len).all(|length| length <= 998));
    // Encoded or not, both links are whole.
    let token = letter.token().expect("a token");
    let link = format!("https://id.example.com/reset-password?token={token}");
    assert_eq!((letter.text_link(), letter.html_link()), (Some(&*link), Some(link.clone())));
    Page::open(at, path_of(&link)).await.submit(at, NEW, 200).await;
    api::session(at, "dora", NEW).await;
}

/// Most services have a dot in their names.
#[tokio::test]
async fn a_service_may_be_called_like_its_site() {
    let settings = [(&SERVICE_NAME, "Example.com: accounts")];
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &settings).await;
    scene.ask("bobby").await;
    let letter = scene.arrived("bobby").await;
    assert_eq!(letter.subject, "Example.com: accounts: choose a new password");
    assert!(letter.text.contains("your account at\nExample.com: accounts. To choose"), "{}", letter.text);
    assert!(letter.html.contains(">Example.com: accounts</a>"), "{}", letter.html);
}
