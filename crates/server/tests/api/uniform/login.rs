//! Signing in.

use denizen_server::config::{LIMIT_LOGIN_PER_ACCOUNT, Setting};
use serde_json::json;

use super::{the_same_for_all, the_same_limits_for_all};
use crate::support::{
    http::Request,
    production::{PASSWORD, UNLIMITED},
    watched::{Asked, KNOWN, UNKNOWN, Watched},
};

const WRONG: &str = "wrong horse battery";

fn login(login: &str, password: &str) -> Asked {
    let body = json!({ "login": login, "password": password });
    Asked { about: login.to_owned(), request: Request::post("/api/auth/login").json(&body) }
}

/// Everybody, with a password that opens nothing, and nobody. `login` is what one types for a name.
fn refused(login_of: fn(&str) -> String) -> Vec<Asked> {
    let wrong = KNOWN.iter().chain([&UNKNOWN]).map(|name| login(&login_of(name), WRONG));
    // The right one, or any where there is none.
    wrong.chain(["disabled", "newcomer"].map(|name| login(&login_of(name), PASSWORD))).collect()
}

fn by_name() -> Vec<Asked> {
    refused(str::to_owned)
}

fn by_address() -> Vec<Asked> {
    refused(|name| format!("{name}@example.com"))
}

/// Security checklist: 37.
#[tokio::test]
async fn whoever_does_not_get_in_gets_the_same_answer_for_the_same_work() {
    let watched = Watched::start(&UNLIMITED).await;
    let of_name = the_same_for_all(&watched, &by_name()).await;
    let of_address = the_same_for_all(&watched, &by_address()).await;
    let of_neither = watched.observe(&login("nobody at all", WRONG)).await;

    assert_eq!(of_name.answer.status(), 401, "{}", of_name.answer.body);
    let work = |find_user: &str| {
        let count = "commit TakeFromBucket";
        [count, find_user, "find_credentials", count, "commit CountFailedAttempt Record"].map(str::to_owned)
    };
    assert_eq!(of_name.store, work("find_user_by_username"));
    assert_eq!(of_address.store, work("find_user_by_email"));
    assert_eq!(of_neither.store, work("find_user"));
    for other in [&of_address, &of_neither] {
        assert_eq!(other.answer, of_name.answer);
    }
    for observed in [&of_name, &of_address, &of_neither] {
        assert_eq!(observed.hasher, ["compare"]);
    }
}

/// Ten at once and one more every two minutes. That after fifty none is looked at does not show.
/// Security checklist: 37, 38, 68.
#[tokio::test]
async fn the_limits_of_an_account_come_after_as_many_attempts_whether_or_not_it_exists() {
    let minutes = [vec![0; 11], vec![2; 50]].concat();
    let (refused, too_fast) = ((401, None), (429, Some(120)));
    let expected = [vec![refused; 10], vec![too_fast], vec![refused; 50]].concat();
    for requests in [by_name(), by_address()] {
        assert_eq!(the_same_limits_for_all(&UNLIMITED, &requests, &minutes).await, expected);
    }
}

/// Security checklist: 37.
#[tokio::test]
async fn the_limit_of_an_ip_address_comes_after_as_many_attempts_whoever_was_meant() {
    const SETTINGS: [(&Setting, &str); 1] = [(&LIMIT_LOGIN_PER_ACCOUNT, "generous")];
    let story = the_same_limits_for_all(&SETTINGS, &by_name(), &[0; 21]).await;
    assert_eq!(story, [vec![(401, None); 20], vec![(429, Some(3))]].concat());
}
