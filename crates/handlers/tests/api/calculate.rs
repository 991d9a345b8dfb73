//! Calculations over HTTP: one, or a list of them.

use std::sync::Arc;

use denizen_models::{CalculationRequest, ValidationErrors};
use denizen_services::{CalculateError, Failure};
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    demonstrations::{Asked, FakeDemonstrations, calculation},
    requests::send_json,
};

async fn send(fake: FakeDemonstrations, body: &Value) -> (Answer, Arc<FakeDemonstrations>) {
    let fake = Arc::new(fake);
    let api = Api::start_with(|setup| setup.demonstrations = Some(fake.clone())).await;
    (api.send(send_json("POST", "/api/calculate", body)).await, fake)
}

fn request(operation: &str, a: f64, b: f64, precision: Option<i64>) -> CalculationRequest {
    CalculationRequest { operation: operation.to_owned(), a, b, precision }
}

/// A calculation with this result, as a client sees it.
fn shown(result: &Value) -> Value {
    json!({
        "result": result, "operation": "add", "operands": "1.00, 2.00", "timestamp": 1_767_225_600,
        "request_id": "req_7", "processing_time_ms": 0.125,
    })
}

#[actix_web::test]
async fn a_calculation_is_passed_on_and_its_result_returned() {
    let body = json!({ "operation": "add", "a": 1, "b": 2.5, "precision": 3 });
    let (answer, fake) = send(FakeDemonstrations::default(), &body).await;
    let parts = answer.expect_success(200, "Calculation completed successfully");
    assert_eq!(parts, (shown(&json!(3)), Value::Null));
    let (context, asked) = fake.last_call();
    assert_eq!(context.request_id, answer.request_id());
    assert_eq!(asked, Asked::Calculate(request("add", 1.0, 2.5, Some(3))));
}

#[actix_web::test]
async fn a_whole_result_has_no_decimal_point() {
    for (result, text) in
        [(1024.0, "\"result\":1024,"), (0.5, "\"result\":0.5,"), (-0.25, "\"result\":-0.25,")]
    {
        let fake = FakeDemonstrations { calculate: Ok(calculation(result)), ..Default::default() };
        let (answer, _) = send(fake, &json!({})).await;
        assert!(answer.text().contains(text), "{answer:?}");
    }
}

#[actix_web::test]
async fn what_cannot_be_calculated_is_told_with_the_reason() {
    for (error, reason) in [
        (CalculateError::NegativeSquareRoot, "cannot calculate square root of negative number"),
        (CalculateError::NonPositiveLogarithm, "cannot calculate logarithm of non-positive number"),
        (CalculateError::NotFinite, "result is not a finite number"),
    ] {
        let fake = FakeDemonstrations { calculate: Err(error), ..Default::default() };
        let (answer, _) = send(fake, &json!({})).await;
        let message = format!("Calculation failed: {reason}");
        assert_eq!(answer.expect_error(400, "CALCULATION_ERROR", &message), Value::Null);
    }
}

#[actix_web::test]
async fn members_that_fail_are_named() {
    let mut errors = ValidationErrors::of("operation", "no such operation");
    errors.add("precision", "too precise");
    let fake = FakeDemonstrations {
        calculate: Err(CalculateError::Failure(Failure::Invalid(errors))),
        ..Default::default()
    };
    let (answer, _) = send(fake, &json!({})).await;
    let details = answer.expect_error(400, "VALIDATION_ERROR", "Validation failed: no such operation");
    let fields = json!({ "operation": ["no such operation"], "precision": ["too precise"] });
    assert_eq!(details, json!({ "fields": fields }));
}

#[actix_web::test]
async fn a_list_shows_each_result_or_error_in_its_place() {
    let outcomes = vec![
        Ok(calculation(3.0)),
        Err(CalculateError::NotFinite),
        Err(CalculateError::Failure(Failure::Invalid(ValidationErrors::of(
            "b",
            "division by zero is not allowed",
        )))),
        Ok(calculation(0.5)),
    ];
    let fake = FakeDemonstrations { calculate_bulk: Ok(outcomes), ..Default::default() };
    let body = json!({ "calculations": [{ "operation": "sin" }, { "a": 1, "precision": null }] });
    let (answer, fake) = send(fake, &body).await;
    let (data, metadata) = answer.expect_success(200, "Completed 2 of 4 calculations");
    let expected = json!([
        shown(&json!(3)),
        { "error": "Calculation failed: result is not a finite number", "code": "CALCULATION_ERROR" },
        { "error": "Validation failed: division by zero is not allowed", "code": "VALIDATION_ERROR" },
        shown(&json!(0.5)),
    ]);
    assert_eq!((data, metadata), (expected, json!({ "count": 4, "completed": 2 })));
    let asked = Asked::CalculateBulk(vec![request("sin", 0.0, 0.0, None), request("", 1.0, 0.0, None)]);
    assert_eq!(fake.last_call().1, asked);
}

#[actix_web::test]
async fn a_list_that_is_refused_names_its_member() {
    let errors = ValidationErrors::of("calculations", "too many");
    let calculate_bulk = Err(Failure::Invalid(errors));
    let fake = FakeDemonstrations { calculate_bulk, ..Default::default() };
    let (answer, _) = send(fake, &json!({ "calculations": [] })).await;
    let details = answer.expect_error(400, "VALIDATION_ERROR", "Validation failed: too many");
    assert_eq!(details, json!({ "fields": { "calculations": ["too many"] } }));
}

#[actix_web::test]
async fn there_is_no_calculating_where_demonstrations_are_off() {
    let api = Api::start_with(|setup| setup.demonstrations = None).await;
    for path in ["/api/calculate", "/api/tasks", "/api/goroutines"] {
        for method in ["POST", "GET"] {
            let answer = api.send(send_json(method, path, &json!({}))).await;
            assert_eq!(answer.expect_error(404, "NOT_FOUND", "Not found"), Value::Null, "{method} {path}");
        }
    }
}
