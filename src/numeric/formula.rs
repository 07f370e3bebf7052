//! Compiled expressions: no names, only numbered slots.
//!
//! A [`Formula`] is a tape in topological order: node k reads only nodes below k. Values come from one forward
//! sweep, the gradient from one reverse sweep over the same tape (adjoint differentiation), so that a source that
//! depends on fifty voltages costs two sweeps, not fifty.
//!
//! Semantics (dialect.md 2.2) are total: nothing here panics or returns NaN for finite input. `exp`, `sinh`, `cosh`
//! continue linearly beyond 700, `sqrt` and `ln` act on |x|, x/0 saturates at +-1e32 (0/0 = 0), a negative base with a
//! non-integer exponent gives the real part |x|^p cos(pi p).

/// Index of a node on the tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NodeIndex(pub u32);

/// Functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function1 {
    Neg,
    Not,
    Abs,
    Sgn,
    Sqrt,
    Exp,
    Ln,
    Log10,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Floor,
    Ceil,
    Int,
    Nint,
    Buf,
    Inv,
    /// Step with value 0 at 0.
    Step,
    /// Step with value 1/2 at 0 (ngspice `u`).
    StepHalf,
    /// Ramp max(x, 0).
    Uramp,
    /// x squared.
    Square,
}

/// Functions of two arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Function2 {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Min,
    Max,
    Atan2,
    Hypot,
    Xor,
    /// x^y, exact for integer y.
    Pow,
    /// |x|^y.
    Pwr,
    /// sgn(x) |x|^y.
    Pwrs,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    And,
    Or,
    /// |x| with the sign of y.
    Sign,
}

/// One node of the tape.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A constant.
    Constant(f64),
    /// The value of slot k.
    Slot(u32),
    /// f(a).
    Apply1(Function1, NodeIndex),
    /// f(a, b).
    Apply2(Function2, NodeIndex, NodeIndex),
    /// condition != 0 ? a : b.
    Select(NodeIndex, NodeIndex, NodeIndex),
    /// Piecewise linear table of x, ends held; the table index.
    Table(u32, NodeIndex),
}

/// A compiled expression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Formula {
    nodes: Vec<Node>,
    tables: Vec<Vec<(f64, f64)>>,
}

/// Builds a [`Formula`]; the last pushed node is its value. Folds constants as it goes.
#[derive(Debug, Clone, Default)]
pub struct FormulaBuilder {
    formula: Formula,
}
