//! What a person does, from the first visit on.

use crate::{
    browser::{Browser, Way},
    site::Site,
};

const PASSWORD: &str = "correct horse battery";
const NEW: &str = "another horse battery";

/// Signs up by mail; the sign-in page is open at the end.
pub async fn sign_up(browser: &Browser, site: &Site, name: &str) {
    browser.open(&site.url).await;
    browser.press("Sign up").await;
    browser.fill("email", &format!("{name}@example.com")).await;
    browser.press_in_form("Sign up").await;
    assert_eq!(browser.notice().await, "Check your e-mail: a link in it completes the registration.");
    browser.open(&site.mailed_link().await).await;
    browser.fill("username", name).await;
    browser.fill("first_name", "Zoë").await;
    browser.fill("last_name", "B & C").await;
    browser.fill("password", PASSWORD).await;
    browser.press("Create the account").await;
    assert_eq!(browser.notice().await, "Your account is ready. You can now sign in.");
}

/// Fills in the form of the sign-in page, and sends it.
pub async fn sign_in(browser: &Browser, name: &str, password: &str) {
    browser.fill("login", name).await;
    browser.fill("password", password).await;
    browser.press_in_form("Sign in").await;
}

async fn walk(way: Way) {
    let site = Site::start().await;
    let (browser, other) = (Browser::start(way).await, Browser::start(way).await);
    sign_up(&browser, &site, "zoe").await;
    sign_in(&browser, "zoe", PASSWORD).await;
    assert_eq!(
        (browser.heading().await, browser.url().await),
        ("Your account".to_owned(), format!("{}/account", site.url))
    );

    // Somewhere else, by the e-mail address.
    other.open(&format!("{}/account/sessions", site.url)).await;
    sign_in(&other, "zoe@example.com", PASSWORD).await;
    assert_eq!(other.heading().await, "Your sessions");
    assert_eq!(other.text().await.matches("Chrome on Linux").count(), 2);

    browser.press("Password").await;
    browser.fill("current_password", PASSWORD).await;
    browser.fill("new_password", NEW).await;
    browser.press("Change the password").await;
    let changed = "Your password is changed. All your other sessions are signed out.";
    assert_eq!(browser.notice().await, changed);
    browser.client.refresh().await.expect("the page again");
    assert_eq!(browser.notice().await, changed, "to load it again changes nothing");

    // The other session is out, and comes back with the new password to where it was.
    other.press("E-mail").await;
    assert_eq!(other.heading().await, "Sign in");
    sign_in(&other, "zoe", NEW).await;
    assert_eq!(other.heading().await, "Change your e-mail address");

    browser.press("Sign out").await;
    assert_eq!(browser.notice().await, "You are signed out.");
    browser.press("Your account").await;
    assert_eq!(browser.heading().await, "Sign in");
    for browser in [browser, other] {
        browser.expect_no_complaints().await;
        browser.close().await;
    }
}

#[tokio::test]
async fn a_person_signs_up_changes_the_password_and_signs_out() {
    walk(Way::Pointer).await;
}

#[tokio::test]
async fn the_same_works_with_the_keyboard_alone() {
    walk(Way::Keyboard).await;
}

#[tokio::test]
async fn the_same_works_without_javascript() {
    walk(Way::WithoutScript).await;
}

#[tokio::test]
async fn whoever_comes_from_an_application_goes_back_to_it_also_after_a_detour_over_a_mail() {
    for way in [Way::Pointer, Way::Keyboard, Way::WithoutScript] {
        let site = Site::start().await;
        let browser = Browser::start(way).await;
        sign_up(&browser, &site, "zoe").await;
        let place = format!("{}/notes?page=2", site.app);
        let query = place.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('=', "%3D");

        browser.open(&format!("{}/sign-in?return_to={query}", site.url)).await;
        browser.press("Choose a new password").await;
        browser.fill("email", "zoe@example.com").await;
        browser.press("Send the link").await;
        browser.open(&site.mailed_link().await).await;
        browser.fill("new_password", NEW).await;
        browser.press("Set password").await;
        assert!(browser.notice().await.starts_with("Your password has been changed"));
        sign_in(&browser, "zoe", NEW).await;
        assert_eq!((browser.heading().await, browser.url().await), ("Welcome back".to_owned(), place));
        browser.expect_no_complaints().await;
        browser.close().await;
    }
}

#[tokio::test]
async fn a_place_that_is_not_listed_is_ignored() {
    let site = Site::start().await;
    let browser = Browser::start(Way::Pointer).await;
    sign_up(&browser, &site, "zoe").await;
    for place in
        ["https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example", "javascript%3Aalert(1)"]
    {
        browser.open(&format!("{}/sign-in?return_to={place}", site.url)).await;
        sign_in(&browser, "zoe", PASSWORD).await;
        assert_eq!(browser.url().await, format!("{}/account", site.url), "{place}");
        browser.press("Sign out").await;
    }
    browser.expect_no_complaints().await;
    browser.close().await;
}
