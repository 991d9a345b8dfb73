//! Calculations: the requests, what makes them valid, and the results.

mod operation;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::operation::Operation;
use crate::types::{Object, ValidationErrors, excerpt};

/// One calculation to be done. What is left out of `a` and `b` is 0.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalculationRequest {
    /// The name of an [`Operation`].
    pub operation: String,
    /// The first operand; finite.
    pub a: f64,
    /// The second operand, which operations of one ignore; finite.
    pub b: f64,
    /// Decimals of the result, 0 to 10; absent or null is [`Self::DEFAULT_PRECISION`].
    pub precision: Option<i64>,
}

/// A [`CalculationRequest`] that makes sense.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValidCalculation {
    /// What to calculate.
    pub operation: Operation,
    /// The first operand; finite.
    pub a: f64,
    /// The second operand; finite, and not zero where it divides.
    pub b: f64,
    /// Decimals of the result, 0 to 10.
    pub precision: u8,
}

impl CalculationRequest {
    /// Decimals when nothing is said.
    pub const DEFAULT_PRECISION: i64 = 2;
    /// The most decimals.
    pub const MAX_PRECISION: i64 = 10;

    /// Checks everything that can be said without calculating.
    ///
    /// # Errors
    /// Every member that fails.
    pub fn validate(&self) -> Result<ValidCalculation, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let Self { operation: name, a, b, precision } = self;
        let operation = Operation::from_name(name);
        if operation.is_none() {
            errors.add("operation", unknown_operation(name));
        }
        errors.check(!a.is_finite(), "a", "a must be a finite number");
        errors.check(!b.is_finite(), "b", "b must be a finite number");
        let by_zero = operation == Some(Operation::Divide) && *b == 0.0;
        errors.check(by_zero, "b", "division by zero is not allowed");
        let precision = precision.unwrap_or(Self::DEFAULT_PRECISION);
        let in_range = (0..=Self::MAX_PRECISION).contains(&precision);
        let range = format_args!("precision must be between 0 and {}, got: {precision}", Self::MAX_PRECISION);
        errors.check(!in_range, "precision", range);
        match (operation, u8::try_from(precision)) {
            (Some(operation), Ok(precision)) => {
                errors.into_result(ValidCalculation { operation, a: *a, b: *b, precision })
            }
            _ => Err(errors),
        }
    }
}

fn unknown_operation(name: &str) -> String {
    let names = Operation::ALL.map(Operation::as_str).join(" ");
    format!("invalid operation: {} (must be one of: [{names}])", excerpt(name))
}

/// The body of `POST /api/calculate`: the members of one calculation, or `calculations`, a list of them.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Members")]
pub enum CalculateRequest {
    /// One calculation.
    One(CalculationRequest),
    /// Several, at most [`Self::MAX_CALCULATIONS`].
    Many(Vec<CalculationRequest>),
}

impl CalculateRequest {
    /// The most calculations in one request.
    pub const MAX_CALCULATIONS: usize = 100;

    /// Checks how many calculations there are; each of them is checked when its turn comes.
    ///
    /// # Errors
    /// None, or too many.
    pub fn validate_count(count: usize) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        errors.check(count == 0, "calculations", "calculations cannot be empty");
        let many = format_args!("calculations cannot have more than {} items", Self::MAX_CALCULATIONS);
        errors.check(count > Self::MAX_CALCULATIONS, "calculations", many);
        errors.into_result(())
    }
}

/// Both forms at once; only one of them may be there.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Members {
    #[serde(deserialize_with = "present")]
    operation: Option<String>,
    #[serde(deserialize_with = "present")]
    a: Option<f64>,
    #[serde(deserialize_with = "present")]
    b: Option<f64>,
    precision: Option<i64>,
    #[serde(deserialize_with = "present")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<CalculationRequest>>"))]
    calculations: Option<Vec<Object<CalculationRequest>>>,
}

/// A member that may be left out, but not be null.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl TryFrom<Members> for CalculateRequest {
    type Error = &'static str;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        match members {
            Members { operation: None, a: None, b: None, precision: None, calculations: Some(many) } => {
                Ok(Self::Many(many.into_iter().map(|Object(one)| one).collect()))
            }
            Members { operation, a, b, precision, calculations: None } => Ok(Self::One(CalculationRequest {
                operation: operation.unwrap_or_default(),
                a: a.unwrap_or_default(),
                b: b.unwrap_or_default(),
                precision,
            })),
            Members { calculations: Some(_), .. } => Err("expected nothing beside `calculations`"),
        }
    }
}

/// A finished calculation.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calculation {
    /// The result, rounded half away from zero; finite, and never -0.
    ///
    /// Whole numbers that fit into 64 bits are written without a decimal point (`1024`), so that clients which tell
    /// integers from floats read an integer; all others in the shortest form that is read back as the same number.
    #[serde(serialize_with = "whole_without_point")]
    pub result: f64,
    /// What was calculated.
    pub operation: Operation,
    /// Both operands with two decimals, for people: `10.50, 20.30`.
    pub operands: String,
    /// When it was calculated, in Unix seconds.
    pub timestamp: i64,
    /// The id of the request that it belongs to.
    pub request_id: String,
    /// How long it took, in milliseconds and fractions of them.
    pub processing_time_ms: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes members by reference")]
fn whole_without_point<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // 2^63: every whole number below it is the same as an i64. `as` cuts nothing off here.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && number.abs() < LIMIT {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CalculateRequest, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    fn request(operation: &str, a: f64, b: f64, precision: Option<i64>) -> CalculationRequest {
        CalculationRequest { operation: operation.to_owned(), a, b, precision }
    }

    fn failures(request: &CalculationRequest) -> Vec<String> {
        let errors = request.validate().unwrap_err();
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn one_calculation_or_a_list_of_them_is_read() {
        let one = request("add", 1.0, 0.0, None);
        assert_eq!(read(r#"{"operation": "add", "a": 1}"#), Ok(CalculateRequest::One(one.clone())));
        assert_eq!(read("{}"), Ok(CalculateRequest::One(CalculationRequest::default())));
        let many = CalculateRequest::Many(vec![one, request("sqrt", 0.0, 0.0, Some(3))]);
        let text = r#"{"calculations": [{"operation": "add", "a": 1, "precision": null},
                                        {"precision": 3, "operation": "sqrt"}]}"#;
        assert_eq!(read(text), Ok(many));
        assert_eq!(read(r#"{"calculations": []}"#), Ok(CalculateRequest::Many(Vec::new())));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for (text, reason) in [
            (r#"{"calculations": [], "a": 0}"#, "expected nothing beside `calculations`"),
            (r#"{"calculations": null}"#, "invalid type: null, expected a sequence"),
            (r#"{"calculations": [["add", 1, 2, 2]]}"#, "invalid type: sequence, expected an object"),
            (r#"{"calculations": [null]}"#, "invalid type: null, expected an object"),
            (r#"{"calculations": [{"calculations": []}]}"#, "unknown field `calculations`"),
            (r#"{"calculations": [{"a": 1, "a": 1}]}"#, "duplicate field `a`"),
            (r#"{"a": null}"#, "invalid type: null, expected f64"),
            (r#"{"b": "1"}"#, "invalid type: string"),
            (r#"{"operation": null}"#, "invalid type: null, expected a string"),
            (r#"{"a": 1e999}"#, "number out of range"),
            (r#"{"precision": 1.5}"#, "invalid type: floating point"),
            (r#"{"c": 1}"#, "unknown field `c`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_are_read_to_the_last_bit() {
        for number in
            ["10.957860598549463", "98.30571047624649", "2.2250738585072011e-308", "9007199254740993"]
        {
            let expected = request("", number.parse().unwrap(), 0.0, None);
            assert_eq!(read(&format!(r#"{{"a": {number}}}"#)), Ok(CalculateRequest::One(expected)));
        }
    }

    #[test]
    fn every_operation_is_known_by_its_own_name_only() {
        for operation in Operation::ALL {
            let valid = request(operation.as_str(), 1.0, 1.0, None).validate().unwrap();
            assert_eq!((valid.operation, valid.precision), (operation, 2));
            assert_eq!(Operation::from_name(&operation.as_str().to_uppercase()), None);
        }
    }

    #[test]
    fn every_failing_member_is_reported_in_order() {
        let operations = "(must be one of: [add subtract multiply divide power sqrt sin cos tan log])";
        assert_eq!(
            failures(&request("modulo", f64::NAN, f64::INFINITY, Some(11))),
            [
                format!("operation: invalid operation: modulo {operations}").as_str(),
                "a: a must be a finite number",
                "b: b must be a finite number",
                "precision: precision must be between 0 and 10, got: 11",
            ]
        );
        assert_eq!(
            failures(&request(&"я".repeat(51), 0.0, 0.0, Some(10))),
            [format!("operation: invalid operation: {} {operations}", "я".repeat(50))]
        );
        let expected = "precision: precision must be between 0 and 10, got: -9223372036854775808";
        assert_eq!(failures(&request("add", 0.0, 0.0, Some(i64::MIN))), [expected]);
    }

    #[test]
    fn only_division_cares_about_a_zero() {
        for zero in [0.0, -0.0] {
            assert_eq!(failures(&request("divide", 1.0, zero, None)), ["b: division by zero is not allowed"]);
            assert!(request("multiply", 1.0, zero, None).validate().is_ok());
        }
    }

    #[test]
    fn a_list_has_one_to_a_hundred_calculations() {
        let refusal = |count| CalculateRequest::validate_count(count).err().map(|errors| errors.to_string());
        assert_eq!(refusal(0).as_deref(), Some("calculations cannot be empty"));
        assert_eq!((refusal(1), refusal(100)), (None, None));
        assert_eq!(refusal(101).as_deref(), Some("calculations cannot have more than 100 items"));
    }

    #[test]
    fn whole_results_are_written_without_a_point() {
        let written = |result: f64| {
            let calculation = Calculation {
                result,
                operation: Operation::Add,
                operands: "0.00, 0.00".to_owned(),
                timestamp: 7,
                request_id: "req".to_owned(),
                processing_time_ms: 0.25,
            };
            let text = serde_json::to_string(&calculation).unwrap();
            let rest = r#","operation":"add","operands":"0.00, 0.00","timestamp":7,"request_id":"req","processing_time_ms":0.25}"#;
            text.strip_prefix(r#"{"result":"#).unwrap().strip_suffix(rest).unwrap().to_owned()
        };
        for (result, text) in [
            (1024.0, "1024"),
            (-3.0, "-3"),
            (0.0, "0"),
            (30.8, "30.8"),
            (1e-7, "1e-7"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (-9_223_372_036_854_774_784.0, "-9223372036854774784"),
            (9_223_372_036_854_775_808.0, "9.223372036854776e+18"),
            (1e20, "1e+20"),
            (123_456_789_012_345_680_000.0, "1.2345678901234568e+20"),
            (1e22, "1e+22"),
        ] {
            assert_eq!(written(result), text);
        }
    }
}
