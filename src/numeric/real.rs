//! The scalars that device physics is written for.
//!
//! A device writes its equations once for any [`Real`]. With `f64` they give values; with
//! [`Dual<N>`] they give values and the exact gradient by forward-mode differentiation:
//! `(v, dv) o (w, dw)` follows the chain rule, `f(v + e dv) = f(v) + e f'(v) dv`.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::elementary;

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
    #[inline(always)]
    fn exp(self) -> Self {
        let (inside, over) = within_limit(self.value());
        let e = elementary::exp(inside);
        self.chain(e * (1.0 + over), e)
    }
    /// e^x - 1 without cancellation near 0; continued linearly like [`Real::exp`].
    #[must_use]
    #[inline(always)]
    fn exp_m1(self) -> Self {
        let (inside, over) = within_limit(self.value());
        let (less_one, e) = elementary::exp_m1_and_exp(inside);
        self.chain(less_one + e * over, e)
    }
    /// Natural logarithm; the caller guarantees a positive argument.
    #[must_use]
    #[inline(always)]
    fn ln(self) -> Self {
        let x = self.value();
        self.chain(elementary::ln(x), 1.0 / x)
    }
    /// ln(1 + x) without cancellation near 0, for x > -1.
    #[must_use]
    #[inline(always)]
    fn ln_1p(self) -> Self {
        let x = self.value();
        self.chain(elementary::ln_1p(x), 1.0 / (1.0 + x))
    }
    /// ln(1 + e^x), the smooth ramp.
    #[must_use]
    #[inline(always)]
    fn softplus(self) -> Self {
        let (value, slope) = elementary::softplus_and_slope(self.value());
        self.chain(value, slope)
    }
    /// 1 / (1 + e^-x) without overflow.
    #[must_use]
    #[inline(always)]
    fn logistic(self) -> Self {
        let (s, rest) = elementary::logistic_and_rest(self.value());
        self.chain(s, s * rest)
    }
    /// Hyperbolic sine; beyond |x| = [`EXP_LIMIT`] the exponential's linear continuation, odd in x.
    #[must_use]
    #[inline(always)]
    fn sinh(self) -> Self {
        let x = self.value();
        let (inside, over) = within_limit(x.abs());
        let (sinh, cosh) = elementary::sinh_cosh(inside.copysign(x));
        self.chain(sinh * (1.0 + over), cosh)
    }
    /// Hyperbolic cosine with the same continuation.
    #[must_use]
    #[inline(always)]
    fn cosh(self) -> Self {
        let x = self.value();
        let (inside, over) = within_limit(x.abs());
        let (sinh, cosh) = elementary::sinh_cosh(inside.copysign(x));
        self.chain(cosh * (1.0 + over), sinh)
    }
    /// Hyperbolic tangent.
    #[must_use]
    #[inline(always)]
    fn tanh(self) -> Self {
        let (tanh, slope) = elementary::tanh_and_slope(self.value());
        self.chain(tanh, slope)
    }
    /// Sine.
    #[must_use]
    #[inline(always)]
    fn sin(self) -> Self {
        self.chain(self.value().sin(), self.value().cos())
    }
    /// Cosine.
    #[must_use]
    #[inline(always)]
    fn cos(self) -> Self {
        self.chain(self.value().cos(), -self.value().sin())
    }
    /// Square root; derivative held finite at 0.
    #[must_use]
    #[inline(always)]
    fn sqrt(self) -> Self {
        let r = self.value().sqrt();
        self.chain(r, 0.5 / r.max(f64::MIN_POSITIVE.sqrt()))
    }
    /// |x|, with slope +1 at 0.
    #[must_use]
    #[inline(always)]
    fn abs(self) -> Self {
        if self.value() < 0.0 { -self } else { self }
    }
    /// x^n for an integer n.
    #[must_use]
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        let x = self.value();
        let slope = if n == 0 { 0.0 } else { f64::from(n) * x.powi(n - 1) };
        self.chain(x.powi(n), slope)
    }
    /// x^p for x >= 0 and a constant p; the derivative at 0 is 0 for p < 1 (held finite).
    #[must_use]
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        if p == 1.0 {
            return self;
        }
        let x = self.value();
        let value = elementary::powf(x, p);
        let slope = p * value / x;
        self.chain(value, if slope.is_finite() { slope } else { 0.0 })
    }
    /// `a` when the condition holds, else `b`. Both are evaluated: a loop over instances goes one way whatever holds.
    #[must_use]
    fn select(condition: bool, a: Self, b: Self) -> Self;
    /// The larger by value.
    #[must_use]
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self.value() >= other.value() { self } else { other }
    }
    /// The smaller by value.
    #[must_use]
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self.value() <= other.value() { self } else { other }
    }
    /// x clamped to constant bounds; the derivative is zero outside them.
    #[must_use]
    #[inline(always)]
    fn clamp(self, low: f64, high: f64) -> Self {
        self.max(Self::from(low)).min(Self::from(high))
    }
}

/// x held to [`EXP_LIMIT`], and by how much it is above.
#[inline(always)]
fn within_limit(x: f64) -> (f64, f64) {
    let beyond = x > EXP_LIMIT;
    (if beyond { EXP_LIMIT } else { x }, if beyond { x - EXP_LIMIT } else { 0.0 })
}

impl Real for f64 {
    #[inline(always)]
    fn value(self) -> f64 {
        self
    }
    #[inline(always)]
    fn chain(self, value: f64, _derivative: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn select(condition: bool, a: f64, b: f64) -> f64 {
        if condition { a } else { b }
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
    /// A value with the gradient `slope(k)`; a plain loop, which is inlined wherever it stands.
    #[inline(always)]
    fn new(v: f64, slope: impl Fn(usize) -> f64) -> Self {
        let mut d = [0.0; N];
        for k in 0..N {
            d[k] = slope(k);
        }
        Self { v, d }
    }
    /// The k-th independent variable with value `v`.
    #[must_use]
    #[inline(always)]
    pub fn variable(v: f64, k: usize) -> Self {
        let mut d = [0.0; N];
        d[k] = 1.0;
        Self { v, d }
    }
    #[inline(always)]
    fn map(self, v: f64, slope: f64) -> Self {
        Self::new(v, |k| slope * self.d[k])
    }
}

impl<const N: usize> From<f64> for Dual<N> {
    #[inline(always)]
    fn from(v: f64) -> Self {
        Self { v, d: [0.0; N] }
    }
}

impl<const N: usize> Real for Dual<N> {
    #[inline(always)]
    fn value(self) -> f64 {
        self.v
    }
    #[inline(always)]
    fn chain(self, value: f64, derivative: f64) -> Self {
        self.map(value, derivative)
    }
    #[inline(always)]
    fn select(condition: bool, a: Self, b: Self) -> Self {
        let pick = |a, b| if condition { a } else { b };
        Self::new(pick(a.v, b.v), |k| pick(a.d[k], b.d[k]))
    }
}

impl<const N: usize> Add for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self::new(self.v + o.v, |k| self.d[k] + o.d[k])
    }
}
impl<const N: usize> Sub for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self::new(self.v - o.v, |k| self.d[k] - o.d[k])
    }
}
impl<const N: usize> Mul for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self::new(self.v * o.v, |k| self.d[k] * o.v + self.v * o.d[k])
    }
}
impl<const N: usize> Div for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let v = self.v / o.v;
        Self::new(v, |k| (self.d[k] - v * o.d[k]) / o.v)
    }
}
impl<const N: usize> Neg for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(-self.v, -1.0)
    }
}
impl<const N: usize> Add<f64> for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: f64) -> Self {
        Self { v: self.v + o, d: self.d }
    }
}
impl<const N: usize> Sub<f64> for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: f64) -> Self {
        Self { v: self.v - o, d: self.d }
    }
}
impl<const N: usize> Mul<f64> for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: f64) -> Self {
        self.map(self.v * o, o)
    }
}
impl<const N: usize> Div<f64> for Dual<N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: f64) -> Self {
        self.map(self.v / o, 1.0 / o)
    }
}
impl<const N: usize> AddAssign for Dual<N> {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}
impl<const N: usize> SubAssign for Dual<N> {
    #[inline(always)]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}
impl<const N: usize> MulAssign for Dual<N> {
    #[inline(always)]
    fn mul_assign(&mut self, o: Self) {
        *self = *self * o;
    }
}
impl<const N: usize> DivAssign for Dual<N> {
    #[inline(always)]
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}
