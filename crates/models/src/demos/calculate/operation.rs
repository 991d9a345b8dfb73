use serde::Serialize;

/// What can be calculated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum Operation {
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a · b
    Multiply,
    /// a / b; b must not be zero.
    Divide,
    /// a to the power of b.
    Power,
    /// The square root of a, which must not be negative.
    Sqrt,
    /// The sine of a, in radians.
    Sin,
    /// The cosine of a, in radians.
    Cos,
    /// The tangent of a, in radians.
    Tan,
    /// The natural logarithm of a, which must be positive.
    Log,
}

impl Operation {
    /// Every operation, in the order in which messages list them.
    pub const ALL: [Self; 10] = [
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Power,
        Self::Sqrt,
        Self::Sin,
        Self::Cos,
        Self::Tan,
        Self::Log,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Subtract => "subtract",
            Self::Multiply => "multiply",
            Self::Divide => "divide",
            Self::Power => "power",
            Self::Sqrt => "sqrt",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Log => "log",
        }
    }

    /// The operation of that name, in exactly that case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }
}

impl From<Operation> for &'static str {
    fn from(operation: Operation) -> Self {
        operation.as_str()
    }
}
