//! Operating points: F(x) = 0 with time standing still.
//!
//! Order of attack, each aid named in the statistics when it was needed:
//!   1. damped Newton from the given x;
//!   2. gmin stepping: a conductance from every node to ground, lowered by decades to nothing;
//!   3. source stepping: all independent sources scaled from 0 to 1;
//!   4. pseudo-transient continuation: backward Euler in the circuit's own slow states and a capacitance at every
//!      node, with growing steps (Kelley and Keyes, SIAM J. Numer. Anal. 35, 1998).
//!
//! Circuits with volatile states (threshold selectors) are multivalued in DC. There the branch that the history leads
//! to is the answer, not the first root that Newton finds: a solution whose states moved far from where they were is
//! thrown away, the states are held, the voltages solved, and the states then released to follow their own dynamics
//! (pseudo-transient without artificial capacitance). The statistics say when that happened.

use super::error::{AnalysisError, Failure};
use super::record::{self, Observation, Recorder};
use super::solver::Solver;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Env, Mode};
use crate::numeric::control::{self, Pseudo};
use crate::numeric::newton::{Effort, NewtonError};
use crate::plan::Plan;
use crate::result::{Sink, Stats};
use crate::system::{Rows, Surroundings};

/// A state that moved by more than this fraction of its scale in one solve may have jumped to another branch.
const BRANCH_JUMP: f64 = 0.05;
/// Discrete switches may flip this often in one operating point.
const FLIP_LIMIT: usize = 200;
/// Rounds of cells settling each for itself.
const CELL_ROUNDS: usize = 3;
/// More cells than this cost more than following all states together, and would hardly leave the lines where they are.
const MOST_RESTLESS: usize = 10_000;
/// The lines may move by this fraction of the voltage at the ports while a cell settles.
const PORT_CHANGE: f64 = 0.1;
/// Newton iterations after which a state is taken to be on its way elsewhere.
const DIRECT_ITERATIONS: usize = 5;
/// Pseudo-time steps before giving up.
const PSEUDO_LIMIT: usize = 4000;
/// Newton iterations of one of them.
const STEP_ITERATIONS: usize = 15;

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
/// As [`run`].
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
    let mut solver = Solver::new(circuit, &plan.options);
    let env = solver.env(Mode::Dc, 0.0);
    let mut x = solver.start();
    if near.len() == x.len() {
        let unknowns = x.iter_mut().zip(near.iter()).enumerate();
        unknowns.filter(|(k, _)| solver.system.kind(*k) != UnknownKind::State).for_each(|(_, (x, near))| *x = *near);
    }
    let held = if plan.options.ic_in_op { solver.circuit.initial.clone() } else { Vec::new() };
    solve_with_guesses(&mut solver, env, &held, &mut x, "at DC")?;
    let observation = Observation { circuit: solver.circuit, env, x: &x, loads: solver.system.loads(), charges: None };
    sink.point(recorder.row(None, &observation));
    for card in plan.snapshots.iter().filter(|card| card.at_end) {
        sink.snapshot(record::snapshot(card, 0.0, &observation)?);
    }
    solver.stats.points = 1;
    let stats = solver.stats;
    *near = x;
    Ok(stats)
}

/// Operating point with `held` nodes fixed; `.nodeset` values are held in a first solve and then let go.
///
/// # Errors
/// See [`solve`].
pub fn solve_with_guesses(
    solver: &mut Solver,
    env: Env,
    held: &[(u32, f64)],
    x: &mut Vec<f64>,
    at: &str,
) -> Result<(), Box<Failure>> {
    let mut rows = Rows::operating_point(solver.circuit, x, solver.options.rshunt);
    rows.hold(held);
    let iterations = solver.options.itl1;
    if !solver.circuit.nodesets.is_empty() {
        let mut guessed = rows.clone();
        guessed.hold(&solver.circuit.nodesets);
        let mut guess = x.clone();
        if solver.newton(env, &guessed, &mut guess, Effort { iterations, damped: true }).is_ok() {
            *x = guess;
        }
    }
    solve(solver, env, &rows, x, iterations, at)
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
        settle(solver, env, rows, x, iterations, at)?;
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

/// One solution for fixed discrete states, on the branch that history leads to.
fn settle(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &mut Vec<f64>,
    iterations: usize,
    at: &str,
) -> Result<(), Box<Failure>> {
    let before = x.clone();
    if solver.settling().is_empty() {
        return match solver.newton(env, rows, x, Effort { iterations, damped: true }) {
            Ok(_) => Ok(()),
            Err(error) => with_aids(solver, env, rows, x, &before, at, error),
        };
    }
    // voltages first, with the states where history left them; then, if that is where they stay, all of it
    let held = rows_with_states_held(solver, rows, x);
    let voltages = match solver.newton(env, &held, x, Effort { iterations, damped: true }) {
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
        && settle_in_cells(solver, env, rows, (&voltages, restless), x, iterations)
    {
        note_branch(solver, &before, x, at);
        return Ok(());
    }
    x.clone_from(&voltages);
    let effort = Effort { iterations: iterations.min(DIRECT_ITERATIONS), damped: true };
    if solver.newton(env, rows, x, effort).is_ok() && !jumped(solver, &before, x) {
        return Ok(());
    }
    let moving = moved_states(solver, &voltages, x);
    if !foreseen && settle_in_cells(solver, env, rows, (&voltages, moving), x, iterations) {
        note_branch(solver, &before, x, at);
        return Ok(());
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
/// left them, then solves for everything. False when that is not the answer: something outside of cells is on its way,
/// settled states move on, or the lines moved so far that the cells would have gone elsewhere.
fn settle_in_cells(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    (voltages, mut moving): (&[f64], Vec<usize>),
    x: &mut Vec<f64>,
    iterations: usize,
) -> bool {
    let mut settled = voltages.to_vec();
    let held = rows_with_states_held(solver, rows, voltages);
    for _ in 0..CELL_ROUNDS {
        let around = Surroundings { circuit: solver.circuit, env: &env, rows, held: &held };
        let Some(ports) = solver.system.relax_cells(around, &mut settled, &moving) else {
            return false;
        };
        x.clone_from(&settled);
        let solved = solver.newton(env, rows, x, Effort { iterations, damped: true }).is_ok();
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
fn rows_with_states_held(solver: &Solver, rows: &Rows, x: &[f64]) -> Rows {
    let mut held = rows.clone();
    held.hold(&solver.settling().iter().map(|&(k, _)| (k as u32, x[k])).collect::<Vec<_>>());
    held
}

/// Did a volatile state move too far to be sure of its branch?
fn jumped(solver: &Solver, before: &[f64], after: &[f64]) -> bool {
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

/// gmin stepping, source stepping, pseudo-transient, in this order.
fn with_aids(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &mut Vec<f64>,
    before: &[f64],
    at: &str,
    first: NewtonError,
) -> Result<(), Box<Failure>> {
    let mut tried = vec!["damped Newton".to_string()];
    let mut last = first;
    type Aid = fn(&mut Solver, Env, &Rows, &mut Vec<f64>) -> Result<(), NewtonError>;
    let aids: [(&str, bool, Aid); 3] = [
        ("gmin stepping", solver.options.gmin_steps > 0, step_gmin),
        ("source stepping", solver.options.source_steps > 0, step_sources),
        ("pseudo-transient", true, |s, e, r, x| follow_states(s, e, r, x, PSEUDO_CAPACITANCE)),
    ];
    for (name, enabled, aid) in aids {
        if !enabled {
            continue;
        }
        x.clear();
        x.extend_from_slice(before);
        tried.push(name.to_string());
        match aid(solver, env, rows, x) {
            Ok(()) => {
                if !solver.stats.aids.iter().any(|a| a == name) {
                    solver.stats.aids.push(name.to_string());
                }
                return Ok(());
            }
            Err(error) => last = error,
        }
    }
    let mut failure = solver.failure("operating point", at.to_string(), x, &last);
    failure.tried = tried;
    Err(failure)
}

/// Adds a conductance to ground at every free node and lowers it, faster while that goes well.
fn step_gmin(solver: &mut Solver, env: Env, rows: &Rows, x: &mut Vec<f64>) -> Result<(), NewtonError> {
    const START: f64 = 1e-2;
    const END: f64 = 1e-13;
    let effort = Effort { iterations: solver.options.itl2.max(20), damped: true };
    let mut shunt = START;
    let mut factor: f64 = 10.0;
    let mut good = x.clone();
    let mut good_shunt = f64::INFINITY;
    while shunt > END {
        let mut stepped = rows.clone();
        for (k, s) in stepped.shunt.iter_mut().enumerate() {
            if solver.system.kind(k) == UnknownKind::Voltage {
                *s += shunt;
            }
        }
        match solver.newton(env, &stepped, x, effort) {
            Ok(done) => {
                good.clone_from(x);
                good_shunt = shunt;
                if done.iterations <= effort.iterations / 4 {
                    factor = (factor * factor.sqrt()).min(1e3);
                }
                shunt /= factor;
            }
            Err(error) => {
                factor = factor.powf(0.25);
                if !good_shunt.is_finite() || factor < 1.01 {
                    return Err(error);
                }
                x.clone_from(&good);
                shunt = good_shunt / factor;
            }
        }
    }
    solver.newton(env, rows, x, Effort { iterations: solver.options.itl1, damped: true }).map(|_| ())
}

/// Scales all independent sources from 0 to 1.
fn step_sources(solver: &mut Solver, env: Env, rows: &Rows, x: &mut Vec<f64>) -> Result<(), NewtonError> {
    let effort = Effort { iterations: solver.options.itl2.max(20), damped: true };
    let (mut scale, mut step) = (0.0f64, 0.1f64);
    let mut zero = env;
    zero.source_scale = 0.0;
    solver.newton(zero, rows, x, effort)?;
    let mut good = x.clone();
    while scale < 1.0 {
        let mut stepped = env;
        stepped.source_scale = (scale + step).min(1.0);
        match solver.newton(stepped, rows, x, effort) {
            Ok(done) => {
                scale = stepped.source_scale;
                good.clone_from(x);
                if done.iterations <= effort.iterations / 3 {
                    step *= 2.0;
                }
            }
            Err(error) => {
                step *= 0.25;
                if step < 1e-7 {
                    return Err(error);
                }
                x.clone_from(&good);
            }
        }
    }
    Ok(())
}

/// Capacitance that pseudo-transient continuation puts at every node, in F.
const PSEUDO_CAPACITANCE: f64 = 1e-9;

/// Lets volatile states follow their own dynamics (q of their rows is real) and, with `capacitance`, the nodes
/// theirs, by backward Euler with growing steps until nothing moves; ends with a Newton solve of the still equations.
fn follow_states(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &mut Vec<f64>,
    capacitance: f64,
) -> Result<(), NewtonError> {
    // a step that needs more had better be shorter
    let effort = Effort { iterations: STEP_ITERATIONS, damped: capacitance > 0.0 };
    let final_effort = Effort { iterations: solver.options.itl1, damped: true };
    let settling: Vec<(usize, f64)> = solver.settling().to_vec();
    let mut h = control::first_pseudo_step(f64::INFINITY);
    if capacitance > 0.0 {
        let held = rows_with_states_held(solver, rows, x);
        if solver.newton(env, &held, &mut x.clone(), effort).is_ok() {
            solver.newton(env, &held, x, effort)?;
        }
    } else {
        solver.system.load(solver.circuit, &env, x);
        let fastest = settling.iter().map(|&(k, scale)| solver.system.sums.f[k].abs() / scale).fold(0.0, f64::max);
        h = control::first_pseudo_step(fastest);
    }
    let mut last = NewtonError::Limit { iterations: 0, worst: Vec::new() };
    for _ in 0..PSEUDO_LIMIT {
        let before = x.clone();
        let mut moving = rows.clone();
        solver.system.load(solver.circuit, &env, &before);
        for &(k, _) in &settling {
            moving.alpha[k] = 1.0 / h;
            moving.beta[k] = -solver.system.sums.q[k] / h;
        }
        if capacitance > 0.0 {
            for k in 0..before.len() {
                if solver.system.kind(k) == UnknownKind::Voltage {
                    moving.shunt[k] += capacitance / h;
                    moving.reference[k] = before[k];
                }
            }
        }
        let outcome = solver.newton(env, &moving, x, effort);
        let moved = settling.iter().map(|&(k, scale)| (x[k] - before[k]).abs() / scale).fold(0.0, f64::max);
        let solved = outcome.map_err(|error| last = error).ok();
        match control::judge_pseudo_step(h, solved.map(|_| moved)) {
            Pseudo::Accept(next) => {
                let still = (0..x.len()).all(|k| {
                    let tolerance = solver.options.reltol * x[k].abs() + solver.system.absolute(k);
                    (x[k] - before[k]).abs() <= tolerance
                });
                if still && h >= control::FINAL_PSEUDO_STEP {
                    let arrived = x.clone();
                    match solver.newton(env, rows, x, final_effort) {
                        Ok(_) if !jumped(solver, &arrived, x) => return Ok(()),
                        Ok(_) => x.clone_from(&arrived),
                        Err(error) => {
                            last = error;
                            x.clone_from(&arrived);
                        }
                    }
                    if h > 1e12 {
                        return Err(last);
                    }
                }
                h = next;
            }
            Pseudo::Reject(next) => {
                x.clone_from(&before);
                h = next;
            }
            Pseudo::Hopeless => return Err(last),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::circuit::CircuitBuilder;
    use crate::device::{ParamValue, ParamValues, REGISTRY};
    use crate::plan::Options;

    fn add(b: &mut CircuitBuilder, keyword: &str, name: &str, nodes: [&str; 2], values: &[(&str, f64)]) {
        let kind = *REGISTRY.iter().find(|k| k.card().keywords.contains(&keyword)).unwrap();
        let ports = nodes.map(|n| b.node(n));
        let given: Vec<(String, ParamValue)> =
            values.iter().map(|(n, v)| ((*n).to_string(), ParamValue::Number(*v))).collect();
        b.add(kind, name, &ports, &ParamValues::check(kind.card(), &given).unwrap()).unwrap();
    }

    /// 5 V through 1 ohm into two diodes in series, with a third across the lower one.
    fn stack() -> Circuit {
        let mut b = CircuitBuilder::new(300.15);
        add(&mut b, "v", "v1", ["in", "0"], &[("dc", 5.0)]);
        add(&mut b, "r", "r1", ["in", "a"], &[("r", 1.0)]);
        add(&mut b, "d", "d1", ["a", "b"], &[("is", 1e-16)]);
        add(&mut b, "d", "d2", ["b", "0"], &[("is", 1e-14)]);
        add(&mut b, "d", "d3", ["b", "0"], &[("is", 1e-15), ("rs", 10.0)]);
        b.finish()
    }

    /// Every continuation aid by itself arrives where damped Newton does.
    #[test]
    fn each_aid_finds_the_operating_point() {
        let options = Options { reltol: 1e-9, ..Options::default() };
        let mut circuit = stack();
        let mut solver = Solver::new(&mut circuit, &options);
        let env = solver.env(Mode::Dc, 0.0);
        let start = solver.start();
        let rows = Rows::operating_point(solver.circuit, &start, None);
        let mut reference = start.clone();
        solver.newton(env, &rows, &mut reference, Effort { iterations: 200, damped: true }).unwrap();
        let pseudo: fn(&mut Solver, Env, &Rows, &mut Vec<f64>) -> Result<(), NewtonError> =
            |s, e, r, x| follow_states(s, e, r, x, PSEUDO_CAPACITANCE);
        for (name, aid) in
            [("gmin", step_gmin as fn(&mut _, _, &_, &mut _) -> _), ("source", step_sources), ("pseudo", pseudo)]
        {
            let mut x = start.clone();
            aid(&mut solver, env, &rows, &mut x).unwrap_or_else(|e| panic!("{name}: {e}"));
            for (k, (a, b)) in x.iter().zip(&reference).enumerate() {
                assert!((a - b).abs() <= 1e-7 * b.abs() + 1e-9, "{name}: unknown {k}: {a} against {b}");
            }
        }
    }

    /// A current that no element can take: all aids are tried and named, and so is the node.
    #[test]
    fn a_circuit_without_solution_names_what_was_tried() {
        let mut b = CircuitBuilder::new(300.15);
        add(&mut b, "i", "i1", ["0", "a"], &[("dc", 1.0)]);
        add(&mut b, "d", "d1", ["0", "a"], &[("is", 1e-14)]);
        let mut circuit = b.finish();
        let options = Options { gmin: 0.0, ..Options::default() };
        let mut solver = Solver::new(&mut circuit, &options);
        let env = solver.env(Mode::Dc, 0.0);
        let mut x = solver.start();
        let failure = solve_with_guesses(&mut solver, env, &[], &mut x, "at DC").unwrap_err();
        assert_eq!(failure.tried, ["damped Newton", "gmin stepping", "source stepping", "pseudo-transient"]);
        assert!(failure.worst.iter().any(|w| w.name.contains('a')), "{failure}");
    }
}
