//! One residual, and one step of refinement where it is too large.
//!
//! ```text
//! r = b - A x by branches,      w = max_i |r_i| / (|b| + |A| |x|)_i
//! ```
//!
//! w is the componentwise backward error (Oettli and Prager, Numer. Math. 6, 1964): a few roundings for positive cells,
//! more where conductances of both signs meet.

use super::Frontal;
use crate::crossbar::misfit::Misfit;
use crate::crossbar::network::Network;
use crate::crossbar::trouble::Trouble;

/// Backward error above which a step of refinement is made.
pub const TARGET: f64 = 1e-14;

/// How well a solution satisfies its equations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refinement {
    /// Backward error at the end.
    pub backward_error: f64,
    /// Was a step made?
    pub refined: bool,
}

/// The residual and what it is measured by.
#[derive(Debug, Clone)]
struct Check {
    residual: [Vec<f64>; 2],
    magnitude: [Vec<f64>; 2],
}

impl Check {
    fn new(size: usize) -> Self {
        let zeros = || [vec![0.0; size], vec![0.0; size]];
        Self { residual: zeros(), magnitude: zeros() }
    }

    fn backward_error(&mut self, network: &Network, b: [&[f64]; 2], x: [&[f64]; 2]) -> Result<f64, Misfit> {
        let [rw, rb] = &mut self.residual;
        network.residual(b, x, [rw, rb])?;
        let [mw, mb] = &mut self.magnitude;
        network.magnitude(b, x, [mw, mb])?;
        let pairs = self.residual.iter().flatten().zip(self.magnitude.iter().flatten());
        // nodes that nothing touches have neither residual nor magnitude
        Ok(pairs.filter(|(r, _)| **r != 0.0).map(|(r, m)| r.abs() / m).fold(0.0, f64::max))
    }
}

impl Frontal {
    /// Solves A x = b of the factored `network`, checks the residual and refines once where it is above 1e-14.
    ///
    /// # Errors
    /// Those of [`super::Multifrontal::solve`]; a network of another shape.
    pub fn solve_checked(
        &mut self,
        network: &Network,
        b: [&[f64]; 2],
        [xw, xb]: [&mut [f64]; 2],
    ) -> Result<Refinement, Trouble> {
        network.check_shape(self.shape())?;
        self.solve(b, [&mut *xw, &mut *xb])?;
        let mut check = Check::new(xw.len());
        let first = check.backward_error(network, b, [xw, xb])?;
        if first <= TARGET || first.is_nan() {
            return Ok(Refinement { backward_error: first, refined: false });
        }
        let mut step = [vec![0.0; xw.len()], vec![0.0; xb.len()]];
        let [sw, sb] = &mut step;
        self.solve([&check.residual[0], &check.residual[1]], [sw, sb])?;
        for (x, step) in [&mut *xw, &mut *xb].into_iter().zip(&step) {
            x.iter_mut().zip(step).for_each(|(x, s)| *x += s);
        }
        Ok(Refinement { backward_error: check.backward_error(network, b, [xw, xb])?, refined: true })
    }
}
