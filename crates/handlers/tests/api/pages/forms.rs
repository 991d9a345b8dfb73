//! Which forms are taken, and from whom.

use super::{heading, led_to, page, submit};
use crate::support::{
    Api,
    answer::Answer,
    fakes::Asked,
    requests::{get, request},
};

const PAGE: &str = "/verify-email?token=abc";
const NAME: &str = "username=alice";

/// Every form with what stands in it.
const FORMS: [(&str, &str); 3] = [
    ("/verify-email?token=abc", NAME),
    ("/accept-invitation?token=abc", "password=correct+horse"),
    ("/confirm-email-change?token=abc", ""),
];

/// The text of the page, once it is known to be an error about the request.
#[track_caller]
fn refusal(answer: &Answer, status: u16, title: &str) -> String {
    let text = page(answer, status);
    assert_eq!(heading(&text), title);
    let (_, rest) = text.split_once("</h1>\n<p>").expect("a sentence below the heading");
    rest.split_once("</p>").expect("the end of the sentence").0.to_owned()
}

#[actix_web::test]
async fn a_form_on_a_page_of_another_site_is_refused() {
    assert_refused_from_other_sites(&FORMS).await;
}

/// These forms, with what stands in them, are taken from no other site.
pub async fn assert_refused_from_other_sites(forms: &[(&str, &str)]) {
    let api = Api::start().await;
    let here = ("host", "localhost:8080");
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "nonsense"),
        ("sec-fetch-site", ""),
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:8081"),
        ("origin", "http://localhost:8080.evil.example"),
        ("origin", "http://evil.example/localhost:8080"),
        ("origin", "null"),
        ("origin", ""),
    ] {
        for (target, fields) in forms {
            let form = request("POST", target)
                .insert_header(("content-type", "application/x-www-form-urlencoded"))
                .insert_header(here)
                .insert_header(header)
                .set_payload((*fields).to_owned());
            let answer = api.send(form).await;
            let sentence = refusal(&answer, 403, "Forbidden");
            assert_eq!(sentence, "Forbidden: the form was sent from another site", "{header:?}");
        }
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn what_a_browser_says_of_the_site_outweighs_what_the_origin_says() {
    let api = Api::start().await;
    let form = |site: &'static str, origin: &'static str| {
        request("POST", PAGE)
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .insert_header(("host", "localhost"))
            .insert_header(("sec-fetch-site", site))
            .insert_header(("origin", origin))
            .set_payload(NAME)
    };
    // As pages send it that say no referrer.
    led_to(&api.send(form("same-origin", "null")).await);
    refusal(&api.send(form("cross-site", "http://localhost")).await, 403, "Forbidden");
}

#[actix_web::test]
async fn a_form_of_an_old_browser_or_of_a_program_is_taken() {
    let api = Api::start().await;
    let form = || {
        request("POST", PAGE)
            .insert_header(("content-type", "application/x-www-form-urlencoded; charset=UTF-8"))
            .insert_header(("host", "accounts.example.com"))
            .set_payload(NAME)
    };
    led_to(&api.send(form()).await);
    led_to(&api.send(form().insert_header(("origin", "https://accounts.example.com"))).await);
}

#[actix_web::test]
async fn only_urlencoded_forms_are_read() {
    let api = Api::start().await;
    for media_type in [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json",
        "application/x-www-form-urlencodedx",
    ] {
        let form = submit(PAGE, NAME).insert_header(("content-type", media_type));
        let sentence = refusal(&api.send(form).await, 415, "Unsupported Media Type");
        assert_eq!(sentence, "The form is not urlencoded", "{media_type}");
    }
    let none = request("POST", PAGE).set_payload(NAME);
    refusal(&api.send(none).await, 415, "Unsupported Media Type");
    let packed = submit(PAGE, NAME).insert_header(("content-encoding", "gzip"));
    let sentence = refusal(&api.send(packed).await, 415, "Unsupported Media Type");
    assert_eq!(sentence, "The form is not urlencoded");
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_form_that_makes_no_sense_is_refused() {
    let api = Api::start().await;
    let long = format!("username={}", "a".repeat(1024 * 1024));
    for (fields, status, title, sentence) in [
        ("username=%zz", 400, "Bad Request", "Invalid query parameter: username"),
        ("username=%ff", 400, "Bad Request", "Invalid query parameter: username"),
        ("username=a&username=b", 400, "Bad Request", "Invalid query parameter: username"),
        ("<b>=1&<b>=2", 400, "Bad Request", "Invalid query parameter: &lt;b&gt;"),
        (&long, 413, "Payload Too Large", "Request body is too large"),
    ] {
        let answer = api.send(submit(PAGE, fields)).await;
        assert_eq!(refusal(&answer, status, title), sentence);
    }
    let bytes = submit(PAGE, "").set_payload(&b"username=\xff"[..]);
    assert_eq!(refusal(&api.send(bytes).await, 400, "Bad Request"), "Invalid query parameter: form");
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn an_empty_form_leaves_the_judgement_to_the_service() {
    let api = Api::start().await;
    led_to(&api.send(submit("/verify-email?token=abc", "")).await);
    assert!(
        matches!(api.users.last_asked(), Asked::Verify(asked) if asked.username.is_empty() && asked.password.is_none())
    );
    led_to(&api.send(submit("/accept-invitation?token=abc", "")).await);
    assert!(matches!(api.users.last_asked(), Asked::Accept(asked) if asked.password.is_blank()));
}

#[actix_web::test]
async fn a_page_ignores_parameters_that_it_does_not_know() {
    for path in ["/verify-email", "/accept-invitation", "/confirm-email-change"] {
        assert_ignores_unknown_parameters(path).await;
    }
}

/// The page takes the token among whatever a mail program adds, and the first of two.
pub async fn assert_ignores_unknown_parameters(path: &str) {
    let api = Api::start().await;
    for query in ["x=1&token=abc", "token=abc&token=b", "utm_source=mail&token=abc&%zz=%zz", "&&token=abc&x"]
    {
        page(&api.send(get(&format!("{path}?{query}"))).await, 200);
    }
    for query in ["x=1", "token=%zz", "token=", "%3Cscript%3E=1", "TOKEN=abc"] {
        let answer = api.send(get(&format!("{path}?{query}"))).await;
        // Like a link without a token.
        assert_eq!(answer.status, api.send(get(path)).await.status, "{path}?{query}");
        assert!(!answer.text().contains("script"), "{answer:?}");
    }
}
