//! `.tf output source`: small-signal DC gain, input resistance and output resistance at the operating point.
//!
//! With J the Jacobian at the operating point and s the input, J dx/ds = -dF/ds. dF/ds is the exact difference of the
//! linear source at two values. The output resistance is the response of the output to a unit current (or, for a
//! branch current, to a unit voltage) injected there.

use super::error::AnalysisError;
use super::op;
use super::solver::Solver;
use super::watched::Watched;
use crate::circuit::Circuit;
use crate::device::group::GROUND;
use crate::device::{Load, Mode};
use crate::plan::{Plan, Quantity, TfOutput};
use crate::result::{Column, PlotHeader, Sink, Stats};
use crate::system::Rows;

/// Runs `.tf`; the plot has three columns as ngspice names them.
///
/// # Errors
/// Non-convergence, unknown output or input.
pub fn run(
    output: &TfOutput,
    input: &str,
    circuit: &mut Circuit,
    plan: &Plan,
    step_label: &str,
    sink: &mut dyn Sink,
) -> Result<Stats, AnalysisError> {
    let watched = Watched::new(sink);
    let (interrupted, mut sink) = (|| watched.interrupted(), &watched);
    let (mut solver, x) = still_circuit(circuit, plan, &interrupted)?;
    let source = solver
        .circuit
        .names
        .devices
        .get(input)
        .copied()
        .ok_or_else(|| AnalysisError::UnknownSignal(format!("there is no source `{input}`")))?;
    let mut response = source_slope(&mut solver, source, &x)
        .ok_or_else(|| AnalysisError::NotApplicable(format!("`{input}` is not an independent source")))?;
    respond(&mut solver, &x, &mut response)?;
    let (plus, minus) = ends(&solver, output)?;
    let at = |v: &[f64], k: u32| v.get(k as usize).copied().unwrap_or(0.0);
    let gain = at(&response, plus) - at(&response, minus);

    let group = &solver.circuit.groups[source.group];
    let locals = &group.locals()[group.offset(source.index)..group.offset(source.index + 1)];
    let input_resistance = match locals {
        // a voltage source has a branch current, which flows from p through the source
        [_, _, branch] => -1.0 / at(&response, *branch),
        [p, n, ..] => at(&response, *n) - at(&response, *p),
        _ => f64::NAN,
    };
    let mut unit = vec![0.0; solver.system.len()];
    for (k, sign) in [(plus, 1.0), (minus, -1.0)] {
        if let Some(slot) = unit.get_mut(k as usize) {
            *slot += sign;
        }
    }
    respond(&mut solver, &x, &mut unit)?;
    let seen = at(&unit, plus) - at(&unit, minus);
    let output_resistance = if matches!(output, TfOutput::Voltage(..)) { seen } else { 1.0 / seen.abs() };

    let header = header(plan, step_label, input, output);
    sink.begin(&header);
    sink.point(&[gain, output_resistance, input_resistance]);
    sink.end();
    solver.stats.points = 1;
    Ok(solver.stats)
}

/// Solves the operating point.
fn still_circuit<'a>(
    circuit: &'a mut Circuit,
    plan: &'a Plan,
    interrupted: &'a dyn Fn() -> bool,
) -> Result<(Solver<'a>, Vec<f64>), AnalysisError> {
    let mut solver = Solver::new(circuit, &plan.options).until(interrupted);
    let env = solver.env(Mode::Dc, 0.0);
    let mut x = solver.start();
    op::solve_with_guesses(&mut solver, env, &[], &mut x, "at DC")?;
    Ok((solver, x))
}

/// J^-1 b in place, J the Jacobian at the operating point `x`.
fn respond(solver: &mut Solver, x: &[f64], b: &mut [f64]) -> Result<(), AnalysisError> {
    let singular = |k| AnalysisError::NotApplicable(format!("the linearised circuit is singular at unknown {k}"));
    let rows = Rows::operating_point(solver.circuit, x, solver.options.rshunt);
    let given = b.to_vec();
    solver.respond(solver.env(Mode::Dc, 0.0), &rows, x, &given, b).map_err(singular)
}

/// -dF/ds of an independent source, `None` when the device is none.
pub(super) fn source_slope(solver: &mut Solver, source: crate::circuit::DeviceRef, x: &[f64]) -> Option<Vec<f64>> {
    let env = solver.env(Mode::Dc, 0.0);
    let mut values = [Load::default(), Load::default()];
    let mut copy = solver.circuit.groups.get(source.group)?.boxed_clone();
    for (k, load) in values.iter_mut().enumerate() {
        if !copy.set(source.index, "dc", k as f64) {
            return None;
        }
        copy.load_values(&env, x, load);
    }
    let mut rhs = vec![0.0; solver.system.len()];
    for row in copy.offset(source.index)..copy.offset(source.index + 1) {
        if let Some(slot) = rhs.get_mut(copy.locals()[row] as usize) {
            *slot -= values[1].f[row] - values[0].f[row];
        }
    }
    Some(rhs)
}

/// The unknowns whose difference is the output.
fn ends(solver: &Solver, output: &TfOutput) -> Result<(u32, u32), AnalysisError> {
    let missing = |what: &str, name: &str| AnalysisError::UnknownSignal(format!("there is no {what} `{name}`"));
    match output {
        TfOutput::Voltage(plus, minus) => {
            let node = |name: &String| solver.circuit.node(name).ok_or_else(|| missing("node", name));
            Ok((node(plus)?, node(minus)?))
        }
        TfOutput::Current(name) => {
            let device = solver.circuit.names.devices.get(name).ok_or_else(|| missing("source", name))?;
            let group = &solver.circuit.groups[device.group];
            let locals = &group.locals()[group.offset(device.index)..group.offset(device.index + 1)];
            match locals {
                [_, _, branch] => Ok((*branch, GROUND)),
                _ => Err(AnalysisError::NotApplicable(format!("`{name}` has no branch current; use a voltage source"))),
            }
        }
    }
}

fn header(plan: &Plan, step: &str, input: &str, output: &TfOutput) -> PlotHeader {
    let shown = match output {
        TfOutput::Voltage(plus, minus) if minus == "0" => format!("v({plus})"),
        TfOutput::Voltage(plus, minus) => format!("v({plus};{minus})"),
        TfOutput::Current(name) => format!("i({name})"),
    };
    let column = |name: String, quantity| Column { name, quantity };
    PlotHeader {
        title: plan.title.clone(),
        name: "Transfer Function".to_string(),
        step: step.to_string(),
        has_axis: false,
        columns: vec![
            column("transfer_function".to_string(), Quantity::Plain),
            column(format!("output_impedance_at_{shown}"), Quantity::Resistance),
            column(format!("{input}#input_impedance"), Quantity::Resistance),
        ],
        saved: 3,
    }
}
