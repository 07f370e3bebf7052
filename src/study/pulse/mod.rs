//! How evenly pulses move a conductance: potentiation and depression curves, NL and ANL, and pulse schemes that make
//! them straight.
//!
//! With G_P(n), G_D(n) the conductance after n of N pulses up and down, Gmax = G_P(N), Gmin = G_P(0):
//!
//! ```text
//! NL  = max over n of |G_P(n) - G_D(N-n)| / (Gmax - Gmin)
//! ANL = |G_P(N/2) - G_D(N/2)| / (Gmax - Gmin)
//! bow = max over n and both curves of |G(n) - straight line through its ends| / (Gmax - Gmin)
//! ```
//!
//! NL compares the way up with the way down run backwards, so NL >= ANL, and both vanish for a bent curve that returns
//! on itself: the bow says what they do not.

mod optimise;
mod run;
mod scheme;
mod study;

pub use optimise::{Objective, Optimum, optimise};
pub use run::{Cell, cycles};
pub use scheme::{Ramp, Scheme, Which};
pub use study::Pulse;

/// Conductances of one cycle in S; index n holds the value after n pulses.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// On the way up, from before the first pulse; N + 1 values.
    pub up: Vec<f64>,
    /// On the way down, from after the last pulse up; N + 1 values.
    pub down: Vec<f64>,
}

/// Figures of merit of one cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linearity {
    /// Nonlinearity.
    pub nl: f64,
    /// The n at which it is largest.
    pub at: usize,
    /// Asymmetric nonlinearity.
    pub anl: f64,
    /// Largest deviation from a straight line.
    pub bow: f64,
    /// Conductance after the last pulse up, in S.
    pub gmax: f64,
    /// Conductance before the first pulse up, in S.
    pub gmin: f64,
}

/// Said wherever NL and ANL are printed.
pub const DEFINITIONS: &str = "\
NL  = max over n of |G_P(n) - G_D(N-n)| / (Gmax - Gmin)
ANL = |G_P(N/2) - G_D(N/2)| / (Gmax - Gmin)
bow = max over n and both curves of |G(n) - straight line through its ends| / (Gmax - Gmin)
G_P(n), G_D(n): conductance after n of N pulses up, down; Gmax = G_P(N), Gmin = G_P(0)";

impl Cycle {
    /// NL, ANL and the bow; `None` without a pulse or when the pulses up do not raise the conductance.
    #[must_use]
    pub fn linearity(&self) -> Option<Linearity> {
        let n = self.up.len().checked_sub(1).filter(|n| *n > 0 && self.down.len() == n + 1)?;
        let (gmin, gmax) = (self.up[0], self.up[n]);
        let range = gmax - gmin;
        if range <= 0.0 || !range.is_finite() {
            return None;
        }
        let apart = |k: usize| (self.up[k] - self.down[n - k]).abs() / range;
        let at = (0..=n).max_by(|&a, &b| apart(a).total_cmp(&apart(b)))?;
        let anl = (self.up[n / 2] - self.down[n / 2]).abs() / range;
        let bow = bow(&self.up).max(bow(&self.down)) / range;
        Some(Linearity { nl: apart(at), at, anl, bow, gmax, gmin })
    }
}

/// Largest distance from the straight line through the ends.
fn bow(curve: &[f64]) -> f64 {
    let last = curve.len() - 1;
    let line = |k: usize| curve[0] + (curve[last] - curve[0]) * k as f64 / last as f64;
    (0..=last).map(|k| (curve[k] - line(k)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// G = B (1 - exp(-n/A)) both ways: NL = ANL = tanh(N/(4A)).
    #[test]
    fn exponential_curves_have_the_closed_form() {
        for a in [15.306, 39.994, 83.187] {
            let n = 64;
            let b = 1.0 / (1.0 - (-(n as f64) / a).exp());
            let up: Vec<f64> = (0..=n).map(|k| 1.0 + b * (1.0 - (-(k as f64) / a).exp())).collect();
            let down: Vec<f64> = up.iter().map(|g| 3.0 - g).collect();
            let found = Cycle { up, down }.linearity().unwrap();
            let exact = (n as f64 / (4.0 * a)).tanh();
            assert_relative_eq!(found.nl, exact, max_relative = 1e-12);
            assert_relative_eq!(found.anl, exact, max_relative = 1e-12);
            assert_eq!(found.at, n / 2);
            // the bow of an exponential, at its tangent parallel to the chord
            let s = n as f64 / a;
            let t = (s / (1.0 - (-s).exp())).ln() / s;
            let bow = (1.0 - (-s * t).exp()) / (1.0 - (-s).exp()) - t;
            assert!((found.bow - bow).abs() < 2e-3, "{} {bow}", found.bow);
        }
    }

    #[test]
    fn a_curve_that_returns_on_itself_is_symmetric_but_bent() {
        let up: Vec<f64> = (0..=10).map(|k| (f64::from(k) / 10.0).powi(2)).collect();
        let down = up.iter().rev().copied().collect();
        let found = Cycle { up, down }.linearity().unwrap();
        assert_eq!((found.nl, found.anl), (0.0, 0.0 + (0.25f64 - 0.25).abs()));
        assert_relative_eq!(found.bow, 0.25, max_relative = 1e-12);
    }

    #[test]
    fn nothing_is_said_of_a_curve_that_does_not_rise() {
        assert_eq!(Cycle { up: vec![1.0, 1.0], down: vec![1.0, 1.0] }.linearity(), None);
        assert_eq!(Cycle { up: vec![1.0], down: vec![1.0] }.linearity(), None);
        assert_eq!(Cycle { up: vec![1.0, 2.0], down: vec![2.0] }.linearity(), None);
    }
}
