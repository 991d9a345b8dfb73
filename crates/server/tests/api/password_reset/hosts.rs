//! Where the links in mails lead.

use denizen_mail::Encryption;
use denizen_testkit::{SmtpSecurity, SmtpServer};
use serde_json::json;

use crate::support::{TestServer, http::Request, mailing::next_mail};

/// Security checklist: 9.
#[tokio::test]
async fn links_begin_with_the_configured_url_whatever_a_request_says_of_itself() {
    let smtp = SmtpServer::start(SmtpSecurity::Implicit);
    let server = TestServer::start_mailing(&smtp, Encryption::Implicit, &[]).await;
    for (number, (name, value)) in [
        ("Host", "evil.example.org"),
        ("X-Forwarded-Host", "evil.example.org"),
        ("X-Forwarded-Proto", "evil.example.org"),
        ("X-Original-URL", "https://evil.example.org/"),
        ("Forwarded", "for=192.0.2.1;host=evil.example.org;proto=http"),
        ("Origin", "https://evil.example.org"),
        ("Referer", "https://evil.example.org/"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user_{number}");
        server.enrol(&user).await;
        let email = format!("{user}@example.com");
        let request = Request::post("/api/users/request-password-reset").json(&json!({ "email": email }));

        request.header(name, value).send(server.address).await.succeeded(200);

        let mail = next_mail(&smtp).await;
        assert_eq!(mail.to, [email]);
        let token = mail.letter.token().expect("a token");
        let link = format!("https://id.example.com/reset-password?token={token}");
        let text = &mail.letter.text;
        assert!(text.contains(&link), "{name}: {text}");
        let all = format!("{}{text}{}", String::from_utf8_lossy(&mail.letter.raw), mail.letter.html);
        assert!(!all.contains("evil"), "{name}: {all}");
    }
}
