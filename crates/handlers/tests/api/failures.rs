//! What goes wrong on our side: the client learns that it did and when to come back, the log learns why.

use actix_web::test::TestRequest;
use denizen_services::{
    AcceptInvitationError, ChangeEmailError, ChangePasswordError, ConfirmEmailChangeError, CreateUserError,
    DeleteUserError, GetUserError, HashError, ListUsersError, LoginError, RandomnessError, Readiness,
    RequestEmailVerificationError, SessionError, SignUpError, UpdateUserError, VerifyEmailError,
    store::{Precondition, StoreError, UniqueKey},
};
use log::Level;
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    log::causes,
    requests::{acceptable, anonymous, create_user, delete_user, get, patch_user, request, update_user},
};

pub type UseCase = (fn() -> TestRequest, fn(&mut Setup, StoreError));

/// Every method of a service that a route reaches, each with the way to let its store fail.
const USE_CASES: [UseCase; 20] = [
    (|| get("/api/users/7"), |setup, error| setup.answers.get = Err(GetUserError::Store(error))),
    (|| get("/api/users"), |setup, error| setup.answers.list = Err(ListUsersError::Store(error))),
    (create_user, |setup, error| setup.answers.create = Err(CreateUserError::Store(error))),
    (update_user, |setup, error| setup.answers.update = Err(UpdateUserError::Store(error))),
    (patch_user, |setup, error| setup.answers.update = Err(UpdateUserError::Store(error))),
    (delete_user, |setup, error| setup.answers.delete = Err(DeleteUserError::Store(error))),
    (sign_up, |setup, error| setup.answers.sign_up = Err(SignUpError::Store(error))),
    (
        || post("/api/users/request-email-verification"),
        |setup, error| {
            setup.answers.request_verification = Err(RequestEmailVerificationError::Store(error));
        },
    ),
    (
        || post("/api/users/verify-email"),
        |setup, error| {
            setup.answers.verify = Err(VerifyEmailError::Store(error));
        },
    ),
    (
        || post("/api/users/accept-invitation"),
        |setup, error| {
            setup.answers.accept = Err(AcceptInvitationError::Store(error));
        },
    ),
    (
        || post("/api/users/confirm-email-change"),
        |setup, error| {
            setup.answers.confirm_change = Err(ConfirmEmailChangeError::Store(error));
        },
    ),
    (|| get("/api/auth/session"), |setup, error| setup.auth.authenticate = Err(error)),
    (sign_in, |setup, error| setup.auth.login = Err(LoginError::Store(error))),
    (|| post("/api/auth/logout"), |setup, error| setup.auth.logout = Err(SessionError::Store(error))),
    (|| get("/api/auth/sessions"), |setup, error| setup.auth.list = Err(SessionError::Store(error))),
    (|| get("/api/users/7/sessions"), |setup, error| setup.auth.list = Err(SessionError::Store(error))),
    (
        || request("DELETE", "/api/auth/sessions/8"),
        |setup, error| {
            setup.auth.revoke = Err(SessionError::Store(error));
        },
    ),
    (
        || request("DELETE", "/api/auth/sessions"),
        |setup, error| {
            setup.auth.revoke_all = Err(SessionError::Store(error));
        },
    ),
    (
        || post("/api/auth/change-password"),
        |setup, error| {
            setup.auth.change_password = Err(ChangePasswordError::Store(error));
        },
    ),
    (
        || post("/api/auth/change-email"),
        |setup, error| {
            setup.answers.change_email = Err(ChangeEmailError::Store(error));
        },
    ),
];

pub fn post(target: &str) -> TestRequest {
    acceptable("POST", target)
}

fn sign_in() -> TestRequest {
    anonymous("POST", "/api/auth/login").set_json(json!({}))
}

fn sign_up() -> TestRequest {
    anonymous("POST", "/api/users").set_json(json!({}))
}

pub async fn send(request: TestRequest, change: impl FnOnce(&mut Setup)) -> Answer {
    Api::start_with(change).await.send(request).await
}

/// The client is asked to come back, and the log has the cause once.
#[track_caller]
pub fn assert_unavailable(answer: &Answer, cause: &str) {
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

/// Security checklist: 61.
#[actix_web::test]
async fn a_store_that_cannot_do_it_now_is_unavailable_in_every_use_case() {
    assert_unavailable_with_the_store(&USE_CASES).await;
}

/// The client is asked to come back when the store cannot do it now.
pub async fn assert_unavailable_with_the_store(use_cases: &[UseCase]) {
    for (request, fail) in use_cases {
        for error in
            [StoreError::Busy("queue of 1024".to_owned()), StoreError::Unavailable("disk on fire".to_owned())]
        {
            let cause = error.to_string();
            let answer = send(request(), |setup| fail(setup, error)).await;
            assert_unavailable(&answer, &cause);
        }
    }
}

/// Security checklist: 55.
#[actix_web::test]
async fn a_store_that_fails_as_no_service_expected_is_an_internal_error_in_every_use_case() {
    assert_internal_with_the_store(&USE_CASES).await;
}

/// The client learns nothing when the store fails as no service expected.
pub async fn assert_internal_with_the_store(use_cases: &[UseCase]) {
    for (request, fail) in use_cases {
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
            let answer = send(request(), |setup| fail(setup, error)).await;
            assert_internal(&answer, &cause);
        }
    }
}

pub type HashingUseCase = (fn() -> TestRequest, fn(&mut Setup, HashError));

/// Every method of a service that hashes, each with the way to let that fail.
const HASHING: [HashingUseCase; 6] = [
    (create_user, |setup, error| setup.answers.create = Err(CreateUserError::Hash(error))),
    (sign_up, |setup, error| setup.answers.sign_up = Err(SignUpError::Hash(error))),
    (
        || post("/api/users/accept-invitation"),
        |setup, error| {
            setup.answers.accept = Err(AcceptInvitationError::Hash(error));
        },
    ),
    (sign_in, |setup, error| setup.auth.login = Err(LoginError::Hash(error))),
    (
        || post("/api/auth/change-password"),
        |setup, error| {
            setup.auth.change_password = Err(ChangePasswordError::Hash(error));
        },
    ),
    (
        || post("/api/auth/change-email"),
        |setup, error| {
            setup.answers.change_email = Err(ChangeEmailError::Hash(error));
        },
    ),
];

/// Security checklist: 33.
#[actix_web::test]
async fn a_full_hashing_queue_is_unavailable() {
    assert_unavailable_with_the_hasher(&HASHING).await;
}

/// The client is asked to come back when the hashing queue is full.
pub async fn assert_unavailable_with_the_hasher(use_cases: &[HashingUseCase]) {
    for (request, fail) in use_cases {
        let answer = send(request(), |setup| fail(setup, HashError::Busy)).await;
        assert_unavailable(&answer, "the hashing queue is full");
    }
}

#[actix_web::test]
async fn a_broken_hasher_is_an_internal_error() {
    assert_internal_with_the_hasher(&HASHING).await;
}

/// The client learns nothing of a broken hasher.
pub async fn assert_internal_with_the_hasher(use_cases: &[HashingUseCase]) {
    for (request, fail) in use_cases {
        let error = HashError::Failed("out of memory".into());
        let cause = error.to_string();
        assert_internal(&send(request(), |setup| fail(setup, error)).await, &cause);
    }
}

#[actix_web::test]
async fn no_session_is_opened_without_randomness() {
    let broken = || RandomnessError("broken".into());
    let cause = broken().to_string();
    let answer = send(sign_in(), |setup| setup.auth.login = Err(LoginError::Randomness(broken()))).await;
    assert_internal(&answer, &cause);
    let answer = send(post("/api/auth/change-password"), |setup| {
        setup.auth.change_password = Err(ChangePasswordError::Randomness(broken()));
    });
    assert_internal(&answer.await, &cause);
}

#[actix_web::test]
async fn a_full_mail_queue_is_unavailable_to_everybody() {
    let answer = send(post("/api/users/request-email-verification"), |setup| {
        setup.answers.request_verification = Err(RequestEmailVerificationError::Overloaded);
    });
    assert_unavailable(&answer.await, "too many requests are waiting");
    let answer = send(sign_up(), |setup| setup.answers.sign_up = Err(SignUpError::Overloaded));
    assert_unavailable(&answer.await, "too many sign-ups are waiting");
}

#[actix_web::test]
async fn a_cause_of_several_lines_stays_on_one_line_of_the_log() {
    let error = StoreError::Corrupt("row 7\nreq_0 INTERNAL_ERROR: forged\u{1b}[2J".to_owned());
    let answer = send(get("/api/users/7"), |setup| setup.answers.get = Err(GetUserError::Store(error))).await;
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
