use serde::Serialize;

use crate::named_enum;

named_enum! {
    /// What can be calculated.
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[derive(Serialize)]
    #[serde(into = "&'static str")]
    pub enum Operation {
        /// a + b
        Add = "add",
        /// a − b
        Subtract = "subtract",
        /// a · b
        Multiply = "multiply",
        /// a / b; b must not be zero.
        Divide = "divide",
        /// a to the power of b.
        Power = "power",
        /// The square root of a, which must not be negative.
        Sqrt = "sqrt",
        /// The sine of a, in radians.
        Sin = "sin",
        /// The cosine of a, in radians.
        Cos = "cos",
        /// The tangent of a, in radians.
        Tan = "tan",
        /// The natural logarithm of a, which must be positive.
        Log = "log",
    }
}

impl From<Operation> for &'static str {
    fn from(operation: Operation) -> Self {
        operation.as_str()
    }
}
