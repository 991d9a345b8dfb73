//! Calculating.

mod reference;

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{Calculation, CalculationRequest, Operation};
use denizen_services::{AccessContext, CalculateError, DefaultMathService, Failure, MathService as _};
use denizen_testkit::FixedClock;
use proptest::{
    num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO},
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use self::reference::Fraction;

/// The service, for tests that are not asynchronous because they ask it thousands of times.
struct Maths {
    service: DefaultMathService,
    clock: Arc<FixedClock>,
    runtime: Runtime,
}

impl Maths {
    fn new() -> Self {
        let clock = Arc::new(FixedClock::new());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Self { service: DefaultMathService::new(clock.clone()), clock, runtime }
    }

    fn ask(&self, request: CalculationRequest) -> Result<Calculation, CalculateError> {
        self.runtime.block_on(self.service.calculate(&context("req_7"), request))
    }

    /// The result with so many decimals; `None` if it is not finite.
    fn result(&self, operation: Operation, a: f64, b: f64, precision: u8) -> Option<f64> {
        match self.ask(request(operation.as_str(), a, b, Some(precision.into()))) {
            Ok(calculation) => Some(calculation.result),
            Err(CalculateError::NotFinite) => None,
            Err(error) => panic!("{a} {operation:?} {b}: {error}"),
        }
    }

    fn refusal(&self, operation: &str, a: f64, b: f64) -> String {
        self.ask(request(operation, a, b, None)).expect_err("a refusal").to_string()
    }

    fn history(&self) -> Vec<Calculation> {
        self.runtime.block_on(self.service.history(&AccessContext::system())).expect("an administrator")
    }
}

fn context(request_id: &str) -> AccessContext {
    AccessContext { request_id: request_id.to_owned(), ..AccessContext::anonymous() }
}

fn request(operation: &str, a: f64, b: f64, precision: Option<i64>) -> CalculationRequest {
    CalculationRequest { operation: operation.to_owned(), a, b, precision }
}

#[test]
fn results_are_those_that_people_expect_of_decimals() {
    use Operation::{Add, Cos, Divide, Log, Multiply, Power, Sin, Sqrt, Subtract, Tan};
    let maths = Maths::new();
    for (operation, a, b, precision, expected) in [
        (Add, 0.1, 0.2, 10, 0.3),
        (Add, 2.675, 0.0, 2, 2.68),
        (Add, 1.005, 0.0, 2, 1.01),
        (Add, -1.005, 0.0, 2, -1.01),
        (Add, -2.5, 0.0, 0, -3.0),
        (Add, 0.5, 0.0, 0, 1.0),
        (Add, 1e16, 1.0, 0, 10_000_000_000_000_001.0),
        (Add, 1e300, 1e-300, 10, 1e300),
        (Subtract, 0.3, 0.1, 10, 0.2),
        (Subtract, 1.0, 0.9, 10, 0.1),
        (Subtract, 5.0, 7.25, 2, -2.25),
        (Multiply, 1.1, 1.1, 10, 1.21),
        (Multiply, 3.0, -0.5, 1, -1.5),
        (Multiply, 1e20, 100.0, 0, 1e22),
        (Multiply, 1e-7, 1.0, 10, 1e-7),
        (Multiply, 1e-7, 1.0, 2, 0.0),
        (Divide, 10.0, 3.0, 4, 3.3333),
        (Divide, 2.0, 3.0, 4, 0.6667),
        (Divide, -1.0, 8.0, 2, -0.13),
        (Divide, 1.0, 3e-308, 0, 1.0 / 3e-308),
        (Divide, 0.3, 0.1, 10, 3.0),
        (Power, 2.0, 10.0, 0, 1024.0),
        (Power, 0.1, 2.0, 10, 0.01),
        (Power, 4.0, -0.5, 1, 0.5),
        (Sqrt, 16.0, 99.0, 2, 4.0),
        (Sqrt, 3.0, 0.0, 5, 1.73205),
        (Sin, std::f64::consts::PI, 0.0, 10, 0.0),
        (Sin, 1.0, 0.0, 10, 0.841_470_984_8),
        (Cos, 0.0, 5.0, 10, 1.0),
        (Cos, 1.0, 0.0, 3, 0.54),
        (Tan, 1.0, 0.0, 4, 1.5574),
        (Log, 1.0, 0.0, 2, 0.0),
        (Log, std::f64::consts::E, 0.0, 10, 1.0),
        (Log, 10.0, 0.0, 3, 2.303),
    ] {
        let result = maths.result(operation, a, b, precision);
        assert_eq!(result, Some(expected), "{a} {operation:?} {b} with {precision} decimals");
    }
}

#[test]
fn zero_has_no_sign() {
    let maths = Maths::new();
    for (operation, a, b) in [
        (Operation::Multiply, 0.0, -1.0),
        (Operation::Add, -0.0, -0.0),
        (Operation::Divide, -0.001, 1.0),
        (Operation::Sqrt, -0.0, 0.0),
        (Operation::Sin, -0.001, 0.0),
        (Operation::Power, -0.0, 3.0),
    ] {
        let result = maths.result(operation, a, b, 2).expect("a result");
        assert_eq!(result.to_bits(), 0.0_f64.to_bits(), "{a} {operation:?} {b}");
    }
}

#[test]
fn two_decimals_are_given_unless_others_are_asked_for() {
    let maths = Maths::new();
    for (precision, expected) in [(None, 3.33), (Some(0), 3.0), (Some(10), 3.333_333_333_3)] {
        let calculation = maths.ask(request("divide", 10.0, 3.0, precision)).expect("a result");
        assert_eq!(calculation.result, expected);
    }
}

#[test]
fn what_has_no_result_is_refused_with_the_reason() {
    let maths = Maths::new();
    assert_eq!(maths.refusal("sqrt", -1.0, 0.0), "cannot calculate square root of negative number");
    for a in [0.0, -0.0, -1.0] {
        assert_eq!(maths.refusal("log", a, 0.0), "cannot calculate logarithm of non-positive number");
    }
    for (operation, a, b) in [
        ("power", 10.0, 400.0),
        ("power", -1.0, 0.5),
        ("power", 0.0, -1.0),
        ("multiply", 1e300, -1e300),
        ("divide", 1e300, 1e-300),
        ("add", f64::MAX, f64::MAX),
    ] {
        assert_eq!(maths.refusal(operation, a, b), "result is not a finite number", "{a} {operation} {b}");
    }
    assert_eq!(maths.refusal("divide", 1.0, 0.0), "division by zero is not allowed");
    assert_eq!(maths.refusal("add", f64::NAN, 0.0), "a must be a finite number");
}

#[test]
fn a_calculation_tells_what_was_done_for_whom_and_when() {
    let maths = Maths::new();
    maths.clock.advance(Duration::seconds(42));
    let calculation = maths.ask(request("add", 10.5, -20.256, None)).expect("a result");
    let time = calculation.processing_time_ms;
    assert!(time > 0.0 && time < 10_000.0, "{time}");
    let expected = Calculation {
        result: -9.76,
        operation: Operation::Add,
        operands: "10.50, -20.26".to_owned(),
        timestamp: FixedClock::start().timestamp() + 42,
        request_id: "req_7".to_owned(),
        processing_time_ms: time,
    };
    assert_eq!(calculation, expected);
}

#[tokio::test]
async fn in_a_list_each_item_has_its_own_result_or_error() {
    let service = DefaultMathService::new(Arc::new(FixedClock::new()));
    let requests = vec![
        request("add", 1.0, 2.0, None),
        request("sqrt", -1.0, 0.0, None),
        request("modulo", 1.0, 1.0, None),
        request("divide", 1.0, 0.0, None),
        request("subtract", 1.0, 2.0, None),
    ];
    let outcomes = service.calculate_bulk(&context("req_8"), requests).await.expect("outcomes");
    let told: Vec<Result<f64, String>> = outcomes
        .into_iter()
        .map(|outcome| outcome.map(|done| done.result).map_err(|error| error.to_string()))
        .collect();
    let operations = "[add subtract multiply divide power sqrt sin cos tan log]";
    assert_eq!(
        told,
        [
            Ok(3.0),
            Err("cannot calculate square root of negative number".to_owned()),
            Err(format!("invalid operation: modulo (must be one of: {operations})")),
            Err("division by zero is not allowed".to_owned()),
            Ok(-1.0),
        ]
    );
    assert_eq!(service.history(&AccessContext::system()).await.map(|history| history.len()), Ok(2));
}

#[tokio::test]
async fn a_list_has_one_to_a_hundred_items() {
    let service = DefaultMathService::new(Arc::new(FixedClock::new()));
    for (count, expected) in [
        (0, Err("calculations cannot be empty".to_owned())),
        (1, Ok(1)),
        (100, Ok(100)),
        (101, Err("calculations cannot have more than 100 items".to_owned())),
    ] {
        let requests = vec![request("add", 1.0, 1.0, None); count];
        let outcomes = service.calculate_bulk(&context("req_9"), requests).await;
        let told = outcomes.map(|outcomes| outcomes.iter().filter(|outcome| outcome.is_ok()).count());
        assert_eq!(told.map_err(|failure| failure.to_string()), expected);
    }
}

#[test]
fn history_keeps_the_last_hundred_with_the_newest_first() {
    let maths = Maths::new();
    assert_eq!(maths.history(), []);
    for a in 0..103_u8 {
        maths.ask(request("add", a.into(), 0.0, None)).expect("a result");
    }
    maths.refusal("sqrt", -1.0, 0.0);
    let results: Vec<f64> = maths.history().iter().map(|calculation| calculation.result).collect();
    let expected: Vec<f64> = (3..103_u8).rev().map(f64::from).collect();
    assert_eq!(results, expected);
}

#[tokio::test]
async fn history_is_for_administrators() {
    let service = DefaultMathService::new(Arc::new(FixedClock::new()));
    let refusal = service.history(&AccessContext::anonymous()).await;
    assert_eq!(refusal, Err(Failure::Forbidden("only administrators can see past calculations".into())));
}

/// Floats of every size, and the decimals that people type: few digits, many of them halves of some last digit.
fn operand() -> impl Strategy<Value = f64> {
    let typed = (-1_000_000_i32..1_000_000, 0..12_i32, any::<bool>())
        .prop_map(|(digits, exponent, half)| {
            let five = if half { "5" } else { "" };
            format!("{digits}{five}e-{exponent}").parse().expect("a number")
        })
        .boxed();
    let whole = any::<i64>().prop_map(|number| number as f64).boxed();
    let any = (NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE).boxed();
    let extreme = prop::sample::select(vec![
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        1e308,
        1e-308,
        3e-308,
        9_007_199_254_740_993.0,
    ]);
    prop_oneof![4 => typed, 1 => whole, 3 => any, 1 => extreme.boxed()]
}

/// Tries a thousand random pairs with each number of decimals.
fn compare(operation: Operation, reference: impl Fn(f64, f64) -> Option<Fraction>) {
    let maths = Maths::new();
    let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(operand(), operand()), |(a, b)| {
        let Some(exact) = reference(a, b) else { return Ok(()) };
        for precision in 0..=10 {
            let expected = Some(exact.rounded(precision)).filter(|number| number.is_finite());
            let result = maths.result(operation, a, b, precision);
            // By bits, so that -0 is not 0.
            let bits = |number: Option<f64>| number.map(f64::to_bits);
            prop_assert_eq!(bits(result), bits(expected), "{} decimals: {:?}", precision, (result, expected));
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{operation:?}: {failure}"));
}

#[test]
fn sums_are_exact() {
    compare(Operation::Add, |a, b| Some(Fraction::read(a).plus(&Fraction::read(b))));
}

#[test]
fn differences_are_exact() {
    compare(Operation::Subtract, |a, b| Some(Fraction::read(a).minus(&Fraction::read(b))));
}

#[test]
fn products_are_exact() {
    compare(Operation::Multiply, |a, b| Some(Fraction::read(a).times(&Fraction::read(b))));
}

#[test]
fn quotients_are_exact() {
    compare(Operation::Divide, |a, b| (b != 0.0).then(|| Fraction::read(a).over(&Fraction::read(b))));
}

#[test]
fn other_results_are_rounded_as_they_are_written() {
    let written = |number: f64| number.is_finite().then(|| Fraction::read(number));
    compare(Operation::Power, |a, b| written(a.powf(b)));
    compare(Operation::Sqrt, |a, _| (a >= 0.0).then(|| Fraction::read(a.sqrt())));
    compare(Operation::Sin, |a, _| written(a.sin()));
    compare(Operation::Cos, |a, _| written(a.cos()));
    compare(Operation::Tan, |a, _| written(a.tan()));
    compare(Operation::Log, |a, _| (a > 0.0).then(|| Fraction::read(a.ln())));
}
