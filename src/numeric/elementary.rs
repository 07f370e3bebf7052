//! Elementary functions for device equations, written to be inlined and vectorised.
//!
//! Straight-line code of additions, products, one division at most, selects and integer operations on the bits: no tables,
//! no calls, no fused products, so that a loop over them becomes vector code and every machine gives the same bits.
//!
//! ```text
//! x = n ln 2 + r, |r| <= ln 2 / 2          e^x    = 2^n (cosh r + sinh r)                               (Taylor)
//!                                          sinh x = (2^n - 2^-n)/2 cosh r + (2^n + 2^-n)/2 sinh r
//! x = 2^k m, 1/sqrt 2 <= m < sqrt 2        ln x   = k ln 2 + 2 artanh((m - 1)/(m + 1))                  (Taylor)
//! ```
//!
//! ln 2 is split into a head with trailing zeros, whose multiples are exact, and a tail (Cody & Waite 1980). Errors are
//! below 2 units in the last place over the whole range, subnormal results included; those of [`powf`] below 1e-14.

use std::f64::consts::LOG2_E;

/// ln 2, 42 bits of it.
const LN2_HEAD: f64 = 0.693_147_180_559_890_3;
/// ln 2 - LN2_HEAD.
const LN2_TAIL: f64 = 5.497_923_018_708_371e-14;
/// 1.5 2^52: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// 2^52: its low bits count integers.
const INTEGERS: f64 = 4_503_599_627_370_496.0;
/// Beyond it e^x is 0 or infinite.
const EXP_RANGE: f64 = 800.0;
/// Bits of 1.
const ONE: u64 = 0x3ff0_0000_0000_0000;
/// Bits of 1/sqrt 2.
const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
/// Bits of the significand.
const SIGNIFICAND: u64 = 0x000f_ffff_ffff_ffff;
/// The upper half of a significand: products of two such numbers are exact.
const UPPER: u64 = 0xffff_ffff_f800_0000;

/// a when the condition holds, else b; both are evaluated.
#[inline(always)]
fn select(condition: bool, a: f64, b: f64) -> f64 {
    if condition { a } else { b }
}

/// The value at x of a polynomial, lowest coefficient first.
#[inline(always)]
fn polynomial<const K: usize>(x: f64, coefficients: [f64; K]) -> f64 {
    coefficients.into_iter().rev().reduce(|sum, c| sum * x + c).unwrap_or(0.0)
}

/// x = n ln 2 + r + c with an integer n, |r| <= ln 2 / 2 and the rounding c of r.
#[derive(Clone, Copy)]
struct Reduced {
    n: f64,
    r: f64,
    c: f64,
}

impl Reduced {
    /// Of x + tail, |x| up to [`EXP_RANGE`].
    #[inline(always)]
    fn new(x: f64, tail: f64) -> Self {
        let n = (x * LOG2_E + ROUND) - ROUND;
        let head = x - n * LN2_HEAD;
        let tail = n * LN2_TAIL - tail;
        let r = head - tail;
        Self { n, r, c: (head - r) - tail }
    }

    /// cosh r - 1 and sinh r - r.
    #[inline(always)]
    fn even_and_odd(self) -> (f64, f64) {
        let z = self.r * self.r;
        let even =
            polynomial(z, [1.0 / 2.0, 1.0 / 24.0, 1.0 / 720.0, 1.0 / 40_320.0, 1.0 / 3_628_800.0, 1.0 / 479_001_600.0]);
        let odd = polynomial(
            z,
            [1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0, 1.0 / 362_880.0, 1.0 / 39_916_800.0, 1.0 / 6_227_020_800.0],
        );
        (z * even, self.r * z * odd)
    }

    /// y 2^n, rounded once.
    #[inline(always)]
    fn scale(self, y: f64) -> f64 {
        let half = (self.n * 0.5 + ROUND) - ROUND;
        y * power_of_two(half) * power_of_two(self.n - half)
    }

    /// 2^-n, 0 where it no longer matters beside 1; for n of at least -60.
    #[inline(always)]
    fn inverse_power(self) -> f64 {
        select(self.n > 60.0, 0.0, power_of_two(select(self.n > 60.0, 0.0, -self.n)))
    }
}

/// 2^n for an integer |n| <= 1022.
#[inline(always)]
fn power_of_two(n: f64) -> f64 {
    f64::from_bits(((n + ROUND).to_bits() << 52).wrapping_add(ONE))
}

/// x held to a range; not a number stays what it is.
#[inline(always)]
fn within(x: f64, low: f64, high: f64) -> f64 {
    let x = select(x > high, high, x);
    select(x < low, low, x)
}

/// e^x.
#[inline(always)]
#[must_use]
pub fn exp(x: f64) -> f64 {
    exp_of_sum(within(x, -EXP_RANGE, EXP_RANGE), 0.0)
}

/// e^(x + tail) for |x| <= [`EXP_RANGE`].
#[inline(always)]
fn exp_of_sum(x: f64, tail: f64) -> f64 {
    let reduced = Reduced::new(x, tail);
    let (even, odd) = reduced.even_and_odd();
    reduced.scale(1.0 + (reduced.r + (even + (odd + reduced.c))))
}

/// e^x - 1 without cancellation near 0, and e^x.
#[inline(always)]
#[must_use]
pub fn exp_m1_and_exp(x: f64) -> (f64, f64) {
    let reduced = Reduced::new(within(x, -EXP_RANGE, EXP_RANGE), 0.0);
    let (even, odd) = reduced.even_and_odd();
    let bend = even + (odd + reduced.c);
    // below -60 ln 2 it is -1, whatever stands in its place
    let low = reduced.n < -60.0;
    let above = Reduced { n: select(low, 0.0, reduced.n), ..reduced };
    let less_one = above.scale(((1.0 - above.inverse_power()) + reduced.r) + bend);
    let exp = reduced.scale(1.0 + (reduced.r + bend));
    (select(x == 0.0, x, select(low, -1.0, less_one)), exp)
}

/// e^x - 1 without cancellation near 0.
#[inline(always)]
#[must_use]
pub fn exp_m1(x: f64) -> f64 {
    exp_m1_and_exp(x).0
}

/// sinh x and cosh x.
#[inline(always)]
#[must_use]
pub fn sinh_cosh(x: f64) -> (f64, f64) {
    let reduced = Reduced::new(within(x.abs(), 0.0, EXP_RANGE), 0.0);
    let (even, odd) = reduced.even_and_odd();
    let small = reduced.inverse_power();
    let small = small * small;
    // sinh x = 2^(n-1) (d cosh r + s sinh r), cosh x = 2^(n-1) (s cosh r + d sinh r)
    let (d, s) = (1.0 - small, 1.0 + small);
    let sinh = (d + s * reduced.r) + (d * even + s * (odd + reduced.c));
    let cosh = s + (d * reduced.r + (s * even + d * (odd + reduced.c)));
    (reduced.scale(0.5 * sinh).copysign(x), reduced.scale(0.5 * cosh))
}

/// tanh x and its derivative.
#[inline(always)]
#[must_use]
pub fn tanh_and_slope(x: f64) -> (f64, f64) {
    // tanh |x| = e/(e + 2), 1 - tanh^2 x = 4 (e + 1)/(e + 2)^2, e = e^(2|x|) - 1
    let e = exp_m1(2.0 * within(x.abs(), 0.0, 350.0));
    let part = 1.0 / (e + 2.0);
    let tanh = select(e > 1e20, 1.0, e / (e + 2.0));
    (tanh.copysign(x), (2.0 * part) * (2.0 * (e + 1.0) * part))
}

/// 1/(1 + e^-x) and 1/(1 + e^x), which is one less the other; neither cancels.
#[inline(always)]
#[must_use]
pub fn logistic_and_rest(x: f64) -> (f64, f64) {
    let e = exp(-x.abs());
    let large = 1.0 / (1.0 + e);
    let small = e * large;
    let up = x >= 0.0;
    (select(up, large, small), select(up, small, large))
}

/// ln(1 + e^x) and its derivative, the logistic function.
#[inline(always)]
#[must_use]
pub fn softplus_and_slope(x: f64) -> (f64, f64) {
    let e = exp(-x.abs());
    let large = 1.0 / (1.0 + e);
    let up = x >= 0.0;
    (select(up, x, 0.0) + ln_1p(e), select(up, large, e * large))
}

/// x = 2^k m, as k and m - 1, for positive finite x.
#[inline(always)]
fn exponent_and_fraction(x: f64) -> (f64, f64) {
    let subnormal = x < f64::MIN_POSITIVE;
    let bits = select(subnormal, x * 2.0 * INTEGERS, x).to_bits();
    let offset = bits.wrapping_sub(SQRT_HALF).wrapping_add(ONE);
    let k = f64::from_bits((offset >> 52) | INTEGERS.to_bits()) - (INTEGERS + 1023.0);
    let m = f64::from_bits((offset & SIGNIFICAND) + SQRT_HALF);
    (select(subnormal, k - 53.0, k), m - 1.0)
}

/// ln(1 + f) = f - f^2/2 + s (f^2/2 + R): s and R, for |f| up to sqrt 2 - 1.
#[inline(always)]
fn artanh_terms(f: f64) -> (f64, f64) {
    let s = f / (2.0 + f);
    let z = s * s;
    let series = polynomial(
        z,
        [
            2.0 / 3.0,
            2.0 / 5.0,
            2.0 / 7.0,
            2.0 / 9.0,
            2.0 / 11.0,
            2.0 / 13.0,
            2.0 / 15.0,
            2.0 / 17.0,
            2.0 / 19.0,
            2.0 / 21.0,
        ],
    );
    (s, z * series)
}

/// Natural logarithm; minus infinity at 0, not a number below.
#[inline(always)]
#[must_use]
pub fn ln(x: f64) -> f64 {
    let (k, f) = exponent_and_fraction(x);
    let (s, rest) = artanh_terms(f);
    let half = 0.5 * f * f;
    let ln = k * LN2_HEAD - ((half - (s * (half + rest) + k * LN2_TAIL)) - f);
    ln_at_ends(x, ln)
}

/// The logarithm where the formula does not hold.
#[inline(always)]
fn ln_at_ends(x: f64, inside: f64) -> f64 {
    let ended = select(x == f64::INFINITY, f64::INFINITY, inside);
    let ended = select(x == 0.0, f64::NEG_INFINITY, ended);
    select(x >= 0.0, ended, f64::NAN)
}

/// ln(1 + x) without cancellation near 0.
#[inline(always)]
#[must_use]
pub fn ln_1p(x: f64) -> f64 {
    let one_more = 1.0 + x;
    let lost = select(one_more < f64::INFINITY && one_more != 0.0, (x - (one_more - 1.0)) / one_more, 0.0);
    select(x == 0.0, x, ln(one_more) + lost)
}

/// The upper half of the significand, and the rest.
#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    let upper = f64::from_bits(x.to_bits() & UPPER);
    (upper, x - upper)
}

/// x^p for x >= 0, not a number below: e^(p ln x), with ln x and the product in two numbers each.
#[inline(always)]
#[must_use]
pub fn powf(x: f64, p: f64) -> f64 {
    let (k, f) = exponent_and_fraction(x);
    let (s, rest) = artanh_terms(f);
    let (f_upper, f_lower) = halves(f);
    let (half, half_lost) = (0.5 * f_upper * f_upper, 0.5 * (f + f_upper) * f_lower);
    let tail = s * (half + half_lost + rest) - half_lost;
    let near = f - half;
    let far = k * LN2_HEAD;
    let head = far + near;
    let tail = ((far - head) + near) + (((f - near) - half) + (tail + k * LN2_TAIL));
    let ln = head + tail;
    let (ln_upper, ln_lower) = halves(ln);
    let ln_lower = ln_lower + ((head - ln) + tail);
    let (p_upper, p_lower) = halves(p);
    let y = ln_upper * p_upper;
    let power = exp_of_sum(
        within(y, -EXP_RANGE, EXP_RANGE),
        select(y.abs() < EXP_RANGE, ln_upper * p_lower + ln_lower * p, 0.0),
    );
    let zero = select(p > 0.0, 0.0, f64::INFINITY);
    let power = select(x == 0.0, zero, power);
    let power = select(x == f64::INFINITY, select(p > 0.0, f64::INFINITY, 0.0), power);
    let power = select(x >= 0.0 && !p.is_nan(), power, f64::NAN);
    select(p == 0.0 || x == 1.0, 1.0, power)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of all sizes and both signs, thick around the places where reductions change, and the special ones.
    fn arguments(largest: f64) -> Vec<f64> {
        let mut x =
            vec![0.0, f64::MIN_POSITIVE, f64::MIN_POSITIVE / 8.0, 5e-324, 1e-300, 1e-17, 1e-8, 1.0, f64::INFINITY];
        let mut state = 1u64;
        for k in 0..40_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let uniform = (state >> 11) as f64 / (1u64 << 53) as f64;
            x.push(uniform * [1.0, 4.0, 40.0, largest][k % 4]);
            x.push(2f64.powi((k % 2098) as i32 - 1074) * (1.0 + uniform));
        }
        x.extend((0..3000).map(|k| (f64::from(k) + 0.5) * 0.5 * std::f64::consts::LN_2));
        let negative: Vec<f64> = x.iter().map(|x| -x).collect();
        x.extend(negative);
        x.push(f64::NAN);
        x
    }

    /// Distance in representable numbers; not-a-numbers are alike, zeros are told apart.
    fn ulps(a: f64, b: f64) -> u64 {
        if a.is_nan() || b.is_nan() {
            return if a.is_nan() && b.is_nan() { 0 } else { u64::MAX };
        }
        if a.is_sign_negative() != b.is_sign_negative() {
            return if a.abs().max(b.abs()) < 1e-323 && a != b { 2 } else { u64::MAX };
        }
        a.to_bits().abs_diff(b.to_bits())
    }

    #[track_caller]
    fn close(name: &str, largest: f64, limit: u64, ours: impl Fn(f64) -> f64, exact: impl Fn(f64) -> f64) {
        let worst = arguments(largest).into_iter().max_by_key(|&x| ulps(ours(x), exact(x))).unwrap_or(0.0);
        let apart = ulps(ours(worst), exact(worst));
        assert!(apart <= limit, "{name}({worst:e}) = {:e}, not {:e}: {apart} ulp", ours(worst), exact(worst));
    }

    #[test]
    fn functions_are_those_of_the_standard_library_to_two_units_in_the_last_place() {
        // that of the hyperbolic tangent is itself wrong by up to 2
        close("exp", 760.0, 2, exp, f64::exp);
        close("exp_m1", 760.0, 2, exp_m1, f64::exp_m1);
        close("exp with exp_m1", 760.0, 2, |x| exp_m1_and_exp(x).1, f64::exp);
        close("sinh", 720.0, 2, |x| sinh_cosh(x).0, f64::sinh);
        close("cosh", 720.0, 2, |x| sinh_cosh(x).1, f64::cosh);
        close("tanh", 30.0, 4, |x| tanh_and_slope(x).0, f64::tanh);
        close("ln", 1e6, 2, ln, f64::ln);
        close("ln_1p", 10.0, 2, ln_1p, f64::ln_1p);
    }

    #[test]
    fn powers_hold_fourteen_digits() {
        let exponents = [0.0, 0.5, 1.0, 1.5, 2.35, 3.0, 40.0, 1e-3, 1e4, 1e300, f64::INFINITY, f64::NAN, 1.0 / 3.0];
        for p in exponents.into_iter().flat_map(|p| [p, -p]) {
            let near_one = (0..2000).map(|k| 1.0 + (f64::from(k) - 1000.0) * 1e-5);
            for x in arguments(100.0).into_iter().chain(near_one).filter(|x| !(*x < 0.0 || x.is_sign_negative())) {
                let (ours, exact) = (powf(x, p), x.powf(p));
                let near = (ours - exact).abs() <= 1e-14 * exact.abs() + 1e-323;
                let same = ours == exact || ours.is_nan() && exact.is_nan();
                assert!(near || same, "{x:e}^{p:e}: {ours:e} {exact:e}");
            }
        }
        assert!(powf(-1.0, 2.0).is_nan() && powf(-0.0, 2.0) == 0.0);
    }

    #[test]
    fn the_logistic_function_and_its_rest_are_one() {
        for x in arguments(760.0).into_iter().filter(|x| x.is_finite()) {
            let (s, rest) = logistic_and_rest(x);
            let (exact, exact_rest) = (1.0 / (1.0 + (-x).exp()), 1.0 / (1.0 + x.exp()));
            // the quotients above overflow where the function is subnormal
            assert!(ulps(s, exact) <= 4 || x < -700.0 && s < 1e-300, "{x:e}: {s:e} {exact:e}");
            assert!(ulps(rest, exact_rest) <= 4 || x > 700.0 && rest < 1e-300, "{x:e}: {rest:e} {exact_rest:e}");
            assert!((s + rest - 1.0).abs() <= f64::EPSILON);
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        for x in arguments(300.0).into_iter().filter(|x| x.is_finite() && x.abs() < 340.0) {
            let (softplus, slope) = softplus_and_slope(x);
            let exact = if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
            assert!((softplus - exact).abs() <= 4.0 * f64::EPSILON * exact, "{x:e}: {softplus:e} {exact:e}");
            assert_eq!(slope, logistic_and_rest(x).0, "{x:e}");
            let exact = 1.0 / x.cosh() / x.cosh();
            let slope = tanh_and_slope(x).1;
            assert!((slope - exact).abs() <= 8.0 * f64::EPSILON * exact, "{x:e}: {slope:e} {exact:e}");
        }
    }
}
