//! What people and operators write stays what it is in a mail: it becomes no header, no second recipient and no link.

use denizen_server::config::{
    Config, ConfigFile, MAIL_FROM, MAIL_REPLY_TO, REGISTRATION, SERVICE_NAME, Settings,
};
use serde_json::json;

use super::*;
use crate::support::{
    account::{choices, sign_up},
    api::{user, with},
};

/// Of every mail, in order.
const FIELDS: [&str; 8] =
    ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

/// Names that look like parts of a header, and what of them people read.
const NAMES: [(&str, &str); 8] = [
    ("Bcc: eve@evil.example", ""),
    ("\"Ada\" <eve@evil.example>", ""),
    ("Ada, eve@evil.example,", ""),
    ("Ada%0d%0aBcc: eve@evil.example", ""),
    ("Ada\\r\\nBcc: eve@evil.example", ""),
    ("=?utf-8?q?Ada=0d=0aBcc=3a_eve?=", "=?utf-8?q?Ada=0d=0aBcc=3a_eve?="),
    ("Ada\" , \"Eve", "Ada\" , \"Eve"),
    ("Ada (Bcc) ; Eve", "Ada (Bcc) ; Eve"),
];

/// What no name may have in it.
const BREAKS: [&str; 6] = [
    "Ada\r\nBcc: eve@evil.example",
    "Ada\nBcc: eve@evil.example",
    "Ada\rBcc: eve@evil.example",
    "Ada\0",
    "Ada\u{85}Bcc",
    "\r\n\r\nbody",
];

/// Security checklist: 12.
#[tokio::test]
async fn what_looks_like_a_header_in_a_name_is_a_name_or_left_out() {
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &[]).await;
    let at = scene.server.address;
    for (number, (name, shown)) in NAMES.into_iter().enumerate() {
        let person = json!({ "first_name": name, "last_name": name, "password": PASSWORD });
        let login = format!("ada_{number}");
        let created = Request::post("/api/users").bearer(&scene.olga).json(&with(user(&login), person));
        created.send(at).await.succeeded(201);

        scene.ask(&login).await;

        let letter = scene.arrived(&login).await;
        assert_eq!(letter.field_names(), FIELDS, "{name:?}");
        assert_eq!(letter.mailboxes("To"), [(shown.to_owned(), format!("{login}@example.com"))], "{name:?}");
        assert!(!String::from_utf8_lossy(&letter.raw).contains("evil.example"), "{name:?}");
        let greeting = if shown.is_empty() { "Hello,\n".to_owned() } else { format!("Hello {shown},\n") };
        assert!(letter.text.starts_with(&greeting), "{name:?}: {}", letter.text);
    }
    assert_eq!(scene.smtp.waiting(), 0);
}

/// Security checklist: 12.
#[tokio::test]
async fn a_name_with_a_line_break_is_refused_wherever_one_can_be_given() {
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &[(&REGISTRATION, "open")]).await;
    let at = scene.server.address;
    let ada = with(user("ada"), json!({ "password": PASSWORD }));
    sign_up(at, "ada@example.com").await.succeeded(202);
    let mail = next_mail(&scene.smtp).await;
    let token = mail.letter.token().expect("a token").to_owned();
    for name in BREAKS {
        for member in ["first_name", "last_name", "username"] {
            let person = with(ada.clone(), json!({ member: name }));
            let create = Request::post("/api/users").bearer(&scene.olga).json(&person);
            create.send(at).await.refused(400, "VALIDATION_ERROR");
            let choices = with(choices(&token, "ada", PASSWORD), json!({ member: name }));
            let confirm = Request::post("/api/users/verify-email").anonymous().json(&choices);
            confirm.send(at).await.refused(400, "VALIDATION_ERROR");
            let change = json!({ member: name });
            let change = Request::new("PATCH", "/api/users/2").bearer(&scene.olga).json(&change);
            change.send(at).await.refused(400, "VALIDATION_ERROR");
        }
    }
    scene.let_turns_end().await;
    assert_eq!(scene.smtp.waiting(), 0);
}

/// Security checklist: 12.
#[tokio::test]
async fn what_is_not_one_plain_address_is_mailed_to_nobody() {
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &[]).await;
    let at = scene.server.address;
    for address in [
        "bobby@example.com\r\nBcc: eve@evil.example",
        "bobby@example.com\nRCPT TO:<eve@evil.example>",
        "bobby@example.com\r",
        "bobby@example.com\0",
        "bobby@example.com, eve@evil.example",
        "bobby@example.com eve@evil.example",
        "bobby@example.com>\r\nRCPT TO:<eve@evil.example",
        "bobby@example.com> SIZE=1",
        "<bobby@example.com>",
        "Bobby <bobby@example.com>",
        "\"bobby\\r\\n\"@example.com",
        "bobby@example.com%0d%0aBcc:eve@evil.example",
        "bobby@example.com\u{2028}Bcc: eve@evil.example",
        "bobby＠example.com",
        "bobby@evil.example@example.com",
        "bobby@[127.0.0.1]",
    ] {
        let answer = verbs::request_reset(at, address).await;
        // Blanks at the ends are nobody's intention.
        if address.trim() == "bobby@example.com" {
            answer.succeeded(200);
            scene.arrived("bobby").await;
        } else {
            answer.refused(400, "VALIDATION_ERROR");
        }
        let person = with(user("ada"), json!({ "email": address, "password": PASSWORD }));
        let create = Request::post("/api/users").bearer(&scene.olga).json(&person);
        let created = create.send(at).await;
        assert!(matches!(created.status, 400 | 409), "{address:?}: {}", created.text());
    }
    scene.let_turns_end().await;
    assert_eq!(scene.smtp.waiting(), 0);
}

/// Why a configuration with this setting is refused, if it is.
fn refusal(setting: &'static Setting, value: &str) -> Option<String> {
    let file = ConfigFile::Optional("none.toml".into());
    let settings = Settings::resolve([(setting, value.to_owned())], &file, [("", ""); 0]);
    Config::from_settings(&settings).err().map(|problems| problems.to_string())
}

#[test]
fn a_setting_with_a_line_break_is_refused() {
    for setting in [&SERVICE_NAME, &MAIL_FROM, &MAIL_REPLY_TO] {
        for inner in ["\r\n", "\n", "\r", "\r\n ", "\0", "\u{85}"] {
            let value = format!("Acme{inner}Bcc: eve@evil.example <accounts@example.com>");
            let reason = refusal(setting, &value).unwrap_or_else(|| panic!("accepted: {value:?}"));
            assert!(reason.contains(&format!("`{}` = ", setting.key)), "{reason}");
        }
        assert_eq!(refusal(setting, "Acme <accounts@example.com>"), None);
    }
}

#[tokio::test]
async fn what_looks_like_a_header_in_a_setting_stays_in_its_field() {
    let settings = [
        (&SERVICE_NAME, "Acme Bcc: eve@evil.example, <x@evil.example>"),
        (&MAIL_FROM, "Acme, Bcc: eve@evil.example <accounts@example.com>"),
        (&MAIL_REPLY_TO, "\"Help, eve@evil.example;\" <help@example.com>"),
    ];
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &settings).await;

    scene.ask("bobby").await;

    let mail = next_mail(&scene.smtp).await;
    assert_eq!((&*mail.from, &*mail.to), ("accounts@example.com", &["bobby@example.com".to_owned()][..]));
    let letter = mail.letter;
    let mut fields = FIELDS.to_vec();
    fields.insert(5, "Reply-To");
    let mut named = letter.field_names();
    named.sort();
    fields.sort_unstable();
    assert_eq!(named, fields);
    let mailbox = |name: &str, address: &str| vec![(name.to_owned(), address.to_owned())];
    assert_eq!(letter.mailboxes("From"), mailbox("Acme, Bcc: eve@evil.example", "accounts@example.com"));
    assert_eq!(letter.mailboxes("Reply-To"), mailbox("Help, eve@evil.example;", "help@example.com"));
    assert_eq!(letter.mailboxes("To"), mailbox("Some", "bobby@example.com"));
    assert_eq!(letter.subject, "Acme Bcc: eve@evil.example, <x@evil.example>: choose a new password");
    assert!(!letter.html.contains("<x@evil"), "{}", letter.html);
}
