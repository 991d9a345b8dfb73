//! What goes wrong on our side: the client learns that it did and when to come back, the log learns why.

use actix_web::test::TestRequest;
use denizen_services::{
    CreateUserError, DeleteUserError, GetUserError, HashError, ListUsersError, Readiness,
    RequestPasswordResetError, ResetPasswordError, UpdateUserError, ValidateResetTokenError,
    store::{Precondition, StoreError, UniqueKey},
};
use log::Level;
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    fakes::Answers,
    log::causes,
    requests::{
        create_user, delete_user, get, patch_user, request_password_reset, reset_password, update_user,
        validate_reset_token,
    },
};

type UseCase = (fn() -> TestRequest, fn(&mut Answers, StoreError));

/// Every method of the service that a route reaches, each with the way to let its store fail.
const USE_CASES: [UseCase; 9] = [
    (|| get("/api/users/7"), |answers, error| answers.get = Err(GetUserError::Store(error))),
    (|| get("/api/users"), |answers, error| answers.list = Err(ListUsersError::Store(error))),
    (create_user, |answers, error| answers.create = Err(CreateUserError::Store(error))),
    (update_user, |answers, error| answers.update = Err(UpdateUserError::Store(error))),
    (patch_user, |answers, error| answers.update = Err(UpdateUserError::Store(error))),
    (delete_user, |answers, error| answers.delete = Err(DeleteUserError::Store(error))),
    (request_password_reset, |answers, error| {
        answers.request_reset = Err(RequestPasswordResetError::Store(error));
    }),
    (reset_password, |answers, error| answers.reset = Err(ResetPasswordError::Store(error))),
    (validate_reset_token, |answers, error| answers.validate = Err(ValidateResetTokenError::Store(error))),
];

async fn send(request: TestRequest, change: impl FnOnce(&mut Answers)) -> Answer {
    Api::start_with(|setup| change(&mut setup.answers)).await.send(request).await
}

/// The client is asked to come back, and the log has the cause once.
#[track_caller]
fn assert_unavailable(answer: &Answer, cause: &str) {
    let details = answer.expect_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert_eq!(details, Value::Null);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let id = answer.request_id();
    assert_eq!(causes(id), [(Level::Warn, format!("{id} SERVICE_UNAVAILABLE: {cause}"))]);
}

/// The client learns nothing, and the log has the cause once.
#[track_caller]
fn assert_internal(answer: &Answer, cause: &str) {
    let details = answer.expect_error(500, "INTERNAL_ERROR", "Internal server error");
    assert_eq!(details, Value::Null);
    assert_eq!(answer.header("retry-after"), None);
    assert!(!answer.text().contains(cause), "{answer:?}");
    let id = answer.request_id();
    assert_eq!(causes(id), [(Level::Error, format!("{id} INTERNAL_ERROR: {cause}"))]);
}

#[actix_web::test]
async fn a_store_that_cannot_do_it_now_is_unavailable_in_every_use_case() {
    for (request, fail) in USE_CASES {
        for error in
            [StoreError::Busy("queue of 1024".to_owned()), StoreError::Unavailable("disk on fire".to_owned())]
        {
            let cause = error.to_string();
            let answer = send(request(), |answers| fail(answers, error)).await;
            assert_unavailable(&answer, &cause);
        }
    }
}

#[actix_web::test]
async fn a_store_that_fails_as_no_service_expected_is_an_internal_error_in_every_use_case() {
    for (request, fail) in USE_CASES {
        for error in [
            StoreError::Conflict(UniqueKey::Username),
            StoreError::Conflict(UniqueKey::Email),
            StoreError::PreconditionFailed(Precondition::User),
            StoreError::PreconditionFailed(Precondition::Token),
            StoreError::PreconditionFailed(Precondition::Lease),
            StoreError::PreconditionFailed(Precondition::QueueRoom),
            StoreError::Corrupt("users.roles of 7".to_owned()),
            StoreError::Malformed("two created users".to_owned()),
        ] {
            let cause = error.to_string();
            let answer = send(request(), |answers| fail(answers, error)).await;
            assert_internal(&answer, &cause);
        }
    }
}

#[actix_web::test]
async fn a_full_hashing_queue_is_unavailable() {
    let cause = "the hashing queue is full";
    let answer =
        send(create_user(), |answers| answers.create = Err(CreateUserError::Hash(HashError::Busy))).await;
    assert_unavailable(&answer, cause);
    let answer =
        send(reset_password(), |answers| answers.reset = Err(ResetPasswordError::Hash(HashError::Busy)))
            .await;
    assert_unavailable(&answer, cause);
}

#[actix_web::test]
async fn a_broken_hasher_is_an_internal_error() {
    let error = HashError::Failed("out of memory".to_owned());
    let cause = error.to_string();
    let create = Err(CreateUserError::Hash(error.clone()));
    assert_internal(&send(create_user(), |answers| answers.create = create).await, &cause);
    let reset = Err(ResetPasswordError::Hash(error));
    assert_internal(&send(reset_password(), |answers| answers.reset = reset).await, &cause);
}

#[actix_web::test]
async fn a_full_mail_queue_is_unavailable_to_everybody() {
    let answer = send(request_password_reset(), |answers| {
        answers.request_reset = Err(RequestPasswordResetError::Overloaded);
    })
    .await;
    assert_unavailable(&answer, "too many requests are waiting");
}

#[actix_web::test]
async fn a_cause_of_several_lines_stays_on_one_line_of_the_log() {
    let error = StoreError::Corrupt("row 7\nreq_0 INTERNAL_ERROR: forged\u{1b}[2J".to_owned());
    let answer = send(get("/api/users/7"), |answers| answers.get = Err(GetUserError::Store(error))).await;
    let cause = "the store is corrupt: row 7?req_0 INTERNAL_ERROR: forged?[2J";
    assert_internal(&answer, cause);
}

#[actix_web::test]
async fn who_is_not_ready_says_what_is_missing() {
    for (store, mail_worker) in [(false, true), (true, false), (false, false)] {
        let change = |setup: &mut Setup| setup.readiness = Readiness { store, mail_worker };
        let answer = Api::start_with(change).await.send(get("/readyz")).await;
        let details = answer.expect_error(503, "SERVICE_UNAVAILABLE", "Service is not ready");
        assert_eq!(details, json!({ "store": store, "mail_worker": mail_worker }));
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}
