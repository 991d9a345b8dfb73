//! What a result must be, by school arithmetic on whole numbers: no floats, and no decimals but their digits.

use num_bigint::{BigInt, Sign};

/// A number as a fraction; the denominator is positive.
#[derive(Debug, Clone)]
pub struct Fraction {
    numerator: BigInt,
    denominator: BigInt,
}

fn ten_to_the(exponent: usize) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).expect("an exponent of a float"))
}

impl Fraction {
    /// The decimal that people read when they see `number`: its shortest form, written without an exponent.
    pub fn read(number: f64) -> Self {
        let text = number.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let numerator = format!("{whole}{decimals}").parse().expect("digits");
        Self { numerator, denominator: ten_to_the(decimals.len()) }
    }

    pub fn plus(&self, other: &Self) -> Self {
        let numerator = &self.numerator * &other.denominator + &other.numerator * &self.denominator;
        Self { numerator, denominator: &self.denominator * &other.denominator }
    }

    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&Self { numerator: -&other.numerator, denominator: other.denominator.clone() })
    }

    pub fn times(&self, other: &Self) -> Self {
        let denominator = &self.denominator * &other.denominator;
        Self { numerator: &self.numerator * &other.numerator, denominator }
    }

    pub fn over(&self, other: &Self) -> Self {
        let numerator = &self.numerator * &other.denominator;
        let denominator = &self.denominator * &other.numerator;
        match denominator.sign() {
            Sign::Minus => Self { numerator: -numerator, denominator: -denominator },
            Sign::Plus => Self { numerator, denominator },
            Sign::NoSign => panic!("a division by zero"),
        }
    }

    /// Rounded to so many decimals, half away from zero, and then to the nearest float, which may be infinite.
    pub fn rounded(&self, decimals: u8) -> f64 {
        let decimals = usize::from(decimals);
        let magnitude = BigInt::from(self.numerator.magnitude().clone());
        // Half a unit more, cut off: |x| + 1/2 = (2n + d) / 2d.
        let doubled = 2 * magnitude * ten_to_the(decimals) + &self.denominator;
        let units: BigInt = doubled / (2 * &self.denominator);
        let digits = format!("{:0>1$}", units.to_string(), decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        let nearest: f64 = format!("{whole}.{fraction}").parse().expect("a decimal");
        // The sum turns -0 into 0.
        if self.numerator.sign() == Sign::Minus { -nearest + 0.0 } else { nearest }
    }
}
