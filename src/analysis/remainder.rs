//! What the solution of an operating point leaves out.
//!
//! ```text
//! J r = -R(x),    solution = x + r,    currents = f(x) + df/dx r
//! ```
//!
//! Node voltages are absolute. Where a line is biased at V and carries I, the drop along a segment of conductance g loses
//! eps g V / I of itself when the voltages are rounded: 1e-8 of the currents of half-selected lines. R is a sum of branch
//! currents g (v_a - v_b), in which the rounded voltages are exact numbers, so one more solve tells what is missing, and
//! `x + r`, never added, holds every voltage as an offset from wherever it is. Currents that are read from the sum have
//! full relative accuracy, and those of a node sum to zero. The one more solve is also the last Newton step of a circuit
//! that is not linear. r is needed to a few digits only.

use super::op::observe;
use super::record::Recorder;
use super::solver::Solver;
use crate::device::Env;
use crate::system::{Problem, Rows};

/// Kirchhoff's law relative to the currents of a node, below which it holds up to rounding.
const ROUNDING: f64 = 1e-10;
/// How much of the smallest recorded current may be missing.
const MISSING: f64 = 1e-14;

/// r at the solution `x` of the last solve, for what `recorder` reads; empty where it would leave the tolerances, so that
/// `x` was no solution to begin with.
#[must_use]
pub fn remainder(solver: &mut Solver, env: Env, rows: &Rows, x: &[f64], recorder: &Recorder) -> Vec<f64> {
    let allowed = MISSING * recorder.smallest_current(&observe(solver, env, x, &[]));
    let mut rest = solver.take_spare();
    rest.resize(x.len(), 0.0);
    let rounding = solver.stats.kcl_relative <= ROUNDING;
    let mut problem = Problem::new(&mut solver.system, solver.circuit, env, rows);
    let found = problem.find_remainder(x, rounding, allowed, &mut rest);
    solver.note_work();
    if found { rest } else { Vec::new() }
}
