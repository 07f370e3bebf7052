//! The scalars that device physics is written for.
//!
//! A device writes its equations once for any [`Real`]. With `f64` they give values; with
//! [`Dual<N>`] they give values and the exact gradient by forward-mode differentiation:
//! `(v, dv) o (w, dw)` follows the chain rule, `f(v + e dv) = f(v) + e f'(v) dv`.

use std::array;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// Where exponentials turn linear: e^230 is about 1e100, so that products of two of them and their slopes stay finite.
pub const EXP_LIMIT: f64 = 230.0;

/// A real scalar with the functions that device equations need.
///
/// Comparisons look at the value only: `if v.value() > 0.0` picks the same branch for `f64` and [`Dual`].
pub trait Real:
    Copy
    + std::fmt::Debug
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// The plain value.
    fn value(self) -> f64;
    /// Applies a scalar function given its value and its derivative at `self`.
    #[must_use]
    fn chain(self, value: f64, derivative: f64) -> Self;

    /// e^x, continued linearly above x = [`EXP_LIMIT`] so that it neither overflows nor loses its slope.
    #[must_use]
    fn exp(self) -> Self {
        const LIMIT: f64 = EXP_LIMIT;
        let x = self.value();
        if x > LIMIT {
            let e = LIMIT.exp();
            return self.chain(e * (1.0 + (x - LIMIT)), e);
        }
        let e = x.exp();
        self.chain(e, e)
    }
    /// e^x - 1 without cancellation near 0; continued linearly like [`Real::exp`].
    #[must_use]
    fn exp_m1(self) -> Self {
        let x = self.value();
        if x > EXP_LIMIT { self.exp() - 1.0 } else { self.chain(x.exp_m1(), x.exp()) }
    }
    /// Natural logarithm; the caller guarantees a positive argument.
    #[must_use]
    fn ln(self) -> Self {
        let x = self.value();
        self.chain(x.ln(), 1.0 / x)
    }
    /// ln(1 + e^x), the smooth ramp.
    #[must_use]
    fn softplus(self) -> Self {
        let x = self.value();
        let value = if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
        self.chain(value, logistic(x))
    }
    /// 1 / (1 + e^-x) without overflow.
    #[must_use]
    fn logistic(self) -> Self {
        let s = logistic(self.value());
        let x = self.value();
        // s (1 - s), written so that neither tail cancels
        self.chain(s, s * logistic(-x))
    }
    /// Hyperbolic sine; beyond |x| = [`EXP_LIMIT`] the exponential's linear continuation, odd in x.
    #[must_use]
    fn sinh(self) -> Self {
        const LIMIT: f64 = EXP_LIMIT;
        let x = self.value();
        if x.abs() > LIMIT {
            let e = 0.5 * LIMIT.exp();
            return self.chain(x.signum() * e * (1.0 + (x.abs() - LIMIT)), e);
        }
        self.chain(x.sinh(), x.cosh())
    }
    /// Hyperbolic cosine with the same continuation.
    #[must_use]
    fn cosh(self) -> Self {
        const LIMIT: f64 = EXP_LIMIT;
        let x = self.value();
        if x.abs() > LIMIT {
            let e = 0.5 * LIMIT.exp();
            return self.chain(e * (1.0 + (x.abs() - LIMIT)), x.signum() * e);
        }
        self.chain(x.cosh(), x.sinh())
    }
    /// Hyperbolic tangent.
    #[must_use]
    fn tanh(self) -> Self {
        let t = self.value().tanh();
        self.chain(t, 1.0 - t * t)
    }
    /// Sine.
    #[must_use]
    fn sin(self) -> Self {
        self.chain(self.value().sin(), self.value().cos())
    }
    /// Cosine.
    #[must_use]
    fn cos(self) -> Self {
        self.chain(self.value().cos(), -self.value().sin())
    }
    /// Square root; derivative held finite at 0.
    #[must_use]
    fn sqrt(self) -> Self {
        let r = self.value().sqrt();
        self.chain(r, 0.5 / r.max(f64::MIN_POSITIVE.sqrt()))
    }
    /// |x|, with slope +1 at 0.
    #[must_use]
    fn abs(self) -> Self {
        if self.value() < 0.0 { -self } else { self }
    }
    /// x^n for an integer n.
    #[must_use]
    fn powi(self, n: i32) -> Self {
        let x = self.value();
        let slope = if n == 0 { 0.0 } else { f64::from(n) * x.powi(n - 1) };
        self.chain(x.powi(n), slope)
    }
    /// x^p for x >= 0 and a constant p; the derivative at 0 is 0 for p < 1 (held finite).
    #[must_use]
    fn powf(self, p: f64) -> Self {
        let x = self.value();
        let slope = if p == 0.0 { 0.0 } else { p * x.powf(p - 1.0) };
        self.chain(x.powf(p), if slope.is_finite() { slope } else { 0.0 })
    }
    /// The larger by value.
    #[must_use]
    fn max(self, other: Self) -> Self {
        if self.value() >= other.value() { self } else { other }
    }
    /// The smaller by value.
    #[must_use]
    fn min(self, other: Self) -> Self {
        if self.value() <= other.value() { self } else { other }
    }
    /// x clamped to constant bounds; the derivative is zero outside them.
    #[must_use]
    fn clamp(self, low: f64, high: f64) -> Self {
        self.max(Self::from(low)).min(Self::from(high))
    }
}

/// 1 / (1 + e^-x) for any finite x.
#[must_use]
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

impl Real for f64 {
    fn value(self) -> f64 {
        self
    }
    fn chain(self, value: f64, _derivative: f64) -> f64 {
        value
    }
}

/// A value with its gradient with respect to N local unknowns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<const N: usize> {
    /// Value.
    pub v: f64,
    /// Partial derivatives.
    pub d: [f64; N],
}

impl<const N: usize> Dual<N> {
    /// The k-th independent variable with value `v`.
    #[must_use]
    pub fn variable(v: f64, k: usize) -> Self {
        let mut d = [0.0; N];
        d[k] = 1.0;
        Self { v, d }
    }
    fn map(self, v: f64, slope: f64) -> Self {
        Self { v, d: array::from_fn(|k| slope * self.d[k]) }
    }
}

impl<const N: usize> From<f64> for Dual<N> {
    fn from(v: f64) -> Self {
        Self { v, d: [0.0; N] }
    }
}

impl<const N: usize> Real for Dual<N> {
    fn value(self) -> f64 {
        self.v
    }
    fn chain(self, value: f64, derivative: f64) -> Self {
        self.map(value, derivative)
    }
}

impl<const N: usize> Add for Dual<N> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self { v: self.v + o.v, d: array::from_fn(|k| self.d[k] + o.d[k]) }
    }
}
impl<const N: usize> Sub for Dual<N> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self { v: self.v - o.v, d: array::from_fn(|k| self.d[k] - o.d[k]) }
    }
}
impl<const N: usize> Mul for Dual<N> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        Self { v: self.v * o.v, d: array::from_fn(|k| self.d[k] * o.v + self.v * o.d[k]) }
    }
}
impl<const N: usize> Div for Dual<N> {
    type Output = Self;
    fn div(self, o: Self) -> Self {
        let v = self.v / o.v;
        Self { v, d: array::from_fn(|k| (self.d[k] - v * o.d[k]) / o.v) }
    }
}
impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self.map(-self.v, -1.0)
    }
}
impl<const N: usize> Add<f64> for Dual<N> {
    type Output = Self;
    fn add(self, o: f64) -> Self {
        Self { v: self.v + o, d: self.d }
    }
}
impl<const N: usize> Sub<f64> for Dual<N> {
    type Output = Self;
    fn sub(self, o: f64) -> Self {
        Self { v: self.v - o, d: self.d }
    }
}
impl<const N: usize> Mul<f64> for Dual<N> {
    type Output = Self;
    fn mul(self, o: f64) -> Self {
        self.map(self.v * o, o)
    }
}
impl<const N: usize> Div<f64> for Dual<N> {
    type Output = Self;
    fn div(self, o: f64) -> Self {
        self.map(self.v / o, 1.0 / o)
    }
}
impl<const N: usize> AddAssign for Dual<N> {
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl<const N: usize> SubAssign for Dual<N> {
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}
impl<const N: usize> MulAssign for Dual<N> {
    fn mul_assign(&mut self, o: Self) {
        *self = *self * o;
    }
}
impl<const N: usize> DivAssign for Dual<N> {
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}
