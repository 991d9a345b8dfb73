//! The pages for people, used as a browser without JavaScript uses them: by their links and forms alone.

use super::verbs;
use crate::support::{TestServer, http::Request, page::Page};

/// Security checklist: 13, 24.
#[tokio::test]
async fn a_forgotten_password_is_replaced_by_links_and_forms_alone() {
    let server = TestServer::start().await;
    let at = server.address;
    let opens = async |password| verbs::opens(server.address, "eve@example.com", password).await;

    let start = Page::open(at, "/").await;
    let asking = Page::open(at, &start.link("Choose a new password")).await;
    let misspelt = asking.submit(at, "eve", 400).await;
    assert!(misspelt.text.contains("Invalid email format."), "{}", misspelt.text);
    let sent = misspelt.submit(at, "Eve@Example.com ", 200).await;
    assert!(sent.text.contains("you will receive a link shortly"), "{}", sent.text);

    let token = server.next_token("eve@example.com").await;
    let link = format!("/reset-password?token={token}");
    let choosing = Page::open(at, &link).await;
    let short = choosing.submit(at, "short", 400).await;
    assert!(short.text.contains("New password must be at least 8 characters"), "{}", short.text);
    assert!(opens("tutorial-password").await);
    let done = short.submit(at, "Grüße & 100% +", 200).await;
    assert!(done.text.contains("Your password has been changed"), "{}", done.text);

    assert!(opens("Grüße & 100% +").await);
    assert!(!opens("tutorial-password").await);
    assert!(!verbs::token_is_valid(at, &token).await);
    for page in [&choosing, &short, &done] {
        assert!(!page.text.contains(&token), "{}", page.text);
    }
    let dead = Page::read(&link, &Request::get(&link).send(at).await, 400);
    assert!(dead.text.contains("This link does not work any more"), "{}", dead.text);
    let late = choosing.submit(at, "another password", 400).await;
    assert!(late.text.contains("This link does not work any more"), "{}", late.text);
    assert!(opens("Grüße & 100% +").await);
}

/// Security checklist: 17, 59.
#[tokio::test]
async fn scanners_that_follow_the_link_do_not_use_it_up() {
    let server = TestServer::start().await;
    let at = server.address;
    verbs::request_reset(at, "bob@example.com").await.succeeded(200);
    let token = server.next_token("bob@example.com").await;
    let link = format!("/reset-password?token={token}");
    for _ in 0..10 {
        for method in ["GET", "HEAD"] {
            let scanner = Request::new(method, &link).header("User-Agent", "LinkScanner/1.0 (prefetch)");
            assert_eq!(scanner.send(at).await.status, 200, "{method}");
        }
        assert!(verbs::token_is_valid(at, &token).await);
    }
    let elsewhere = Request::post(&link)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Sec-Fetch-Site", "cross-site")
        .body("new_password=chosen+by+mallory");
    assert_eq!(elsewhere.send(at).await.status, 403);
    assert!(verbs::token_is_valid(at, &token).await);
    Page::open(at, &link).await.submit(at, "chosen by bob", 200).await;
    assert!(!verbs::token_is_valid(at, &token).await);
}

/// Security checklist: 15.
#[tokio::test]
async fn a_link_that_is_too_old_leads_to_a_new_one() {
    let server = TestServer::start().await;
    let at = server.address;
    verbs::request_reset(at, "alice@example.com").await.succeeded(200);
    let old = server.next_token("alice@example.com").await;
    let choosing = Page::open(at, &format!("/reset-password?token={old}")).await;
    server.advance_minutes(31);
    let late = choosing.submit(at, "correct horse battery", 400).await;
    assert!(late.text.contains("This link does not work any more"), "{}", late.text);
    late.submit(at, "alice@example.com", 200).await;
    let new = server.next_token("alice@example.com").await;
    let choosing = Page::open(at, &format!("/reset-password?token={new}")).await;
    let done = choosing.submit(at, "correct horse battery", 200).await;
    assert!(done.text.contains("Your password has been changed"), "{}", done.text);
}
