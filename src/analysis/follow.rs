//! Volatile states on their way to rest: pseudo-transient continuation.
//!
//! ```text
//! f(x) + (q(x) - q(x_0)) / h = 0   (states that settle),   f(x) + C (v - v_0) / h = 0   (nodes, where C is wanted)
//! ```
//!
//! by backward Euler with growing steps h until nothing moves. Steps stay short while states move, because the branch
//! that a state takes depends on when its neighbours took theirs. Where many selectors snap one after the other, a step
//! that resolved the one on its way would last no longer than that one needs. So a few states may be *lively*: their cells
//! go through the step each for itself, in as many steps of their own as they need, with their ports where the step
//! began; then the whole circuit takes the step with those states held where they arrived. That is first order in the
//! voltages of their ports, like the step itself is in the other states, and stands if these voltages hardly changed.

use super::branch::{jumped, rows_with_states_held};
use super::solver::Solver;
use crate::circuit::UnknownKind;
use crate::device::Env;
use crate::numeric::control::{FINAL_PSEUDO_STEP, PSEUDO_MOVE, Pseudo, PseudoClock};
use crate::numeric::newton::{Effort, NewtonError};
use crate::system::{Rows, Surroundings};

/// Steps before giving up.
const STEPS: usize = 4000;
/// Newton iterations of one of them: a step that needs more had better be shorter.
const STEP_ITERATIONS: usize = 8;
/// Tolerances on the way are taken this many times; where it ends is solved to the tolerances themselves. A state may not
/// move by more unseen than a step may to be called still.
const STEP_SLACK: f64 = 3.0;
/// A state that moves by more of its scale in one step may be lively.
const LIVELY_MOVE: f64 = 0.004;
/// States are looked at that would move by this fraction of their scale if they went on as they began.
const NOTICEABLE_MOVE: f64 = 0.002;
/// More of them than this are not looked at, and more lively ones are followed by the whole circuit.
const MOST_CANDIDATES: usize = 2000;
const MOST_LIVELY: usize = 500;
/// So many, those that moved farthest, are woken at a time where a step failed.
const MOST_WOKEN: usize = 20;
/// The ports of lively cells may move by this fraction of the largest voltage at them: what the error of a step that is
/// first order in them depends on. At a twentieth, other cells than in a transient won the race for a word line of 256.
const PORT_MOVE: f64 = 0.01;
/// After a step in which they moved further, the whole circuit follows all states for so many steps.
const TOGETHER: usize = 10;
/// How often a step is tried again with more lively states before it is made shorter.
const MOST_TRIES: usize = 2;
/// Ends of the way at which something moved after all.
const FALSE_ENDS: usize = 20;

/// Lets volatile states follow their own dynamics (q of their rows is real) and, with `capacitance`, the nodes theirs,
/// until nothing moves; ends with a Newton solve of the still equations.
pub fn follow_states(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &mut Vec<f64>,
    capacitance: f64,
) -> Result<(), NewtonError> {
    let plain = Effort { slack: STEP_SLACK, ..Effort::plain(STEP_ITERATIONS) };
    let effort = if capacitance > 0.0 { Effort::damped(STEP_ITERATIONS) } else { plain };
    if capacitance > 0.0 {
        let held = rows_with_states_held(solver, rows, x);
        if solver.newton(env, &held, &mut x.clone(), effort).is_ok() {
            solver.newton(env, &held, x, effort)?;
        }
    }
    let mut way = Way::new(solver, env, rows, x, capacitance);
    let mut before = x.clone();
    let mut last = NewtonError::Limit { iterations: 0, worst: Vec::new() };
    let mut false_ends = 0;
    for _ in 0..STEPS {
        before.clone_from(x);
        let h = way.clock.step;
        let ports = way.prepare(solver, env, rows, x);
        let solved = solver.newton(env, &way.moving, x, effort).map_err(|error| last = error).is_ok();
        if let NewtonError::Interrupted { .. } = last {
            return Err(last);
        }
        let (states, lines) = (way.states_moved(x, &before), way.ports_moved(&ports, x, &before));
        if (!solved || states > PSEUDO_MOVE) && way.wake(x, &before) {
            x.clone_from(&before);
            continue;
        }
        if lines > PORT_MOVE {
            way.together = TOGETHER;
        }
        way.tries = 0;
        match way.clock.judge(solved.then_some(states.max(lines / PORT_MOVE * PSEUDO_MOVE))) {
            Pseudo::Accept => {
                way.lively.clear();
                way.store(solver);
                if h >= FINAL_PSEUDO_STEP && is_still(solver, x, &before) {
                    before.clone_from(x);
                    match solver.newton(env, rows, x, Effort::damped(solver.options.itl1)) {
                        Ok(_) if !jumped(solver, &before, x) => return Ok(()),
                        Ok(_) => {}
                        Err(error) => last = error,
                    }
                    x.clone_from(&before);
                    false_ends += 1;
                    if false_ends > FALSE_ENDS {
                        return Err(last);
                    }
                }
            }
            Pseudo::Reject => x.clone_from(&before),
            Pseudo::Hopeless => return Err(last),
        }
    }
    Err(last)
}

fn is_still(solver: &Solver, x: &[f64], before: &[f64]) -> bool {
    (0..x.len()).all(|k| {
        let tolerance = solver.options.reltol * x[k].abs() + solver.system.absolute(k);
        (x[k] - before[k]).abs() <= tolerance
    })
}

/// Where the states are on their way.
struct Way {
    /// Unknowns that settle, with their scale.
    settling: Vec<(usize, f64)>,
    /// q of their rows where the step began.
    past: Vec<f64>,
    /// How fast they moved there, in scales per second.
    rates: Vec<f64>,
    clock: PseudoClock,
    /// Positions in `settling` of the lively ones, in order.
    lively: Vec<usize>,
    /// Steps for which nothing is lively, because what was turned out to move its neighbours.
    together: usize,
    /// How often states were woken for the step at hand.
    tries: usize,
    capacitance: f64,
    /// The rows of the step.
    moving: Rows,
}

impl Way {
    fn new(solver: &mut Solver, env: Env, rows: &Rows, x: &[f64], capacitance: f64) -> Self {
        let settling: Vec<(usize, f64)> = solver.settling().to_vec();
        solver.system.load(solver.circuit, &env, x);
        let mut way = Self {
            past: Vec::new(),
            rates: Vec::new(),
            clock: PseudoClock::new(f64::INFINITY),
            lively: Vec::new(),
            together: 0,
            tries: 0,
            capacitance,
            moving: rows.clone(),
            settling,
        };
        way.store(solver);
        if capacitance == 0.0 {
            way.clock = PseudoClock::new(way.rates.iter().copied().fold(0.0, f64::max));
        }
        way
    }

    /// Takes the last evaluation for the beginning of the next step.
    fn store(&mut self, solver: &Solver) {
        let sums = &solver.system.sums;
        self.past.clear();
        self.past.extend(self.settling.iter().map(|&(k, _)| sums.q[k]));
        self.rates.clear();
        self.rates.extend(self.settling.iter().map(|&(k, scale)| sums.f[k].abs() / scale));
    }

    /// Sets the rows of the step that begins at `x`, and lets the lively cells go through it; gives their ports.
    fn prepare(&mut self, solver: &mut Solver, env: Env, rows: &Rows, x: &mut [f64]) -> Vec<u32> {
        let h = self.clock.step;
        for (&(k, _), q) in self.settling.iter().zip(&self.past) {
            self.moving.alpha[k] = 1.0 / h;
            self.moving.beta[k] = -q / h;
            self.moving.held[k] = rows.held[k];
        }
        if self.capacitance == 0.0 {
            return self.go_ahead(solver, env, rows, x);
        }
        for k in 0..x.len() {
            if solver.system.kind(k) == UnknownKind::Voltage {
                self.moving.shunt[k] = rows.shunt[k] + self.capacitance / h;
                self.moving.reference[k] = x[k];
            }
        }
        Vec::new()
    }

    /// Lets the cells whose states may move far go through the step each for itself, and holds those that did; gives
    /// their ports.
    fn go_ahead(&mut self, solver: &mut Solver, env: Env, rows: &Rows, x: &mut [f64]) -> Vec<u32> {
        let woken = std::mem::take(&mut self.lively);
        let is_woken = |s: usize| woken.binary_search(&s).is_ok();
        let may_move = |&s: &usize| self.rates[s] * self.clock.step > NOTICEABLE_MOVE || is_woken(s);
        let candidates: Vec<usize> = (0..self.settling.len()).filter(may_move).take(MOST_CANDIDATES + 1).collect();
        self.together = self.together.saturating_sub(1);
        if self.together > 0 || candidates.is_empty() || candidates.len() > MOST_CANDIDATES {
            return Vec::new();
        }
        let unknowns = |of: &[usize]| of.iter().map(|&s| self.settling[s].0).collect::<Vec<usize>>();
        let around = Surroundings { circuit: solver.circuit, env: &env, rows };
        let begun = x.to_vec();
        let ahead = solver.system.advance_cells(around, x, &unknowns(&candidates), self.clock.step);
        let moved = |&s: &usize| is_woken(s) || self.moved(s, x, &begun) > LIVELY_MOVE;
        let lively: Vec<usize> = candidates.into_iter().filter(moved).collect();
        if ahead.is_none() || lively.len() > MOST_LIVELY {
            x.copy_from_slice(&begun);
            return Vec::new();
        }
        let unknowns = unknowns(&lively);
        unknowns.iter().for_each(|&k| self.moving.held[k] = x[k]);
        self.lively = lively;
        solver.system.cell_ports(&unknowns).unwrap_or_default()
    }

    /// How far a state moved, in scales.
    fn moved(&self, s: usize, x: &[f64], before: &[f64]) -> f64 {
        let (k, scale) = self.settling[s];
        (x[k] - before[k]).abs() / scale
    }

    /// Largest move of a state that is not lively, in scales.
    fn states_moved(&self, x: &[f64], before: &[f64]) -> f64 {
        let led = (0..self.settling.len()).filter(|s| self.lively.binary_search(s).is_err());
        // with a lively state a step is never called still: the next may not be a thousand times as long
        let least = if self.lively.is_empty() { 0.0 } else { 0.01 * PSEUDO_MOVE };
        led.map(|s| self.moved(s, x, before)).fold(least, f64::max)
    }

    /// Largest move of a port of a lively cell, in units of the largest voltage at one.
    fn ports_moved(&self, ports: &[u32], x: &[f64], before: &[f64]) -> f64 {
        let largest = |of: &dyn Fn(usize) -> f64| ports.iter().map(|&k| of(k as usize)).fold(0.0, f64::max);
        let swing = largest(&|k| x[k].abs().max(before[k].abs()));
        if swing > 0.0 { largest(&|k| (x[k] - before[k]).abs()) / swing } else { 0.0 }
    }

    /// Makes the states lively that moved far in a step that failed; false when there are none, or too many.
    fn wake(&mut self, x: &[f64], before: &[f64]) -> bool {
        if self.capacitance > 0.0 || self.together > 0 || self.tries == MOST_TRIES {
            return false;
        }
        let led = (0..self.settling.len()).filter(|s| self.lively.binary_search(s).is_err());
        let moves = led.map(|s| (self.moved(s, x, before), s));
        let mut far: Vec<(f64, usize)> = moves.filter(|(moved, _)| moved.is_nan() || *moved > LIVELY_MOVE).collect();
        if far.is_empty() || far.len() > MOST_LIVELY {
            return false;
        }
        self.tries += 1;
        far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        self.lively.extend(far.into_iter().take(MOST_WOKEN).map(|(_, s)| s));
        self.lively.sort_unstable();
        true
    }
}
