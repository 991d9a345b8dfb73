//! How the pages look, and whether people with assistive technology can use them.

use std::{env, fs, path::Path};

use serde_json::json;

use crate::{
    browser::{Browser, Way},
    site::Site,
    walks::{sign_in, sign_up},
};

/// The width of a phone, in CSS pixels.
const PHONE: u32 = 360;

#[tokio::test]
async fn every_page_is_accessible_in_light_and_dark_and_on_a_phone() {
    let axe = env::var("DENIZEN_TEST_AXE").expect("DENIZEN_TEST_AXE, which `cargo xtask test` sets");
    let axe = fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{axe}: {error}"));
    let site = Site::start().await;
    let browser = Browser::start(Way::Pointer).await;
    browser.open(&format!("{}/sign-up", site.url)).await;
    browser.fill("email", "zoe@example.com").await;
    browser.press_in_form("Sign up").await;
    let link = site.mailed_link().await;
    for page in [
        "",
        "sign-in?done=signed-out",
        "sign-up",
        "reset-password",
        "verify-email",
        "accept-invitation",
        "nope",
    ] {
        inspect(&browser, &axe, &format!("{}/{page}", site.url)).await;
    }
    inspect(&browser, &axe, &link).await;
    browser.expect_complaints_about_status_alone().await;

    sign_up(&browser, &site, "ada").await;
    sign_in(&browser, "ada", "correct horse battery").await;
    for page in [
        "account?done=saved",
        "account/password",
        "account/email",
        "account/sessions",
        "account/delete",
        "sign-out",
        "sign-in",
    ] {
        inspect(&browser, &axe, &format!("{}/{page}", site.url)).await;
    }
    browser.expect_no_complaints().await;
    browser.open(&format!("{}/account/delete", site.url)).await;
    browser.fill("password", "a wrong horse battery").await;
    browser.press("Delete my account").await;
    assert_eq!(browser.notice().await, "The password is wrong.");
    inspect(&browser, &axe, "").await;
    browser.close().await;
}

/// Looks at a page, or at the present one, in every form that it has.
async fn inspect(browser: &Browser, axe: &str, url: &str) {
    if !url.is_empty() {
        browser.open(url).await;
    }
    for (scheme, width) in [("light", 1000), ("dark", 1000), ("light", PHONE), ("dark", PHONE)] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", media).await;
        let metrics =
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == PHONE });
        browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let heading = browser.heading().await;
        assert_accessible(browser, axe, &format!("{heading:?} {scheme} {width}")).await;
        photograph(browser, scheme, width).await;
    }
}

async fn assert_accessible(browser: &Browser, axe: &str, what: &str) {
    let script = format!(
        "{axe};\nconst done = arguments[0]; axe.run(document).then(found => done(found.violations.map(rule => \
         [rule.id, rule.nodes.map(node => node.html + ' ' + node.failureSummary)])), error => done(String(error)));"
    );
    let found = browser.client.execute_async(&script, Vec::new()).await.expect("axe-core runs");
    assert_eq!(found, json!([]), "{what}");
    let width = "return [document.documentElement.scrollWidth, window.innerWidth]";
    let widths = browser.client.execute(width, Vec::new()).await.expect("widths");
    assert!(widths[0].as_u64() <= widths[1].as_u64(), "{what} is wider than the window: {widths}");
}

async fn photograph(browser: &Browser, scheme: &str, width: u32) {
    let Ok(folder) = env::var("DENIZEN_TEST_SCREENSHOTS") else { return };
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).expect("a folder");
    // Of `http://localhost:PORT/PAGE?QUERY`; of a token, only that it is there.
    let url = browser.url().await;
    let page = url.splitn(4, '/').nth(3).and_then(|page| page.split("token=").next()).unwrap_or_default();
    let name: String = page.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let name = if name.is_empty() { "front".to_owned() } else { name };
    let picture = browser.client.screenshot().await.expect("a picture");
    fs::write(folder.join(format!("{name}-{scheme}-{width}.png")), picture).expect("a file");
}
