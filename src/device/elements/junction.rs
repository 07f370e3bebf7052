//! Depletion charge of a pn junction, SPICE's law, shared by the diode and the transistors.
//!
//! C = c0 (1 - v/vj)^-m, continued linearly above fc vj; Q is its integral from 0 V.
//! vj(T) follows the band gap of silicon, c0(T) follows vj.

use super::thermal::{REFERENCE, potential_at, potential_at_reference};
use crate::numeric::real::Real;

/// A depletion layer at one temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Depletion {
    /// Capacitance at 0 V in F.
    pub c0: f64,
    /// Built-in voltage in V.
    pub vj: f64,
    /// Grading coefficient.
    pub grading: f64,
    /// Fraction of vj above which the capacitance goes on linearly.
    pub fc: f64,
}

impl Depletion {
    /// The same layer at `t`, its parameters being those at `nominal`, both in K.
    #[must_use]
    pub fn at(self, t: f64, nominal: f64) -> Self {
        if (t - nominal).abs() < 1e-9 {
            return self;
        }
        let reference = potential_at_reference(self.vj, nominal);
        let vj = potential_at(reference, t);
        let capacitance = |t: f64, vj: f64| 1.0 + self.grading * (4e-4 * (t - REFERENCE) - (vj / reference - 1.0));
        let c0 = self.c0 * capacitance(t, vj) / capacitance(nominal, self.vj);
        Self { c0, vj, ..self }
    }

    /// Charge in C at `v`.
    #[must_use]
    pub fn charge<S: Real>(&self, v: S) -> S {
        let (m, corner) = (self.grading, self.fc * self.vj);
        if v.value() < corner {
            // 1 - (1 - v/vj)^(1-m) without cancellation: near 0 V its rounding, over a short step, would be a current
            let depth = ((-v / self.vj).ln_1p() * (1.0 - m)).exp_m1();
            return -depth * (self.c0 * self.vj / (1.0 - m));
        }
        let f1 = self.vj / (1.0 - m) * (1.0 - (1.0 - self.fc).powf(1.0 - m));
        let f2 = (1.0 - self.fc).powf(1.0 + m);
        let f3 = 1.0 - self.fc * (1.0 + m);
        let beyond = (v - corner) * f3 + (v * v - corner * corner) * (m / (2.0 * self.vj));
        (beyond / f2 + f1) * self.c0
    }
}
