//! What goes wrong on our side: the client learns that it did and when to come back, the log learns why.

use actix_web::test::TestRequest;
use denizen_services::{
    AcceptInvitationError, ChangeEmailError, ChangePasswordError, ConfirmEmailChangeError, CreateUserError,
    DeleteAccountError, DeleteUserError, Failure, GetUserError, HashError, LoginError, RandomnessError,
    Readiness, SessionError, SignUpError, UpdateUserError, VerifyEmailError, store::StoreFailure,
};
use log::Level;
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    log::causes,
    requests::{acceptable, anonymous, create_user, delete_user, get, patch_user, request, update_user},
};

pub type UseCase = (fn() -> TestRequest, fn(&mut Setup, StoreFailure));

/// Every method of a service that a route reaches, each with the way to let its store fail.
const USE_CASES: [UseCase; 21] = [
    (|| get("/api/users/7"), |setup, error| setup.answers.get = Err(GetUserError::from(error))),
    (|| get("/api/users"), |setup, error| setup.answers.list = Err(Failure::from(error))),
    (create_user, |setup, error| setup.answers.create = Err(CreateUserError::from(error))),
    (update_user, |setup, error| setup.answers.update = Err(UpdateUserError::from(error))),
    (patch_user, |setup, error| setup.answers.update = Err(UpdateUserError::from(error))),
    (delete_user, |setup, error| setup.answers.delete = Err(DeleteUserError::from(error))),
    (sign_up, |setup, error| setup.answers.sign_up = Err(SignUpError::from(error))),
    (
        || post("/api/users/request-email-verification"),
        |setup, error| {
            setup.answers.request_verification = Err(Failure::from(error));
        },
    ),
    (
        || post("/api/users/verify-email"),
        |setup, error| {
            setup.answers.verify = Err(VerifyEmailError::from(error));
        },
    ),
    (
        || post("/api/users/accept-invitation"),
        |setup, error| {
            setup.answers.accept = Err(AcceptInvitationError::from(error));
        },
    ),
    (
        || post("/api/users/confirm-email-change"),
        |setup, error| {
            setup.answers.confirm_change = Err(ConfirmEmailChangeError::from(error));
        },
    ),
    (|| get("/api/auth/session"), |setup, error| setup.auth.authenticate = Err(error.into())),
    (sign_in, |setup, error| setup.auth.login = Err(LoginError::from(error))),
    (|| post("/api/auth/logout"), |setup, error| setup.auth.logout = Err(SessionError::from(error))),
    (|| get("/api/auth/sessions"), |setup, error| setup.auth.list = Err(SessionError::from(error))),
    (|| get("/api/users/7/sessions"), |setup, error| setup.auth.list = Err(SessionError::from(error))),
    (
        || request("DELETE", "/api/auth/sessions/8"),
        |setup, error| {
            setup.auth.revoke = Err(SessionError::from(error));
        },
    ),
    (
        || request("DELETE", "/api/auth/sessions"),
        |setup, error| {
            setup.auth.revoke_all = Err(SessionError::from(error));
        },
    ),
    (
        || post("/api/auth/change-password"),
        |setup, error| {
            setup.auth.change_password = Err(ChangePasswordError::from(error));
        },
    ),
    (
        || post("/api/auth/change-email"),
        |setup, error| {
            setup.answers.change_email = Err(ChangeEmailError::from(error));
        },
    ),
    (
        || post("/api/auth/delete-account"),
        |setup, error| {
            setup.answers.delete_account = Err(DeleteAccountError::from(error));
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
            [StoreFailure::Busy("queue of 1024".into()), StoreFailure::Unavailable("disk on fire".into())]
        {
            let cause = error.to_string();
            let answer = send(request(), |setup| fail(setup, error)).await;
            assert_unavailable(&answer, &cause);
        }
    }
}

/// Security checklist: 55.
#[actix_web::test]
async fn a_store_that_fails_for_good_is_an_internal_error_in_every_use_case() {
    assert_internal_with_the_store(&USE_CASES).await;
}

/// The client learns nothing when the store fails for good.
pub async fn assert_internal_with_the_store(use_cases: &[UseCase]) {
    for (request, fail) in use_cases {
        for error in [
            StoreFailure::Corrupt("users.roles of 7".into()),
            StoreFailure::Malformed("two created users".into()),
        ] {
            let cause = error.to_string();
            let answer = send(request(), |setup| fail(setup, error)).await;
            assert_internal(&answer, &cause);
        }
    }
}

pub type HashingUseCase = (fn() -> TestRequest, fn(&mut Setup, HashError));

/// Every method of a service that hashes, each with the way to let that fail.
const HASHING: [HashingUseCase; 7] = [
    (create_user, |setup, error| setup.answers.create = Err(CreateUserError::from(error))),
    (sign_up, |setup, error| setup.answers.sign_up = Err(SignUpError::from(error))),
    (
        || post("/api/users/accept-invitation"),
        |setup, error| {
            setup.answers.accept = Err(AcceptInvitationError::from(error));
        },
    ),
    (sign_in, |setup, error| setup.auth.login = Err(LoginError::from(error))),
    (
        || post("/api/auth/change-password"),
        |setup, error| {
            setup.auth.change_password = Err(ChangePasswordError::from(error));
        },
    ),
    (
        || post("/api/auth/change-email"),
        |setup, error| {
            setup.answers.change_email = Err(ChangeEmailError::from(error));
        },
    ),
    (
        || post("/api/auth/delete-account"),
        |setup, error| {
            setup.answers.delete_account = Err(DeleteAccountError::from(error));
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
    let answer = send(sign_in(), |setup| setup.auth.login = Err(LoginError::from(broken()))).await;
    assert_internal(&answer, &cause);
    let answer = send(post("/api/auth/change-password"), |setup| {
        setup.auth.change_password = Err(ChangePasswordError::from(broken()));
    });
    assert_internal(&answer.await, &cause);
}

#[actix_web::test]
async fn a_full_mail_queue_is_unavailable_to_everybody() {
    let answer = send(post("/api/users/request-email-verification"), |setup| {
        setup.answers.request_verification = Err(Failure::Overloaded("too many requests are waiting".into()));
    });
    assert_unavailable(&answer.await, "too many requests are waiting");
    let answer = send(sign_up(), |setup| {
        setup.answers.sign_up =
            Err(SignUpError::Failure(Failure::Overloaded("too many sign-ups are waiting".into())))
    });
    assert_unavailable(&answer.await, "too many sign-ups are waiting");
}

#[actix_web::test]
async fn a_cause_of_several_lines_stays_on_one_line_of_the_log() {
    let error = StoreFailure::Corrupt("row 7\nreq_0 INTERNAL_ERROR: forged\u{1b}[2J".into());
    let answer = send(get("/api/users/7"), |setup| setup.answers.get = Err(GetUserError::from(error))).await;
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
