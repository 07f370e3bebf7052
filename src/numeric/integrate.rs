//! Integration formulas as coefficient rows, on variable steps.
//!
//! All formulas are written for a charge-like quantity q with rate q' and give, for the step t_n -> t_n + h,
//!
//! ```text
//! q'_{n+1} = alpha q_{n+1} + beta,     beta = a q_n + b q_{n-1} + c q'_n
//! ```
//!
//! | rule        | alpha            | a           | b              | c  | truncation error of q_{n+1}                    |
//! |-------------|------------------|-------------|----------------|----|------------------------------------------------|
//! | Euler       | 1/h              | -1/h        | 0              | 0  | h^2/2 q''   = h (h + h1) D2 h/(h + h1) ...      |
//! | trapezoidal | 2/h              | -2/h        | 0              | -1 | h^3/12 q'''                                    |
//! | BDF2        | (1+2w)/((1+w) h) | -(1+w)/h    | w^2/((1+w) h)  | 0  | (1+w)^2/(6 w (1+2w)) h^3 q'''                  |
//!
//! with w = h/h1 and h1 the step before (Hairer, Norsett, Wanner, Solving ODEs I, III.5; Nagel, SPICE2, 1975).
//! Derivatives are estimated by divided differences over the accepted points: q'' = 2 [q0 q1 q2], q''' = 6 [q0 q1 q2 q3].

/// A one-step or two-step rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Backward Euler, order 1, damps everything; used after every discontinuity.
    Euler,
    /// Trapezoidal, order 2, conserves energy, rings at discontinuities.
    Trapezoidal,
    /// Backward differentiation of order 2, L-stable up to a step ratio of 2.4.
    Bdf2,
}

/// Coefficients of a rule for one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// Factor of q_{n+1}.
    pub alpha: f64,
    /// Factor of q_n.
    pub a: f64,
    /// Factor of q_{n-1}.
    pub b: f64,
    /// Factor of q'_n.
    pub c: f64,
}

impl Coefficients {
    /// The part of q'_{n+1} that the past decides.
    #[must_use]
    pub fn beta(&self, q: f64, q_before: f64, rate: f64) -> f64 {
        // b q_{n-1} first: the differences of nearly equal charges cancel least in this order
        self.a * q + self.b * q_before + self.c * rate
    }
}

impl Rule {
    /// Order of accuracy.
    #[must_use]
    pub fn order(self) -> usize {
        match self {
            Rule::Euler => 1,
            Rule::Trapezoidal | Rule::Bdf2 => 2,
        }
    }

    /// Coefficients for a step `h` after a step `before` (only BDF2 looks at it).
    #[must_use]
    pub fn coefficients(self, h: f64, before: f64) -> Coefficients {
        match self {
            Rule::Euler => Coefficients { alpha: 1.0 / h, a: -1.0 / h, b: 0.0, c: 0.0 },
            Rule::Trapezoidal => Coefficients { alpha: 2.0 / h, a: -2.0 / h, b: 0.0, c: -1.0 },
            Rule::Bdf2 => {
                let w = h / before;
                Coefficients {
                    alpha: (1.0 + 2.0 * w) / ((1.0 + w) * h),
                    a: -(1.0 + w) / h,
                    b: w * w / ((1.0 + w) * h),
                    c: 0.0,
                }
            }
        }
    }

    /// The factor that turns the highest divided difference ([q0 q1 q2] for order 1, [q0 q1 q2 q3] for order 2) into
    /// the truncation error of q_{n+1}.
    #[must_use]
    pub fn error_constant(self, h: f64, before: f64) -> f64 {
        match self {
            Rule::Euler => h * h,
            Rule::Trapezoidal => h * h * h / 2.0,
            Rule::Bdf2 => {
                let w = h / before;
                (1.0 + w) * (1.0 + w) / (w * (1.0 + 2.0 * w)) * h * h * h
            }
        }
    }
}

/// Weights of the divided difference over the times `t` (newest first): [q_0 .. q_k] = sum of w_i q_i.
#[must_use]
pub fn divided_difference_weights(t: &[f64]) -> Vec<f64> {
    (0..t.len())
        .map(|i| {
            let product: f64 = (0..t.len()).filter(|&j| j != i).map(|j| t[i] - t[j]).product();
            1.0 / product
        })
        .collect()
}

/// Lagrange weights that extrapolate from the times `t` to `at`.
#[must_use]
pub fn extrapolation_weights(t: &[f64], at: f64) -> Vec<f64> {
    (0..t.len()).map(|i| (0..t.len()).filter(|&j| j != i).map(|j| (at - t[j]) / (t[i] - t[j])).product()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// A rule of order p differentiates polynomials of degree p exactly on uneven steps.
    #[test]
    fn rules_are_exact_for_polynomials_of_their_order() {
        let (h1, h) = (0.3, 0.7);
        for rule in [Rule::Euler, Rule::Trapezoidal, Rule::Bdf2] {
            let degree = i32::try_from(rule.order()).unwrap();
            let q = |t: f64| t.powi(degree);
            let rate = |t: f64| f64::from(degree) * t.powi(degree - 1);
            let c = rule.coefficients(h, h1);
            let got = c.alpha * q(1.0 + h) + c.beta(q(1.0), q(1.0 - h1), rate(1.0));
            assert_relative_eq!(got, rate(1.0 + h), max_relative = 1e-13);
        }
    }

    /// The error constant predicts the error of one step for the first polynomial that is not exact:
    /// solving alpha q + beta = exact rate gives q off by exactly error_constant * divided difference.
    #[test]
    fn error_constants_match_one_step() {
        let (h1, h2, h) = (0.31, 0.2, 0.47);
        for rule in [Rule::Euler, Rule::Trapezoidal, Rule::Bdf2] {
            let degree = i32::try_from(rule.order()).unwrap() + 1;
            let q = |t: f64| t.powi(degree);
            let rate = |t: f64| f64::from(degree) * t.powi(degree - 1);
            let c = rule.coefficients(h, h1);
            let t1 = 1.0 + h;
            // the rule, fed with the exact rate at t1, returns this q
            let returned = (rate(t1) - c.beta(q(1.0), q(1.0 - h1), rate(1.0))) / c.alpha;
            let times = [t1, 1.0, 1.0 - h1, 1.0 - h1 - h2];
            let w = divided_difference_weights(&times[..rule.order() + 2]);
            let difference: f64 = w.iter().zip(times).map(|(w, t)| w * q(t)).sum();
            let predicted = rule.error_constant(h, h1) * difference;
            assert_relative_eq!((returned - q(t1)).abs(), predicted.abs(), max_relative = 1e-10);
        }
    }

    #[test]
    fn extrapolation_is_exact_for_parabolas() {
        let t = [3.0, 2.5, 1.0];
        let w = extrapolation_weights(&t, 4.0);
        let value: f64 = w.iter().zip(t).map(|(w, t)| w * (2.0 * t * t - t + 1.0)).sum();
        assert_relative_eq!(value, 29.0, max_relative = 1e-13);
    }
}
