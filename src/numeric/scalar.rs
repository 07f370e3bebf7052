//! The fields that linear systems are solved over: real for time, complex for frequency.

use std::ops::{Add, AddAssign, Div, Mul, Sub, SubAssign};

/// A number with the arithmetic of elimination.
pub trait Scalar:
    Copy
    + Default
    + PartialEq
    + std::fmt::Debug
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// A size for comparisons: |x|, or |re| + |im|.
    fn magnitude(self) -> f64;
    /// x times a real factor.
    #[must_use]
    fn scaled(self, factor: f64) -> Self;
}

impl Scalar for f64 {
    const ZERO: Self = 0.0;
    #[inline]
    fn magnitude(self) -> f64 {
        self.abs()
    }
    #[inline]
    fn scaled(self, factor: f64) -> Self {
        self * factor
    }
}

impl Scalar for nalgebra::Complex<f64> {
    const ZERO: Self = Self::new(0.0, 0.0);
    #[inline]
    fn magnitude(self) -> f64 {
        self.re.abs() + self.im.abs()
    }
    #[inline]
    fn scaled(self, factor: f64) -> Self {
        Self::new(self.re * factor, self.im * factor)
    }
}
