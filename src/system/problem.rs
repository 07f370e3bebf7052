//! One nonlinear problem: a system, its circuit and the rows of the moment, as Newton sees them.

use super::{Fault, Rows, System};
use crate::circuit::Circuit;
use crate::device::Env;
use crate::numeric::newton::Equations;

/// Relative residual of a remainder at most.
const LOOSEST: f64 = 1e-3;

/// A system with everything that its equations depend on.
pub struct Problem<'a> {
    /// Structure and values.
    pub system: &'a mut System,
    /// The devices.
    pub circuit: &'a Circuit,
    /// Time, temperature, scale of the sources.
    pub env: Env,
    /// Integration, shunts and held unknowns.
    pub rows: &'a Rows,
}

impl<'a> Problem<'a> {
    /// A problem.
    #[must_use]
    pub fn new(system: &'a mut System, circuit: &'a Circuit, env: Env, rows: &'a Rows) -> Self {
        Self { system, circuit, env, rows }
    }

    /// Solves J y = b with the Jacobian of the last evaluation, which was at `x`, factored afresh.
    ///
    /// # Errors
    /// The unknown whose pivot vanished.
    pub fn solve(&mut self, x: &[f64], b: &[f64], y: &mut [f64]) -> Result<(), usize> {
        self.solve_for(x, |_, y| y.copy_from_slice(b), y)
    }

    /// J r = -R(x) at `x`, the solution of the last solve: what it leaves out. `rounding` says that R is of the size of
    /// rounding, where the last factorization serves as well as that of the Jacobian at `x`; `allowed` is how much of R may
    /// be left, in A. Of no use when something goes wrong: false.
    pub fn find_remainder(&mut self, x: &[f64], rounding: bool, allowed: f64, r: &mut [f64]) -> bool {
        let size = self.system.residual().iter().map(|r| r * r).sum::<f64>().sqrt();
        let tolerance = (allowed / size).min(LOOSEST);
        self.system.ask(tolerance);
        let solved = if rounding {
            negative_residual(self.system, r);
            self.system.solve(self.rows, r).is_ok()
        } else {
            self.step(x, r).is_ok()
        };
        self.system.ask(0.0);
        solved && r.iter().zip(x).enumerate().all(|(k, (r, x))| r.abs() <= self.tolerance(k, *x, *x))
    }

    fn solve_for(&mut self, x: &[f64], give: impl Fn(&System, &mut [f64]), y: &mut [f64]) -> Result<(), usize> {
        match self.system.factor_and_solve(self.rows, &give, y) {
            Ok(()) => Ok(()),
            Err(Fault::Singular(k)) => Err(k),
            Err(Fault::Refused(why)) => {
                // once only: without the kernel nothing refuses
                self.system.leave_kernel(self.circuit, why);
                self.linearise(x);
                self.solve_for(x, give, y)
            }
        }
    }
}

fn negative_residual(system: &System, b: &mut [f64]) {
    for (b, r) in b.iter_mut().zip(system.residual()) {
        *b = -r;
    }
}

impl Equations for Problem<'_> {
    fn len(&self) -> usize {
        self.system.len()
    }
    fn begin(&mut self, x: &[f64]) {
        self.system.forget_limits(self.circuit, x);
    }
    fn linearise(&mut self, x: &[f64]) {
        self.system.linearise(self.circuit, &self.env, self.rows, x);
    }
    fn step(&mut self, x: &[f64], dx: &mut [f64]) -> Result<(), usize> {
        self.solve_for(x, negative_residual, dx)
    }
    fn limit(&mut self, x: &[f64]) -> bool {
        let mut any = false;
        let System { points, kept, .. } = &mut *self.system;
        for ((group, point), kept) in self.circuit.groups.iter().zip(points).zip(kept) {
            if group.limits() {
                point.clone_from(kept);
                any |= group.limit(&self.env, x, point);
            }
        }
        any
    }
    fn keep(&mut self) {
        let System { points, kept, .. } = &mut *self.system;
        std::mem::swap(points, kept);
    }
    fn tolerance(&self, k: usize, a: f64, b: f64) -> f64 {
        self.system.tolerances.relative * a.abs().max(b.abs()) + self.system.sums.absolute(k)
    }
    fn correct(&mut self, dx: &mut [f64]) {
        negative_residual(self.system, dx);
        // without a solution the step counts as too long
        if self.system.solve(self.rows, dx).is_err() {
            dx.fill(f64::INFINITY);
        }
    }
    fn residual(&self, rounding: bool) -> f64 {
        self.system.worst(rounding)
    }
}
