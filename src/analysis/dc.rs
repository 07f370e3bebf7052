//! Nested DC sweeps: an operating point per value, each starting from the one before, so that the branch of a
//! multivalued circuit follows the history of the sweep (see `op`).
//!
//! The first sweep is the inner loop. Source values and the temperature of the environment change in place; any other
//! target rebuilds the circuit, and the solution is carried over when the structure has not changed.

use super::error::{AnalysisError, Failure};
use super::op;
use super::record::{self, Recorder};
use super::remainder::remainder;
use super::solver::Solver;
use super::watched::Watched;
use crate::circuit::Circuit;
use crate::device::Mode;
use crate::plan::{Overrides, Plan, Quantity, Sweep, SweepTarget};
use crate::result::{Column, Sink, Stats};
use crate::system::Rows;

/// Rebuilds the circuit with other values.
pub type Rebuild<'a> = &'a dyn Fn(&Overrides) -> Result<Circuit, String>;

/// Runs a nested sweep; every point goes to the sink with the inner value as axis.
///
/// # Errors
/// Non-convergence (naming the sweep values), interruption, unknown signals, a circuit that cannot be rebuilt.
pub fn run(
    sweeps: &[Sweep],
    circuit: &mut Circuit,
    plan: &Plan,
    step_label: &str,
    rebuild: Rebuild,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    let recorder = Recorder::new(circuit, plan)?;
    // swept sources and relays are put back: the next analysis starts from the deck's values
    let groups: Vec<_> = circuit.groups.iter().map(|group| group.boxed_clone()).collect();
    let axis = sweep_axis(&sweeps[0], circuit);
    sink.begin(&record::header(circuit, plan, "DC transfer characteristic", step_label, Some(axis)));
    let outcome = sweep_all(sweeps, circuit, plan, rebuild, recorder, sink);
    sink.end();
    circuit.groups = groups;
    outcome
}

/// ngspice's names of the axis: `v(v-sweep)`, `i(i-sweep)`, `temp-sweep`, `res-sweep`.
fn sweep_axis(sweep: &Sweep, circuit: &Circuit) -> Column {
    let (name, quantity) = match sweep.targets.first() {
        Some(SweepTarget::Temperature) => ("temp-sweep".to_string(), Quantity::Temperature),
        Some(SweepTarget::Source(source)) if is_current_source(circuit, source) => {
            ("i(i-sweep)".to_string(), Quantity::Current)
        }
        Some(SweepTarget::Source(_)) => ("v(v-sweep)".to_string(), Quantity::Voltage),
        Some(SweepTarget::Device(_, field)) if field.is_empty() || field == "r" => {
            ("res-sweep".to_string(), Quantity::Resistance)
        }
        _ => (sweep.label.clone(), Quantity::Plain),
    };
    record::axis(&name, quantity)
}

/// A source without a branch unknown of its own sets a current.
fn is_current_source(circuit: &Circuit, name: &str) -> bool {
    circuit
        .names
        .devices
        .get(name)
        .and_then(|device| circuit.groups.get(device.group))
        .is_some_and(|group| group.card().internals.is_empty())
}

fn sweep_all(
    sweeps: &[Sweep],
    circuit: &mut Circuit,
    plan: &Plan,
    rebuild: Rebuild,
    mut recorder: Recorder,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    let total: usize = sweeps.iter().map(|s| s.rows.len()).product();
    let needs_rebuild = sweeps.iter().flat_map(|s| &s.targets).any(|t| !changes_in_place(t));
    let mut stats = Stats::default();
    let mut x: Option<Vec<f64>> = None;
    let watched = Watched::new(sink);
    let (interrupted, mut sink) = (|| watched.interrupted(), &watched);
    let mut solver = Solver::new(circuit, &plan.options).until(&interrupted);
    let mut rebuilt: Circuit;
    for point in 0..total {
        if sink.interrupted() {
            let at = format!("at {}", describe(sweeps, point));
            stats.merge(&solver.stats);
            return Err(AnalysisError::Interrupted { at, stats: Box::new(stats) });
        }
        let values = values_at(sweeps, point);
        if needs_rebuild {
            let overrides = Overrides { values: values.iter().map(|(t, v)| ((*t).clone(), *v)).collect(), run: None };
            stats.merge(&solver.stats);
            drop(solver);
            rebuilt = rebuild(&overrides).map_err(AnalysisError::Rebuild)?;
            solver = Solver::new(&mut rebuilt, &plan.options).until(&interrupted);
            recorder = Recorder::new(solver.circuit, plan)?;
        } else {
            apply(&mut solver, &values)?;
        }
        let env = solver.env(Mode::Dc, 0.0);
        let at = format!("at {}", describe(sweeps, point));
        let mut next = match x.take() {
            Some(previous) if previous.len() == solver.system.len() => previous,
            _ => solver.start(),
        };
        let rows = if point == 0 {
            let held = if plan.options.ic_in_op { solver.circuit.initial.clone() } else { Vec::new() };
            op::solve_with_guesses(&mut solver, env, &held, &mut next, &at)
        } else {
            let rows = Rows::operating_point(solver.circuit, &next, plan.options.rshunt);
            op::solve(&mut solver, env, &rows, &mut next, plan.options.itl2, &at).map(|()| rows)
        }
        .map_err(|failure| behind(&stats, failure))?;
        let rest = remainder(&mut solver, env, &rows, &next, &recorder);
        let inner = values.first().map_or(0.0, |v| v.1);
        let observation = op::observe(&solver, env, &next, &rest);
        sink.point(recorder.row(Some(inner), &observation));
        if point + 1 == total {
            for card in plan.snapshots.iter().filter(|card| card.at_end) {
                sink.snapshot(record::snapshot(card, inner, &observation)?);
            }
        }
        solver.stats.points += 1;
        x = Some(next);
        sink.progress((point + 1) as f64 / total as f64);
    }
    stats.merge(&solver.stats);
    Ok(stats)
}

/// The failure of a point behind earlier ones.
fn behind(earlier: &Stats, mut failure: Box<Failure>) -> Box<Failure> {
    let mut all = earlier.clone();
    all.merge(&failure.stats);
    failure.stats = all;
    failure
}

fn changes_in_place(target: &SweepTarget) -> bool {
    matches!(target, SweepTarget::Source(_))
}

/// The value of every target at a point; the inner sweep first.
fn values_at(sweeps: &[Sweep], point: usize) -> Vec<(&SweepTarget, f64)> {
    let mut index = point;
    let mut values = Vec::new();
    for sweep in sweeps {
        let row = &sweep.rows[index % sweep.rows.len()];
        index /= sweep.rows.len();
        values.extend(sweep.targets.iter().zip(row.iter().copied()));
    }
    values
}

fn describe(sweeps: &[Sweep], point: usize) -> String {
    let mut index = point;
    let parts: Vec<String> = sweeps
        .iter()
        .map(|sweep| {
            let row = &sweep.rows[index % sweep.rows.len()];
            index /= sweep.rows.len();
            format!("{} = {:.6}", sweep.label, row.first().copied().unwrap_or(f64::NAN))
        })
        .collect();
    parts.join(", ")
}

fn apply(solver: &mut Solver, values: &[(&SweepTarget, f64)]) -> Result<(), AnalysisError> {
    for (target, value) in values {
        let SweepTarget::Source(name) = target else { continue };
        let device = solver.circuit.names.devices.get(name).copied();
        let group = device.and_then(|d| solver.circuit.groups.get_mut(d.group).map(|g| (g, d.index)));
        let done = group.is_some_and(|(group, index)| group.set(index, "dc", *value));
        if !done {
            return Err(AnalysisError::NotApplicable(format!("source `{name}` cannot be swept")));
        }
    }
    Ok(())
}
