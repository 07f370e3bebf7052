//! The branch that history leads to.
//!
//! Circuits with volatile states (threshold selectors) are multivalued in DC. There the branch that the history leads
//! to is the answer, not the first root that Newton finds: a solution whose states moved far from where they were is
//! thrown away, the states are held, the voltages solved, and the states then released to follow their own dynamics
//! (pseudo-transient without artificial capacitance). The statistics say when that happened.

use super::aids::with_aids;
use super::error::Failure;
use super::follow::follow_states;
use super::solver::Solver;
use crate::device::Env;
use crate::numeric::newton::Effort;
use crate::system::{Rows, Surroundings};

/// A state that moved by more than this fraction of its scale in one solve may have jumped to another branch.
const BRANCH_JUMP: f64 = 0.05;
/// Rounds of cells settling each for itself, and Newton iterations of the circuit after each.
const CELL_ROUNDS: usize = 3;
const CELL_ITERATIONS: usize = 8;
/// More cells than this cost more than following all states together, and would hardly leave the lines where they are.
const MOST_RESTLESS: usize = 10_000;
/// The lines may move by this fraction of the voltage at the ports while a cell settles.
const PORT_CHANGE: f64 = 0.1;
/// Newton iterations after which a state is taken to be on its way elsewhere.
const DIRECT_ITERATIONS: usize = 5;

/// One solution for fixed discrete states, on the branch that history leads to.
pub fn settle(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &mut Vec<f64>,
    iterations: usize,
    at: &str,
) -> Result<(), Box<Failure>> {
    if solver.settling().is_empty() {
        return match solver.newton(env, rows, x, Effort::damped(iterations)) {
            Ok(_) => Ok(()),
            Err(error) => {
                let before = solver.take_begun();
                with_aids(solver, env, rows, x, &before, at, error)
            }
        };
    }
    let before = x.clone();
    // voltages first, with the states where history left them; then, if that is where they stay, all of it
    let held = rows_with_states_held(solver, rows, x);
    let voltages = match solver.newton(env, &held, x, Effort::damped(iterations)) {
        Ok(_) => x.clone(),
        Err(error) => {
            x.clone_from(&before);
            return with_aids(solver, env, rows, x, &before, at, error);
        }
    };
    // a selector that is about to snap does so inside its own cell; a direct attempt would only shake the array
    let restless = solver.restless(env, rows, x, BRANCH_JUMP);
    let foreseen = !restless.is_empty();
    if foreseen
        && restless.len() <= MOST_RESTLESS
        && settle_in_cells(solver, env, (rows, &held), (&voltages, restless), x, iterations)
    {
        note_branch(solver, &before, x, at);
        return Ok(());
    }
    if !foreseen {
        if solver.newton(env, rows, x, Effort::damped(iterations.min(DIRECT_ITERATIONS))).is_ok()
            && !jumped(solver, &before, x)
        {
            return Ok(());
        }
        let moving = moved_states(solver, &voltages, x);
        if settle_in_cells(solver, env, (rows, &held), (&voltages, moving), x, iterations) {
            note_branch(solver, &before, x, at);
            return Ok(());
        }
    }
    x.clone_from(&voltages);
    match follow_states(solver, env, rows, x, 0.0) {
        Ok(()) => {
            note_branch(solver, &before, x, at);
            Ok(())
        }
        Err(error) => with_aids(solver, env, rows, x, &before, at, error),
    }
}

/// Lets the cells with the states in `moving` settle each for itself from `voltages`, where all states are where history
/// left them (and where `held` holds them), then solves for everything. False when that is not the answer: something
/// outside of cells is on its way, settled states move on, or the lines moved so far that the cells would have gone
/// elsewhere.
fn settle_in_cells(
    solver: &mut Solver,
    env: Env,
    (rows, held): (&Rows, &Rows),
    (voltages, mut moving): (&[f64], Vec<usize>),
    x: &mut Vec<f64>,
    iterations: usize,
) -> bool {
    let mut settled = Vec::new();
    x.copy_from_slice(voltages);
    for round in 0..CELL_ROUNDS {
        if round > 0 {
            x.copy_from_slice(&settled);
        }
        let around = Surroundings { circuit: solver.circuit, env: &env, rows };
        let Some(ports) = solver.system.relax_cells(around, held, x, &moving) else {
            return false;
        };
        settled.clone_from(x);
        let solved = solver.newton(env, rows, x, Effort::damped(iterations.min(CELL_ITERATIONS))).is_ok();
        let swing = ports.iter().map(|&k| voltages[k as usize].abs()).fold(0.0, f64::max);
        let steady = |&k: &u32| (x[k as usize] - settled[k as usize]).abs() <= PORT_CHANGE * swing;
        if solved && !jumped(solver, &settled, x) && ports.iter().all(steady) {
            return true;
        }
        if !solved {
            return false;
        }
        moving = moved_states(solver, &settled, x);
    }
    false
}

/// Volatile states that are elsewhere in `after` than in `before`.
fn moved_states(solver: &Solver, before: &[f64], after: &[f64]) -> Vec<usize> {
    let left = |&&(k, scale): &&(usize, f64)| {
        let distance = (after[k] - before[k]).abs();
        distance.is_nan() || distance > 0.2 * BRANCH_JUMP * scale
    };
    solver.settling().iter().filter(left).map(|&(k, _)| k).collect()
}

/// The same rows with every volatile state where it is in `x`.
pub fn rows_with_states_held(solver: &Solver, rows: &Rows, x: &[f64]) -> Rows {
    let mut held = rows.clone();
    held.hold(&solver.settling().iter().map(|&(k, _)| (k as u32, x[k])).collect::<Vec<_>>());
    held
}

/// Did a volatile state move too far to be sure of its branch?
pub fn jumped(solver: &Solver, before: &[f64], after: &[f64]) -> bool {
    solver.settling().iter().any(|&(k, scale)| (after[k] - before[k]).abs() > BRANCH_JUMP * scale)
}

/// Says which states took which branch.
fn note_branch(solver: &mut Solver, before: &[f64], after: &[f64], at: &str) {
    let moved: Vec<String> = solver
        .settling()
        .iter()
        .filter(|&&(k, scale)| (after[k] - before[k]).abs() > 0.5 * scale)
        .take(4)
        .map(|&(k, _)| format!("{} {:.3} -> {:.3}", solver.circuit.unknown_signal(k as u32), before[k], after[k]))
        .collect();
    if !moved.is_empty() && solver.stats.branches.len() < 100 {
        solver.stats.branches.push(format!("{at}: {}", moved.join(", ")));
    }
}
