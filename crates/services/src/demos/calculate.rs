//! Calculating, in decimals as people read them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bigdecimal::{BigDecimal, RoundingMode, num_bigint::BigInt};
use denizen_models::{CalculateRequest, Calculation, CalculationRequest, Operation, ValidCalculation};

use crate::{
    common::{Failure, lock},
    ports::{AccessContext, Clock},
};

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalculateError {
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The square root of a negative number is not real.
    #[error("cannot calculate square root of negative number")]
    NegativeSquareRoot,
    /// There is no logarithm of zero, and no real one of a negative number.
    #[error("cannot calculate logarithm of non-positive number")]
    NonPositiveLogarithm,
    /// The result is no number, or too large for one.
    #[error("result is not a finite number")]
    NotFinite,
}

/// Calculates with numbers as they are written.
///
/// Operands stand for the shortest decimals that are read as them: `0.1` is a tenth. Sums, differences, products and
/// quotients of these are exact before they are rounded, so that 0.1 + 0.2 is 0.3, and 2.675 with two decimals is 2.68;
/// the other operations are those of the machine (IEEE 754, within an ulp or so), whose results are taken as the
/// decimals that they are written as. In both cases the result is rounded once, half away from zero.
#[async_trait]
pub trait MathService: Send + Sync {
    /// Calculates once.
    async fn calculate(
        &self,
        context: &AccessContext,
        request: CalculationRequest,
    ) -> Result<Calculation, CalculateError>;

    /// Calculates each of 1 to 100, in order. One that fails does not keep the others from their results.
    async fn calculate_bulk(
        &self,
        context: &AccessContext,
        requests: Vec<CalculationRequest>,
    ) -> Result<Vec<Result<Calculation, CalculateError>>, Failure>;

    /// The last 100 calculations of this process, whosever they were, newest first. Administrators only.
    async fn history(&self, context: &AccessContext) -> Result<Vec<Calculation>, Failure>;
}

/// The implementation of [`MathService`]. Its history lives and dies with it.
pub struct DefaultMathService {
    clock: Arc<dyn Clock>,
    /// Oldest first.
    history: Mutex<VecDeque<Calculation>>,
}

impl DefaultMathService {
    const HISTORY: usize = 100;

    /// With an empty history.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, history: Mutex::new(VecDeque::with_capacity(Self::HISTORY)) }
    }

    fn calculate_one(
        &self,
        context: &AccessContext,
        request: &CalculationRequest,
    ) -> Result<Calculation, CalculateError> {
        let started = Instant::now();
        let valid = request.validate().map_err(Failure::Invalid)?;
        let result = compute(valid)?;
        let calculation = Calculation {
            result,
            operation: valid.operation,
            operands: format!("{:.2}, {:.2}", valid.a, valid.b),
            timestamp: self.clock.now().timestamp(),
            request_id: context.request_id.clone(),
            processing_time_ms: milliseconds(started.elapsed()),
        };
        let mut history = lock(&self.history);
        if history.len() == Self::HISTORY {
            history.pop_front();
        }
        history.push_back(calculation.clone());
        Ok(calculation)
    }
}

#[async_trait]
impl MathService for DefaultMathService {
    async fn calculate(
        &self,
        context: &AccessContext,
        request: CalculationRequest,
    ) -> Result<Calculation, CalculateError> {
        self.calculate_one(context, &request)
    }

    async fn calculate_bulk(
        &self,
        context: &AccessContext,
        requests: Vec<CalculationRequest>,
    ) -> Result<Vec<Result<Calculation, CalculateError>>, Failure> {
        CalculateRequest::validate_count(requests.len()).map_err(Failure::Invalid)?;
        Ok(requests.iter().map(|request| self.calculate_one(context, request)).collect())
    }

    async fn history(&self, context: &AccessContext) -> Result<Vec<Calculation>, Failure> {
        context.expect_admin("only administrators can see past calculations")?;
        Ok(lock(&self.history).iter().rev().cloned().collect())
    }
}

fn compute(calculation: ValidCalculation) -> Result<f64, CalculateError> {
    let ValidCalculation { operation, a, b, precision } = calculation;
    let decimals = i64::from(precision);
    let exact = match operation {
        Operation::Add => decimal(a)? + decimal(b)?,
        Operation::Subtract => decimal(a)? - decimal(b)?,
        Operation::Multiply => decimal(a)? * decimal(b)?,
        Operation::Divide => quotient(&decimal(a)?, &decimal(b)?, decimals + 1),
        Operation::Power => decimal(a.powf(b))?,
        Operation::Sqrt if a < 0.0 => return Err(CalculateError::NegativeSquareRoot),
        Operation::Sqrt => decimal(a.sqrt())?,
        Operation::Sin => decimal(a.sin())?,
        Operation::Cos => decimal(a.cos())?,
        Operation::Tan => decimal(a.tan())?,
        Operation::Log if a <= 0.0 => return Err(CalculateError::NonPositiveLogarithm),
        Operation::Log => decimal(a.ln())?,
    };
    number(exact.with_scale_round(decimals, RoundingMode::HalfUp))
}

/// The shortest decimal that is read as this number.
fn decimal(number: f64) -> Result<BigDecimal, CalculateError> {
    // What is not finite is written as a word, which is not read as a decimal.
    format!("{number:e}").parse().map_err(|_| CalculateError::NotFinite)
}

/// The number that is nearest to this decimal. Never -0, which decimals do not have.
fn number(decimal: BigDecimal) -> Result<f64, CalculateError> {
    let (digits, scale) = decimal.into_bigint_and_scale();
    match format!("{digits}e{}", -scale).parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(CalculateError::NotFinite),
    }
}

/// `a / b`, cut off after so many decimals. `b` must not be zero.
///
/// A quotient need not end, so it cannot be exact; but one decimal more than wanted, cut off and not rounded, is all
/// that rounding half away from zero looks at. `BigDecimal`'s own `/` rounds to 100 digits, so that a result would be
/// rounded twice.
fn quotient(a: &BigDecimal, b: &BigDecimal, decimals: i64) -> BigDecimal {
    let unit = a.fractional_digit_count().max(b.fractional_digit_count());
    let whole = |number: &BigDecimal, scale| number.with_scale(scale).into_bigint_and_scale().0;
    let digits: BigInt = whole(a, unit + decimals) / whole(b, unit);
    BigDecimal::new(digits, decimals)
}

/// To the microsecond: more digits would mean nothing.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
