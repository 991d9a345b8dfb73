//! What the caller has done wrong: each refusal of a service has its status, code and sentence.

use actix_web::test::TestRequest;
use denizen_handlers::ErrorCode;
use denizen_models::{UserId, ValidationErrors};
use denizen_services::{CreateUserError, DeleteUserError, Failure, GetUserError, UpdateUserError};
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    requests::{create_user, delete_user, get, update_user},
};

/// Sends `request` to services changed by `change`, and returns the details of the refusal.
pub async fn refusal(
    request: TestRequest,
    change: impl FnOnce(&mut Setup),
    status: u16,
    code: ErrorCode,
    message: &str,
) -> Value {
    let answer = Api::start_with(change).await.send(request).await;
    assert_eq!(code.status().as_u16(), status);
    answer.expect_error(status, code.as_str(), message)
}

pub fn two_failures() -> ValidationErrors {
    let mut errors = ValidationErrors::of("profile.bio", "bio cannot exceed 1000 characters");
    errors.add("age", "age cannot be negative");
    errors
}

pub fn assert_names_both(details: &Value) {
    let fields =
        json!({ "profile.bio": ["bio cannot exceed 1000 characters"], "age": ["age cannot be negative"] });
    assert_eq!(*details, json!({ "fields": fields }));
}

#[actix_web::test]
async fn a_user_who_is_not_there_is_not_found() {
    for (error, message) in [
        (GetUserError::IdNotFound(UserId::new(999)), "User not found: user with ID 999 not found"),
        (
            GetUserError::UsernameNotFound("nobody".to_owned()),
            "User not found: user with username 'nobody' not found",
        ),
    ] {
        let change = |setup: &mut Setup| setup.answers.get = Err(error);
        let details = refusal(get("/api/users/999"), change, 404, ErrorCode::UserNotFound, message).await;
        assert_eq!(details, Value::Null);
    }
}

#[actix_web::test]
async fn a_query_that_the_service_refuses_names_its_parameters() {
    let mut errors = ValidationErrors::of("limit", "limit must be between 1 and 200");
    errors.add("sort", "a search can only be sorted by id");
    let change = |setup: &mut Setup| setup.answers.list = Err(Failure::InvalidQuery(errors));
    let message = "Invalid query parameter: limit";
    let details = refusal(get("/api/users?limit=0"), change, 400, ErrorCode::InvalidQuery, message).await;
    let fields = json!({ "limit": ["limit must be between 1 and 200"], "sort": ["a search can only be sorted by id"] });
    assert_eq!(details, json!({ "fields": fields }));
}

#[actix_web::test]
async fn who_may_not_list_or_create_is_told_so() {
    let change = |setup: &mut Setup| {
        setup.answers.list = Err(Failure::Forbidden("only administrators can list users".into()))
    };
    let message = "Forbidden: only administrators can list users";
    let details = refusal(get("/api/users"), change, 403, ErrorCode::Forbidden, message).await;
    assert_eq!(details, Value::Null);

    let change = |setup: &mut Setup| {
        setup.answers.create =
            Err(CreateUserError::Failure(Failure::Forbidden("only administrators can create users".into())))
    };
    let message = "Forbidden: only administrators can create users";
    let details = refusal(create_user(), change, 403, ErrorCode::Forbidden, message).await;
    assert_eq!(details, Value::Null);
}

#[actix_web::test]
async fn a_member_that_may_not_be_changed_is_named() {
    let change = |setup: &mut Setup| {
        setup.answers.update =
            Err(UpdateUserError::Failure(Failure::Forbidden("only administrators can change roles".into())))
    };
    let message = "Forbidden: only administrators can change roles";
    let details = refusal(update_user(), change, 403, ErrorCode::Forbidden, message).await;
    assert_eq!(details, Value::Null);
}

#[actix_web::test]
async fn members_that_break_rules_are_all_named_and_the_first_is_the_message() {
    let code = ErrorCode::ValidationError;
    let message = "Validation failed: profile validation failed: bio cannot exceed 1000 characters";

    let change = |setup: &mut Setup| {
        setup.answers.create = Err(CreateUserError::Failure(Failure::Invalid(two_failures())));
    };
    assert_names_both(&refusal(create_user(), change, 400, code, message).await);

    let change = |setup: &mut Setup| {
        setup.answers.update = Err(UpdateUserError::Failure(Failure::Invalid(two_failures())));
    };
    assert_names_both(&refusal(update_user(), change, 400, code, message).await);
}

#[actix_web::test]
async fn a_user_who_cannot_be_created_conflicts_with_another() {
    let code = ErrorCode::UserCreationError;
    for (error, message) in [
        (
            CreateUserError::UsernameTaken("alice_dev".to_owned()),
            "Failed to create user: username 'alice_dev' already exists",
        ),
        (
            CreateUserError::EmailTaken("alice@example.com".to_owned()),
            "Failed to create user: email 'alice@example.com' already exists",
        ),
    ] {
        let change = |setup: &mut Setup| setup.answers.create = Err(error);
        assert_eq!(refusal(create_user(), change, 409, code, message).await, Value::Null);
    }
}

#[actix_web::test]
async fn a_user_who_cannot_be_replaced_conflicts_with_another_or_is_not_there() {
    for (error, status, code, message) in [
        (
            UpdateUserError::UsernameTaken("alice_dev".to_owned()),
            409,
            ErrorCode::UserUpdateError,
            "Failed to update user: username 'alice_dev' already exists",
        ),
        (
            UpdateUserError::EmailTaken("alice@example.com".to_owned()),
            409,
            ErrorCode::UserUpdateError,
            "Failed to update user: email 'alice@example.com' already exists",
        ),
        (
            UpdateUserError::NotFound(UserId::new(7)),
            404,
            ErrorCode::UserNotFound,
            "User not found: user with ID 7 not found",
        ),
    ] {
        let change = |setup: &mut Setup| setup.answers.update = Err(error);
        assert_eq!(refusal(update_user(), change, status, code, message).await, Value::Null);
    }
}

#[actix_web::test]
async fn a_user_who_cannot_be_deleted_is_not_there() {
    let change = |setup: &mut Setup| setup.answers.delete = Err(DeleteUserError::NotFound(UserId::new(7)));
    let message = "Failed to delete user: user with ID 7 not found";
    let details = refusal(delete_user(), change, 404, ErrorCode::UserDeleteError, message).await;
    assert_eq!(details, Value::Null);
}
