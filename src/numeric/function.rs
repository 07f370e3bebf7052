//! The elementary functions of expressions, each with its partial derivatives.
//!
//! y = f(a) or f(a, b) together with df/da (and df/db). All are total: for finite arguments values and derivatives are
//! finite. Where a function has no value it takes the nearest finite one; where it has no derivative, a finite
//! one-sided value or 0. Overflow saturates at the largest finite number.

use std::f64::consts::{LN_10, PI};

/// Beyond this argument exponentials continue linearly.
const EXP_LIMIT: f64 = 700.0;
/// What x/0 gives for x > 0 (as ngspice does).
pub const DIVISION_LIMIT: f64 = 1e32;
/// Smallest root that a derivative divides by.
const ROOT_FLOOR: f64 = 1e-16;
/// Largest argument of `atanh`.
const ATANH_LIMIT: f64 = 1.0 - f64::EPSILON;

/// Functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// Towards zero.
    Int,
    /// To the nearest integer, halves to even (ngspice `nint`).
    Nint,
    /// 1 above 0.5, else 0.
    Buf,
    /// 0 above 0.5, else 1.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function2 {
    Add,
    Sub,
    Mul,
    Div,
    /// Remainder with the sign of x, as C `fmod`; 0 for y = 0.
    Rem,
    Min,
    Max,
    Atan2,
    Hypot,
    /// Exactly one of both is not 0.
    Xor,
    /// x^y, exact for integer y; a negative x with another y gives the real part |x|^y cos(pi y).
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
    /// |x| with the sign of y, positive for y = 0.
    Sign,
}

/// The nearest finite number; NaN stays NaN.
#[inline]
pub(super) fn saturate(x: f64) -> f64 {
    x.clamp(-f64::MAX, f64::MAX)
}

fn indicator(condition: bool) -> f64 {
    f64::from(u8::from(condition))
}

/// -1, 0 or 1.
fn sgn(x: f64) -> f64 {
    indicator(x > 0.0) - indicator(x < 0.0)
}

/// sgn with +1 at 0: the right-hand derivative of |x|.
fn side(x: f64) -> f64 {
    if x < 0.0 { -1.0 } else { 1.0 }
}

impl Function1 {
    /// f(x).
    #[inline]
    #[must_use]
    pub fn value(self, x: f64) -> f64 {
        self.value_and_slope(x).0
    }

    /// f(x) and df/dx.
    #[inline]
    #[must_use]
    pub fn value_and_slope(self, x: f64) -> (f64, f64) {
        let (value, slope) = match self {
            Self::Neg => (-x, -1.0),
            Self::Not => (indicator(x == 0.0), 0.0),
            Self::Abs => (x.abs(), side(x)),
            Self::Sgn => (sgn(x), 0.0),
            Self::Sqrt => sqrt(x),
            Self::Exp => exp(x),
            Self::Ln => ln(x),
            Self::Log10 => {
                let (value, slope) = ln(x);
                // log10 itself, so that powers of ten come out exact
                (if slope == 0.0 { value / LN_10 } else { x.abs().log10() }, slope / LN_10)
            }
            Self::Sin => (x.sin(), x.cos()),
            Self::Cos => (x.cos(), -x.sin()),
            Self::Tan => {
                let t = x.tan();
                (t, 1.0 + t * t)
            }
            Self::Asin => (x.clamp(-1.0, 1.0).asin(), arc_slope(x)),
            Self::Acos => (x.clamp(-1.0, 1.0).acos(), -arc_slope(x)),
            Self::Atan => (x.atan(), 1.0 / (1.0 + x * x)),
            Self::Sinh => sinh(x),
            Self::Cosh => cosh(x),
            Self::Tanh => {
                let t = x.tanh();
                (t, (1.0 - t) * (1.0 + t))
            }
            Self::Asinh => (x.asinh(), 1.0 / x.hypot(1.0)),
            Self::Acosh if x <= 1.0 => (0.0, 0.0),
            Self::Acosh => (x.acosh(), 1.0 / ((x - 1.0).sqrt() * (x + 1.0).sqrt())),
            Self::Atanh if x.abs() > ATANH_LIMIT => (ATANH_LIMIT.copysign(x).atanh(), 0.0),
            Self::Atanh => (x.atanh(), 1.0 / ((1.0 - x) * (1.0 + x))),
            Self::Floor => (x.floor(), 0.0),
            Self::Ceil => (x.ceil(), 0.0),
            Self::Int => (x.trunc(), 0.0),
            Self::Nint => (x.round_ties_even(), 0.0),
            Self::Buf => (indicator(x > 0.5), 0.0),
            Self::Inv => (indicator(x <= 0.5), 0.0),
            Self::Step => (indicator(x > 0.0), 0.0),
            Self::StepHalf => (0.5 * (1.0 + sgn(x)), 0.0),
            Self::Uramp => (x.max(0.0), indicator(x > 0.0)),
            Self::Square => (x * x, 2.0 * x),
        };
        (saturate(value), saturate(slope))
    }
}

fn sqrt(x: f64) -> (f64, f64) {
    let root = x.abs().sqrt();
    (root, 0.5 * side(x) / root.max(ROOT_FLOOR))
}

fn exp(x: f64) -> (f64, f64) {
    if x > EXP_LIMIT {
        let e = EXP_LIMIT.exp();
        return (e * (1.0 + (x - EXP_LIMIT)), e);
    }
    let e = x.exp();
    (e, e)
}

/// ln |x|, held below the smallest normal number.
fn ln(x: f64) -> (f64, f64) {
    if x.abs() < f64::MIN_POSITIVE { (f64::MIN_POSITIVE.ln(), 0.0) } else { (x.abs().ln(), 1.0 / x) }
}

/// d asin / dx, 0 outside [-1, 1].
fn arc_slope(x: f64) -> f64 {
    if x.abs() > 1.0 { 0.0 } else { 1.0 / ((1.0 - x) * (1.0 + x)).sqrt().max(ROOT_FLOOR) }
}

fn sinh(x: f64) -> (f64, f64) {
    if x.abs() > EXP_LIMIT {
        let e = 0.5 * EXP_LIMIT.exp();
        return (side(x) * e * (1.0 + (x.abs() - EXP_LIMIT)), e);
    }
    (x.sinh(), x.cosh())
}

fn cosh(x: f64) -> (f64, f64) {
    if x.abs() > EXP_LIMIT {
        let e = 0.5 * EXP_LIMIT.exp();
        return (e * (1.0 + (x.abs() - EXP_LIMIT)), side(x) * e);
    }
    (x.cosh(), x.sinh())
}

impl Function2 {
    /// f(x, y).
    #[inline]
    #[must_use]
    pub fn value(self, x: f64, y: f64) -> f64 {
        self.value_and_slopes(x, y).0
    }

    /// f(x, y) and its derivatives to x and y.
    #[inline]
    #[must_use]
    pub fn value_and_slopes(self, x: f64, y: f64) -> (f64, [f64; 2]) {
        let (value, slopes) = match self {
            Self::Add => (x + y, [1.0, 1.0]),
            Self::Sub => (x - y, [1.0, -1.0]),
            Self::Mul => (x * y, [y, x]),
            Self::Div => quotient(x, y),
            Self::Rem if y == 0.0 => (0.0, [0.0, 0.0]),
            Self::Rem => (x % y, [1.0, -(x / y).trunc()]),
            Self::Min => (x.min(y), [indicator(x <= y), indicator(x > y)]),
            Self::Max => (x.max(y), [indicator(x >= y), indicator(x < y)]),
            Self::Atan2 => atan2(x, y),
            Self::Hypot => {
                let h = x.hypot(y);
                (h, if h == 0.0 { [0.0, 0.0] } else { [x / h, y / h] })
            }
            Self::Pow => power(x, y),
            Self::Pwr => absolute_power(x, y),
            Self::Pwrs => {
                let (value, [dx, dy]) = absolute_power(x, y);
                (sgn(x) * value, [side(x) * dx, sgn(x) * dy])
            }
            Self::Sign => (x.abs() * side(y), [side(x) * side(y), 0.0]),
            Self::Xor => (indicator((x != 0.0) != (y != 0.0)), [0.0, 0.0]),
            Self::Lt => (indicator(x < y), [0.0, 0.0]),
            Self::Le => (indicator(x <= y), [0.0, 0.0]),
            Self::Gt => (indicator(x > y), [0.0, 0.0]),
            Self::Ge => (indicator(x >= y), [0.0, 0.0]),
            Self::Eq => (indicator(x == y), [0.0, 0.0]),
            Self::Ne => (indicator(x != y), [0.0, 0.0]),
            Self::And => (indicator(x != 0.0 && y != 0.0), [0.0, 0.0]),
            Self::Or => (indicator(x != 0.0 || y != 0.0), [0.0, 0.0]),
        };
        (saturate(value), slopes.map(saturate))
    }
}

/// x / y; x/0 saturates, 0/0 = 0.
fn quotient(x: f64, y: f64) -> (f64, [f64; 2]) {
    if y == 0.0 {
        return (sgn(x) * DIVISION_LIMIT, [0.0, 0.0]);
    }
    let q = saturate(x / y);
    (q, [1.0 / y, -q / y])
}

/// Angle of the point (y, x); derivatives 0 at the origin.
fn atan2(y: f64, x: f64) -> (f64, [f64; 2]) {
    let h = y.hypot(x);
    (y.atan2(x), if h == 0.0 { [0.0, 0.0] } else { [x / h / h, -(y / h) / h] })
}

/// |x|^y and its derivatives; 0^y saturates for y < 0, its derivatives are 0 unless y = 1.
fn absolute_power(x: f64, y: f64) -> (f64, [f64; 2]) {
    let a = x.abs();
    if a == 0.0 {
        let value = if y < 0.0 { DIVISION_LIMIT } else { a.powf(y) };
        return (value, [indicator(y == 1.0), 0.0]);
    }
    let value = saturate(a.powf(y));
    (value, [side(x) * y * saturate(a.powf(y - 1.0)), value * a.ln()].map(saturate))
}

/// x^y = |x|^y cos(pi y) for x < 0, where cos(pi y) is +-1 exactly for integer y.
fn power(x: f64, y: f64) -> (f64, [f64; 2]) {
    let (value, [dx, dy]) = absolute_power(x, y);
    if x >= 0.0 {
        return (value, [dx, dy]);
    }
    let (cos, sin) = if y == y.trunc() {
        (if y % 2.0 == 0.0 { 1.0 } else { -1.0 }, 0.0)
    } else {
        // reduced first: y is exact modulo 2, pi y is not
        let phase = PI * (y % 2.0);
        (phase.cos(), phase.sin())
    };
    (value * cos, [dx * cos, dy * cos - saturate(value * PI) * sin])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub const ALL1: [Function1; 30] = {
        use Function1::*;
        [
            Neg, Not, Abs, Sgn, Sqrt, Exp, Ln, Log10, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Tanh, Asinh, Acosh,
            Atanh, Floor, Ceil, Int, Nint, Buf, Inv, Step, StepHalf, Uramp, Square,
        ]
    };
    pub const ALL2: [Function2; 22] = {
        use Function2::*;
        [Add, Sub, Mul, Div, Rem, Min, Max, Atan2, Hypot, Xor, Pow, Pwr, Pwrs, Lt, Le, Gt, Ge, Eq, Ne, And, Or, Sign]
    };

    /// Central difference with its own error estimate from halving the step.
    fn difference(f: impl Fn(f64) -> f64, x: f64) -> (f64, f64) {
        let h = 1e-4 * x.abs().max(1.0);
        let central = |h: f64| (f(x + h) - f(x - h)) / (2.0 * h);
        let (coarse, fine) = (central(h), central(0.5 * h));
        // Richardson: the h^2 term is gone, what remains is below the difference of both plus rounding
        let rounding = 4.0 * f64::EPSILON * f(x).abs().max(x.abs()) / h;
        ((4.0 * fine - coarse) / 3.0, (fine - coarse).abs() * 0.1 + rounding + 1e-9 * fine.abs())
    }

    #[test]
    fn slopes_of_one_argument_match_differences() {
        // away from the corners; 2.3 and 750.3 reach acosh and the linear tails
        for f in ALL1 {
            for x in [-750.3, -2.3, -0.7, -0.2, 0.3, 0.62, 2.3, 5.7, 750.3] {
                let (expected, error) = difference(|x| f.value(x), x);
                let slope = f.value_and_slope(x).1;
                assert!((slope - expected).abs() <= error, "{f:?}({x}): {slope} against {expected} +- {error}");
            }
        }
    }

    #[test]
    fn slopes_of_two_arguments_match_differences() {
        for f in ALL2 {
            for (x, y) in [(1.3, 0.7), (-1.3, 0.7), (1.3, -0.7), (-2.3, -1.6), (0.4, 2.6), (-0.4, 2.6), (7.1, 3.3)] {
                let slopes = f.value_and_slopes(x, y).1;
                let (dx, error) = difference(|x| f.value(x, y), x);
                assert!((slopes[0] - dx).abs() <= error, "d{f:?}({x},{y})/dx: {} against {dx} +- {error}", slopes[0]);
                let (dy, error) = difference(|y| f.value(x, y), y);
                assert!((slopes[1] - dy).abs() <= error, "d{f:?}({x},{y})/dy: {} against {dy} +- {error}", slopes[1]);
            }
        }
        // integer exponents of a negative base: dx is exact there
        let (value, slopes) = Function2::Pow.value_and_slopes(-2.0, 3.0);
        assert_eq!((value, slopes[0]), (-8.0, 12.0));
    }

    #[test]
    fn everything_is_finite() {
        let edge = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.0, 1e-320, 1e-300, 1e300, -1e300, f64::MAX, -f64::MAX, 800.0];
        for x in edge {
            for f in ALL1 {
                let (value, slope) = f.value_and_slope(x);
                assert!(value.is_finite() && slope.is_finite(), "{f:?}({x}) = {value}, slope {slope}");
            }
            for (f, y) in ALL2.into_iter().flat_map(|f| edge.map(|y| (f, y))) {
                let (value, slopes) = f.value_and_slopes(x, y);
                assert!(
                    value.is_finite() && slopes.iter().all(|s| s.is_finite()),
                    "{f:?}({x},{y}): {value} {slopes:?}"
                );
            }
        }
    }

    #[test]
    fn values_where_dialects_differ() {
        use Function1::*;
        use Function2::*;
        assert_eq!(Pow.value(-2.0, 3.0), -8.0);
        assert_eq!(Pow.value(2.0, 0.5), std::f64::consts::SQRT_2);
        // real part of 2 e^(i pi / 3)
        assert!((Pow.value(-8.0, 1.0 / 3.0) - 1.0).abs() < 4e-16);
        assert_eq!(Pow.value(0.0, 0.0), 1.0);
        assert_eq!(Pow.value(0.0, -1.0), 1e32);
        assert_eq!((Pwr.value(-2.0, 3.0), Pwrs.value(-2.0, 3.0)), (8.0, -8.0));
        assert_eq!((Div.value(1.0, 0.0), Div.value(-1.0, 0.0), Div.value(0.0, 0.0)), (1e32, -1e32, 0.0));
        assert_eq!((Sqrt.value(-4.0), Ln.value(-1.0), Log10.value(-1000.0)), (2.0, 0.0, 3.0));
        assert_eq!((Step.value(0.0), StepHalf.value(0.0), StepHalf.value(2.0)), (0.0, 0.5, 1.0));
        assert_eq!(Exp.value(20.0), 20f64.exp());
        assert_eq!(Exp.value(702.0), 3.0 * 700f64.exp());
        assert_eq!(Cosh.value(-1035.0), 336.0 * 0.5 * 700f64.exp());
        assert_eq!((Nint.value(2.5), Nint.value(-1.6), Int.value(-1.6)), (2.0, -2.0, -1.0));
        assert_eq!((Rem.value(-7.5, 2.0), Rem.value(1.0, 0.0)), (-1.5, 0.0));
        assert_eq!((Buf.value(0.6), Inv.value(0.6), Not.value(0.6)), (1.0, 0.0, 0.0));
        assert_eq!((Xor.value(3.0, 0.0), Xor.value(3.0, 2.0)), (1.0, 0.0));
        assert_eq!((Sign.value(-3.0, -0.5), Sign.value(-3.0, 0.5)), (-3.0, 3.0));
    }
}
