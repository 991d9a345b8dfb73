//! What is the same for everybody: the start page, the style sheet, the icon.

use actix_web::{dev::Decompress, error::PayloadError, http::header::ContentEncoding, web::Bytes};
use futures_util::{StreamExt as _, stream};

use super::{assert_is_secured, heading, page};
use crate::support::{
    Api,
    answer::Answer,
    requests::{get, request},
};

/// Every static path with the type of what is there.
const STATICS: [(&str, &str); 3] = [
    ("/", "text/html; charset=utf-8"),
    ("/assets/style.css", "text/css; charset=utf-8"),
    ("/assets/icon.svg", "image/svg+xml"),
];

#[track_caller]
fn assert_is_kept_and_revalidated(answer: &Answer) {
    assert_is_secured(answer);
    assert_eq!(answer.header("cache-control"), Some("no-cache"), "{answer:?}");
    assert_eq!(answer.vary(), ["Accept-Encoding"], "{answer:?}");
}

/// The tag of an answer, once it is known to be a weak one.
#[track_caller]
fn tag(answer: &Answer) -> String {
    let tag = answer.header("etag").expect("a tag");
    let opaque = tag.strip_prefix("W/\"").and_then(|tag| tag.strip_suffix('"')).expect("a weak tag");
    assert!(opaque.len() == 32 && opaque.bytes().all(|byte| byte.is_ascii_hexdigit()), "{tag}");
    tag.to_owned()
}

async fn unpacked(body: &[u8], encoding: ContentEncoding) -> Vec<u8> {
    let body = Bytes::copy_from_slice(body);
    let mut chunks = Decompress::new(stream::iter([Ok::<_, PayloadError>(body)]), encoding);
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        whole.extend_from_slice(&chunk.expect("well-formed data"));
    }
    whole
}

#[actix_web::test]
async fn everything_embedded_is_served_with_its_type() {
    let api = Api::start().await;
    for (target, media_type) in STATICS {
        let (whole, head) = (api.send(get(target)).await, api.send(request("HEAD", target)).await);
        for answer in [&whole, &head] {
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)), "{target}");
            assert_is_kept_and_revalidated(answer);
            assert_eq!(answer.header("content-encoding"), None, "{target}");
        }
        assert!(whole.body.len() > 100, "{target}");
        assert_eq!(tag(&whole), tag(&head), "{target}");
        assert_eq!(tag(&whole), tag(&api.send(get(target)).await), "{target}");
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn the_start_page_leads_to_everything_that_is_there_for_people() {
    let api = Api::start().await;
    let text = api.send(get("/")).await.text();
    assert_eq!(heading(&text), "User accounts for your service");
    let links = text.split(" href=\"").skip(1).chain(text.split(" src=\"").skip(1));
    let links: Vec<_> = links.filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.contains(&"/health") && links.contains(&"/assets/style.css"), "{links:?}");
    for link in links {
        assert_eq!(api.send(get(link)).await.status, 200, "{link}");
    }
}

#[actix_web::test]
async fn who_has_it_already_is_not_sent_it_again() {
    let api = Api::start().await;
    for (target, _) in STATICS {
        let weak = tag(&api.send(get(target)).await);
        let strong = weak.trim_start_matches("W/").to_owned();
        for known in [
            weak.clone(),
            strong.clone(),
            "*".to_owned(),
            format!("\"other\", {weak}"),
            format!("W/\"other\",{strong} , \"more\""),
        ] {
            for method in ["GET", "HEAD"] {
                let again = request(method, target)
                    .insert_header(("if-none-match", known.clone()))
                    .insert_header(("accept-encoding", "br, gzip"));
                let answer = api.send(again).await;
                assert_eq!(answer.status, 304, "{method} {target} {known}");
                assert!(answer.body.is_empty(), "{answer:?}");
                assert_eq!((tag(&answer), answer.header("content-encoding")), (weak.clone(), None));
                assert_is_kept_and_revalidated(&answer);
            }
        }
    }
}

#[actix_web::test]
async fn who_has_something_else_is_sent_the_whole() {
    let api = Api::start().await;
    for (target, _) in STATICS {
        let whole = api.send(get(target)).await;
        let cut = tag(&whole).replace("W/\"", "W/\"0");
        for other in ["\"other\"", "W/\"\"", &cut, "nonsense", "", "\"*\""] {
            let answer = api.send(get(target).insert_header(("if-none-match", other))).await;
            assert_eq!((answer.status, &answer.body), (200, &whole.body), "{target} {other:?}");
        }
        // Dates are not looked at: there are none.
        let dated = get(target).insert_header(("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"));
        assert_eq!(api.send(dated).await.status, 200);
    }
}

#[actix_web::test]
async fn what_is_the_same_for_everybody_is_packed_for_those_who_can_unpack() {
    let api = Api::start().await;
    for (target, media_type) in STATICS {
        let plain = api.send(get(target)).await;
        for (accepted, name, encoding) in [
            ("br", "br", ContentEncoding::Brotli),
            ("gzip", "gzip", ContentEncoding::Gzip),
            ("gzip, deflate, br", "br", ContentEncoding::Brotli),
            ("br;q=0, gzip", "gzip", ContentEncoding::Gzip),
            ("zstd, gzip;q=0.1", "gzip", ContentEncoding::Gzip),
        ] {
            let answer = api.send(get(target).insert_header(("accept-encoding", accepted))).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(media_type)), "{target}");
            assert_eq!(answer.header("content-encoding"), Some(name), "{target} for {accepted}");
            assert_is_kept_and_revalidated(&answer);
            assert_eq!(tag(&answer), tag(&plain));
            assert_eq!(unpacked(&answer.body, encoding).await, plain.body, "{target} for {accepted}");
        }
    }
}

#[actix_web::test]
async fn who_accepts_no_packing_of_ours_gets_it_plain() {
    let api = Api::start().await;
    for (target, _) in STATICS {
        let plain = api.send(get(target)).await;
        for accepted in
            ["identity", "", "zstd", "gzip;q=0, br;q=0, deflate;q=0", "*;q=0", "identity;q=0", "nonsense;q=x"]
        {
            let answer = api.send(get(target).insert_header(("accept-encoding", accepted))).await;
            assert_eq!((answer.status, &answer.body), (200, &plain.body), "{target} for {accepted:?}");
            assert_eq!(answer.header("content-encoding"), None, "{target} for {accepted:?}");
            assert_is_kept_and_revalidated(&answer);
        }
    }
}

#[actix_web::test]
async fn what_may_hold_secrets_is_never_packed() {
    let api = Api::start().await;
    for target in ["/verify-email", "/verify-email?token=abc", "/health", "/api/users", "/nope"] {
        let plain = api.send(get(target)).await;
        let answer = api.send(get(target).insert_header(("accept-encoding", "br, gzip, deflate"))).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (plain.status, None), "{target}");
        assert_eq!(answer.body.len(), plain.body.len(), "{target}");
    }
}

#[actix_web::test]
async fn nothing_else_is_there_whatever_a_path_is_made_to_look_like() {
    let api = Api::start().await;
    for target in [
        "/assets",
        "/assets/",
        "/assets/style.css/",
        "/assets/nope.css",
        "/assets/../Cargo.toml",
        "/assets/../assets/style.css",
        "/assets/./style.css",
        "/assets//style.css",
        "/assets/..%2fCargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets/%2e%2e%2f%2e%2e%2fetc/passwd",
        "/assets/..\\Cargo.toml",
        "/assets%2fstyle.css",
        "/assets/style.css%00.svg",
        "/ASSETS/style.css",
        "/../../etc/passwd",
        "/.env",
        "/.git/config",
        "/sub/.env",
        "/Cargo.toml",
        "/style.css",
        "/icon.svg",
        "/layout.html",
        "/verify_email.html",
        "/pages/layout.html",
        "/pages/index.html",
        "/index.html",
    ] {
        let answer = api.send(get(target)).await;
        assert_eq!(heading(&page(&answer, 404)), "Not found", "{target}");
        assert_eq!(answer.header("location"), None, "{target}");
    }
}
