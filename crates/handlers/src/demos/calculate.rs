//! Calculating.

use actix_web::{http::StatusCode, web::Data};
use denizen_models::{CalculateRequest, Calculation};
use denizen_services::{CalculateError, MathService};
use serde::Serialize;

use crate::{
    http::{ApiError, ApiResult, Demo, ErrorCode, Json, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/calculate").post(Demo, "Calculates, once or several times.", calculate).answers(
            reply(200)
                .data_with::<Answer, Completed>()
                .or_less()
                .refuses(&[ErrorCode::CalculationError])
                .example(r#"{"operation": "add", "a": 0.1, "b": 0.2}"#),
        ),
    ]
}

/// What became of one calculation in a list.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Outcome {
    Done(Calculation),
    Failed { error: String, code: &'static str },
}

/// What became of one calculation, or of each in a list.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Answer {
    One(Calculation),
    Many(Vec<Outcome>),
}

/// How much of a list was calculated.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Completed {
    /// The calculations without an error.
    completed: usize,
    /// The calculations.
    count: usize,
}

/// `POST /api/calculate`
async fn calculate(
    request: RequestContext,
    math: Data<dyn MathService>,
    Json(body): Json<CalculateRequest>,
) -> ApiResult {
    match body {
        CalculateRequest::One(one) => {
            let calculation = math.calculate(&request.access, one).await?;
            Ok(request.answer("Calculation completed successfully", Answer::One(calculation)))
        }
        CalculateRequest::Many(many) => {
            let outcomes = math.calculate_bulk(&request.access, many).await?;
            let completed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            let message = format!("Completed {completed} of {} calculations", outcomes.len());
            let metadata = Completed { completed, count: outcomes.len() };
            let outcomes =
                outcomes.into_iter().map(|outcome| outcome.map_or_else(Outcome::failed, Outcome::Done));
            let outcomes = Answer::Many(outcomes.collect());
            Ok(request.answer_with(StatusCode::OK, &message, outcomes, metadata))
        }
    }
}

impl Outcome {
    fn failed(error: CalculateError) -> Self {
        let ApiError { code, message, .. } = error.into();
        Self::Failed { error: message.into_owned(), code: code.as_str() }
    }
}

map_error! { error: CalculateError {
    NegativeSquareRoot | NonPositiveLogarithm | NotFinite =>
        Self::because(ErrorCode::CalculationError, "Calculation failed", error),
} }
