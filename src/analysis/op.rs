//! Operating points: F(x) = 0 with time standing still.
//!
//! Order of attack, each aid named in the statistics when it was needed:
//!   1. damped Newton from the given x;
//!   2. gmin stepping: a conductance from every node to ground, lowered by decades to nothing;
//!   3. source stepping: all independent sources scaled from 0 to 1;
//!   4. pseudo-transient continuation: backward Euler in the circuit's own slow states and a capacitance at every
//!      node, with growing steps (Kelley and Keyes, SIAM J. Numer. Anal. 35, 1998).
//!
//! Items 2 to 4 are in [`super::aids`]; which branch of a multivalued circuit is the answer, in [`super::branch`].

use super::branch;
use super::error::{AnalysisError, Failure};
use super::record::{self, Observation, Recorder};
use super::remainder::remainder;
use super::solver::Solver;
use super::watched::Watched;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Env, Mode};
use crate::numeric::newton::Effort;
use crate::plan::Plan;
use crate::result::{Sink, Stats};
use crate::system::Rows;

/// Discrete switches may flip this often in one operating point.
const FLIP_LIMIT: usize = 200;

/// Runs `.op`: one point, no axis.
///
/// # Errors
/// Non-convergence or an unknown signal.
pub fn run(circuit: &mut Circuit, plan: &Plan, step_label: &str, sink: &mut dyn Sink) -> Result<Stats, AnalysisError> {
    run_near(circuit, plan, step_label, &mut Vec::new(), sink)
}

/// The same from voltages and currents that are near the solution, those of a like circuit; states begin where the circuit
/// says, so that the branch of a multivalued circuit does not depend on them. `near` is ignored when it is of another
/// length, and holds the solution afterwards.
///
/// # Errors
/// Non-convergence or an unknown signal.
pub fn run_near(
    circuit: &mut Circuit,
    plan: &Plan,
    step_label: &str,
    near: &mut Vec<f64>,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    let mut recorder = Recorder::new(circuit, plan)?;
    sink.begin(&record::header(circuit, plan, "Operating Point", step_label, None));
    let outcome = record_point(circuit, plan, &mut recorder, near, sink);
    sink.end();
    outcome
}

fn record_point(
    circuit: &mut Circuit,
    plan: &Plan,
    recorder: &mut Recorder,
    near: &mut Vec<f64>,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    let watched = Watched::new(sink);
    let (interrupted, mut sink) = (|| watched.interrupted(), &watched);
    let mut solver = Solver::new(circuit, &plan.options).until(&interrupted);
    let env = solver.env(Mode::Dc, 0.0);
    let mut x = solver.start();
    if near.len() == x.len() {
        let unknowns = x.iter_mut().zip(near.iter()).enumerate();
        unknowns.filter(|(k, _)| solver.system.kind(*k) != UnknownKind::State).for_each(|(_, (x, near))| *x = *near);
    }
    let held = if plan.options.ic_in_op { solver.circuit.initial.clone() } else { Vec::new() };
    let rows = solve_with_guesses(&mut solver, env, &held, &mut x, "at DC")?;
    let rest = remainder(&mut solver, env, &rows, &x, recorder);
    let observation = observe(&solver, env, &x, &rest);
    sink.point(recorder.row(None, &observation));
    for card in plan.snapshots.iter().filter(|card| card.at_end) {
        sink.snapshot(record::snapshot(card, 0.0, &observation)?);
    }
    solver.stats.points = 1;
    let stats = solver.stats;
    *near = x;
    Ok(stats)
}

/// A solution with time standing still.
pub fn observe<'a>(solver: &'a Solver, env: Env, x: &'a [f64], rest: &'a [f64]) -> Observation<'a> {
    Observation { circuit: solver.circuit, env, x, rest, loads: solver.system.loads(), charges: None }
}

/// Operating point with `held` nodes fixed; `.nodeset` values are held in a first solve and then let go. Gives the rows
/// of the solve that counts.
///
/// # Errors
/// See [`solve`].
pub fn solve_with_guesses(
    solver: &mut Solver,
    env: Env,
    held: &[(u32, f64)],
    x: &mut Vec<f64>,
    at: &str,
) -> Result<Rows, Box<Failure>> {
    let mut rows = Rows::operating_point(solver.circuit, x, solver.options.rshunt);
    rows.hold(held);
    let iterations = solver.options.itl1;
    if !solver.circuit.nodesets.is_empty() {
        let mut guessed = rows.clone();
        guessed.hold(&solver.circuit.nodesets);
        let mut guess = x.clone();
        if solver.newton(env, &guessed, &mut guess, Effort::damped(iterations)).is_ok() {
            *x = guess;
        }
    }
    solve(solver, env, &rows, x, iterations, at)?;
    Ok(rows)
}

/// Solves for an operating point near `x`; `x` ends there. Discrete states are brought into agreement with it.
///
/// # Errors
/// A [`Failure`] that names the worst unknowns and the aids that were tried.
pub fn solve(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &mut Vec<f64>,
    iterations: usize,
    at: &str,
) -> Result<(), Box<Failure>> {
    for _ in 0..FLIP_LIMIT {
        branch::settle(solver, env, rows, x, iterations, at)?;
        if !solver.accept(&env, x) {
            solver.note_residual(rows);
            return Ok(());
        }
    }
    let mut failure = Failure {
        analysis: "operating point",
        at: at.to_string(),
        cause: format!("discrete switches kept flipping ({FLIP_LIMIT} times): there is no consistent state"),
        ..Failure::default()
    };
    failure.stats = solver.stats.clone();
    Err(Box::new(failure))
}
