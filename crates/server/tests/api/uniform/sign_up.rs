//! Signing up.

use denizen_server::config::{LIMIT_MAIL_PER_ADDRESS, Setting};
use serde_json::json;

use super::{the_same_for_all, the_same_limits_for_all};
use crate::support::{
    http::Request,
    production::UNLIMITED,
    watched::{Asked, KNOWN, UNKNOWN, Watched},
};

/// With addresses that are taken, in another case too, and one that is free.
fn requests() -> Vec<Asked> {
    let names = KNOWN.iter().chain(&[UNKNOWN, "FAMILIAR"]);
    let sign_up = |name: &&str| {
        let about = format!("{name}@example.com");
        let request = Request::post("/api/users").json(&json!({ "email": about }));
        Asked { about, request }
    };
    names.map(sign_up).collect()
}

/// Security checklist: 42, 65.
#[tokio::test]
async fn whoever_signs_up_gets_the_same_answer_for_the_same_work_whatever_is_taken() {
    for request in requests() {
        let watched = Watched::start(&UNLIMITED).await;
        let observed = the_same_for_all(&watched, &[request.clone(), request]).await;
        assert_eq!(observed.answer.status(), 202, "{}", observed.answer.body);
    }
    let watched = Watched::start(&[(&LIMIT_MAIL_PER_ADDRESS, "generous")]).await;
    let observed = the_same_for_all(&watched, &requests()).await;
    assert_eq!(observed.store, ["commit TakeFromBucket TakeFromBucket EnqueueMail"]);
    assert_eq!(observed.hasher, [""; 0], "nothing is hashed for strangers");
}

/// Security checklist: 42.
#[tokio::test]
async fn the_limit_of_an_address_comes_after_as_many_sign_ups_whether_or_not_it_is_taken() {
    let story = the_same_limits_for_all(&UNLIMITED, &requests(), &[0, 0, 0, 0, 20]).await;
    assert_eq!(story, [(202, None), (202, None), (202, None), (429, Some(20 * 60)), (202, None)]);
}

/// Security checklist: 42.
#[tokio::test]
async fn the_limit_of_an_ip_address_comes_after_as_many_sign_ups_whatever_is_taken() {
    const SETTINGS: [(&Setting, &str); 1] = [(&LIMIT_MAIL_PER_ADDRESS, "generous")];
    let story = the_same_limits_for_all(&SETTINGS, &requests(), &[0; 11]).await;
    assert_eq!(story, [vec![(202, None); 10], vec![(429, Some(6 * 60))]].concat());
}
