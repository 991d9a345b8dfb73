//! Whoever asks for a reset learns nothing about the address.

use denizen_server::config::{LIMIT_MAIL_PER_ADDRESS, Setting};
use serde_json::json;

use crate::{
    support::{
        http::Request,
        production::UNLIMITED,
        watched::{Asked, KNOWN, UNKNOWN, Watched},
    },
    uniform::{the_same_for_all, the_same_limits_for_all},
};

/// For everybody, and for nobody.
fn requests() -> Vec<Asked> {
    let addresses = KNOWN.iter().chain([&UNKNOWN]).map(|name| format!("{name}@example.com"));
    let request =
        |email: &str| Request::post("/api/users/request-password-reset").json(&json!({ "email": email }));
    addresses.map(|about| Asked { request: request(&about), about }).collect()
}

/// Security checklist: 1, 2.
#[tokio::test]
async fn whoever_asks_for_a_reset_gets_the_same_answer_for_the_same_work() {
    let watched = Watched::start(&[]).await;
    let observed = the_same_for_all(&watched, &requests()).await;
    assert_eq!(observed.answer.status(), 200, "{}", observed.answer.body);
    // Nobody is looked up, and nothing is hashed.
    assert_eq!(observed.store, ["commit TakeFromBucket TakeFromBucket TakeFromBucket EnqueueMail"]);
    assert_eq!(observed.hasher, [""; 0]);
}

/// One a minute, and three before it takes longer. Security checklist: 3.
#[tokio::test]
async fn the_limits_of_an_address_come_after_as_many_requests_whether_or_not_it_is_known() {
    let story = the_same_limits_for_all(&UNLIMITED, &requests(), &[0, 0, 1, 1, 1, 17]).await;
    let (asked, again) = ((200, None), |minutes: u64| (429, Some(minutes * 60)));
    assert_eq!(story, [asked, again(1), asked, asked, again(17), asked]);
}

/// Twenty, and one more every three minutes. Security checklist: 3.
#[tokio::test]
async fn the_limit_of_an_ip_address_comes_after_as_many_requests_whoever_was_meant() {
    const SETTINGS: [(&Setting, &str); 1] = [(&LIMIT_MAIL_PER_ADDRESS, "generous")];
    let story = the_same_limits_for_all(&SETTINGS, &requests(), &[1; 30]).await;
    assert_eq!(story, [vec![(200, None); 29], vec![(429, Some(60))]].concat());
}
