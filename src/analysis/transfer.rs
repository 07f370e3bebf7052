//! The DC transfer matrix of a linear circuit: y(u) = y(0) + A u for many sources u and many signals y at once.
//!
//! With J the Jacobian, which does not depend on x, and b_k = -dF/du_k, the response to source k is x_k = J^-1 b_k: one
//! factorization and one pair of triangular solves per source. Column k of A is what the signals read at x_k. A thousand
//! input patterns are then one matrix product.
//!
//! That the circuit is linear is not believed but checked: all sources together at the largest value that they will have,
//! of either sign, must satisfy Kirchhoff's law and the equations of the states with the superposed solution.

use super::error::AnalysisError;
use super::op;
use super::record::{Observation, Recorder};
use super::solver::Solver;
use super::tf::source_slope;
use crate::circuit::{Circuit, DeviceRef};
use crate::device::{Env, Mode};
use crate::numeric::newton::Equations;
use crate::plan::{Plan, Signal};
use crate::result::Stats;
use crate::system::{Problem, Rows};

/// Kirchhoff's law of the superposed solution, relative to the currents that meet at a node. The array kernel leaves 1e-12
/// of the driving currents, which is up to 1e-6 of the smallest currents; a nonlinear cell leaves percents.
const LINEAR: f64 = 1e-5;

/// y(u) = offset + gain u.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// Number of sources.
    pub inputs: usize,
    /// Number of signals.
    pub outputs: usize,
    /// Signals with all named sources at zero; the unit of each is that of its signal.
    pub offset: Vec<f64>,
    /// d signal / d source, `outputs x inputs`, row-major.
    pub gain: Vec<f64>,
    /// Work done.
    pub stats: Stats,
}

/// The response of `outputs` to the independent sources `inputs`, which will have values of at most `largest` V or A; the
/// source values in the circuit are left at zero.
///
/// # Errors
/// Non-convergence, a name that is no source or no signal, a singular circuit, and one that is not linear.
pub fn transfer(
    circuit: &mut Circuit,
    plan: &Plan,
    inputs: &[String],
    outputs: &[Signal],
    largest: f64,
) -> Result<Transfer, AnalysisError> {
    let sources = inputs.iter().map(|name| source(circuit, name)).collect::<Result<Vec<_>, _>>()?;
    let wanted = Plan { signals: outputs.to_vec(), ..Plan::default() };
    let mut recorder = Recorder::new(circuit, &wanted)?;
    set_all(circuit, inputs, &sources, 0.0)?;
    let mut solver = Solver::new(circuit, &plan.options);
    let env = solver.env(Mode::Dc, 0.0);
    let mut rest = solver.start();
    op::solve_with_guesses(&mut solver, env, &[], &mut rest, "at DC")?;
    let rows = Rows::operating_point(solver.circuit, &rest, plan.options.rshunt);
    let offset = read(&mut solver, env, &rest, &mut recorder);
    let mut gain = vec![0.0; outputs.len() * inputs.len()];
    let mut all = vec![0.0; rest.len()];
    for first in (0..inputs.len()).step_by(TOGETHER) {
        let some = first..(first + TOGETHER).min(inputs.len());
        let responses = respond(&mut solver, env, &rows, &rest, &inputs[some.clone()], &sources[some.clone()])?;
        for (k, mut x) in some.zip(responses) {
            for ((dx, rest), all) in x.iter_mut().zip(&rest).zip(&mut all) {
                *all += *dx;
                *dx += rest;
            }
            for (j, (y, y0)) in read(&mut solver, env, &x, &mut recorder).iter().zip(&offset).enumerate() {
                gain[j * inputs.len() + k] = y - y0;
            }
        }
    }
    for value in [largest, -largest] {
        set_all(solver.circuit, inputs, &sources, value)?;
        let x: Vec<f64> = rest.iter().zip(&all).map(|(rest, dx)| rest + value * dx).collect();
        superposed(&mut solver, env, &rows, &x)?;
    }
    set_all(solver.circuit, inputs, &sources, 0.0)?;
    solver.note_residual(&rows);
    Ok(Transfer { inputs: inputs.len(), outputs: outputs.len(), offset, gain, stats: solver.stats })
}

/// Is `x` a solution at rest?
fn superposed(solver: &mut Solver, env: Env, rows: &Rows, x: &[f64]) -> Result<(), AnalysisError> {
    let mut problem = Problem::new(&mut solver.system, solver.circuit, env, rows);
    problem.begin(x);
    problem.linearise(x);
    // a selector that is about to switch carries its leakage as long as its state is held
    let (unsettled, row) = problem.system.worst_row();
    let (_, misfit) = solver.system.kirchhoff(rows);
    // NaN is no agreement
    if misfit.is_nan() || misfit > LINEAR {
        let text = format!("the circuit is not linear: superposed responses violate Kirchhoff's law by {misfit:.1e}");
        return Err(AnalysisError::NotApplicable(text));
    }
    if unsettled.is_nan() || unsettled > 1.0 {
        let name = solver.circuit.unknown_signal(row as u32);
        return Err(AnalysisError::NotApplicable(format!("the circuit is not linear: `{name}` does not stay at rest")));
    }
    Ok(())
}

/// Sources whose responses are held at a time.
const TOGETHER: usize = 98;

/// J^-1 (-dF/du_k) of some sources.
fn respond(
    solver: &mut Solver,
    env: Env,
    rows: &Rows,
    x: &[f64],
    names: &[String],
    sources: &[DeviceRef],
) -> Result<Vec<Vec<f64>>, AnalysisError> {
    let singular = |k| AnalysisError::NotApplicable(format!("the linearised circuit is singular at unknown {k}"));
    let slope = |(device, name): (&DeviceRef, &String)| source_slope(solver, *device, x).ok_or_else(|| no_source(name));
    let mut slopes = sources.iter().zip(names).map(slope).collect::<Result<Vec<_>, _>>()?;
    let mut problem = Problem::new(&mut solver.system, solver.circuit, env, rows);
    problem.begin(x);
    problem.linearise(x);
    for slope in &mut slopes {
        let given = slope.clone();
        problem.solve(x, &given, slope).map_err(singular)?;
    }
    solver.note_work();
    Ok(slopes)
}

/// What the signals read at `x`.
fn read(solver: &mut Solver, env: Env, x: &[f64], recorder: &mut Recorder) -> Vec<f64> {
    solver.system.load(solver.circuit, &env, x);
    let observation =
        Observation { circuit: solver.circuit, env, x, rest: &[], loads: solver.system.loads(), charges: None };
    recorder.row(None, &observation).to_vec()
}

fn source(circuit: &Circuit, name: &str) -> Result<DeviceRef, AnalysisError> {
    let missing = || AnalysisError::UnknownSignal(format!("there is no source `{name}`"));
    circuit.names.devices.get(name).copied().ok_or_else(missing)
}

fn no_source(name: &str) -> AnalysisError {
    AnalysisError::NotApplicable(format!("`{name}` is not an independent source"))
}

fn set_all(circuit: &mut Circuit, names: &[String], sources: &[DeviceRef], value: f64) -> Result<(), AnalysisError> {
    for (device, name) in sources.iter().zip(names) {
        let group = circuit.groups.get_mut(device.group);
        if !group.is_some_and(|group| group.set(device.index, "dc", value)) {
            return Err(no_source(name));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::circuit::CircuitBuilder;
    use crate::device::{ParamValue, ParamValues, REGISTRY};

    fn add(b: &mut CircuitBuilder, keyword: &str, name: &str, nodes: &[&str], values: &[(&str, f64)]) {
        let kind = *REGISTRY.iter().find(|k| k.card().keywords.contains(&keyword)).unwrap();
        let ports: Vec<u32> = nodes.iter().map(|n| b.node(n)).collect();
        let given: Vec<(String, ParamValue)> =
            values.iter().map(|(n, v)| ((*n).to_string(), ParamValue::Number(*v))).collect();
        b.add(kind, name, &ports, &ParamValues::check(kind.card(), &given).unwrap()).unwrap();
    }

    /// Two sources through 1 k and 3 k into a node with 6 k to ground, and a third source that is not an input.
    fn summer() -> Circuit {
        let mut b = CircuitBuilder::new(300.15);
        add(&mut b, "v", "v1", &["a", "0"], &[("dc", 5.0)]);
        add(&mut b, "v", "v2", &["b", "0"], &[("dc", -2.0)]);
        add(&mut b, "i", "i3", &["0", "m"], &[("dc", 1e-3)]);
        add(&mut b, "r", "r1", &["a", "m"], &[("r", 1e3)]);
        add(&mut b, "r", "r2", &["b", "m"], &[("r", 3e3)]);
        add(&mut b, "r", "r3", &["m", "0"], &[("r", 6e3)]);
        b.finish()
    }

    #[test]
    fn superposition_of_a_summing_node() {
        let inputs = ["v1".to_string(), "v2".to_string()];
        let outputs = [Signal::Voltage("m".into()), Signal::Current("v1".into()), Signal::Current("r2".into())];
        let t = transfer(&mut summer(), &Plan::default(), &inputs, &outputs, 5.0).unwrap();
        // g = 1 + 1/3 + 1/6 = 1.5 mS: v_m = (v1 + v2/3 + 1 V)/1.5
        let expected = [1.0 / 1.5, 1.0 / 4.5];
        let currents = [(expected[0] - 1.0) * 1e-3, expected[1] * 1e-3];
        let r2 = [-expected[0] / 3e3, (1.0 - expected[1]) / 3e3];
        for (got, want) in t.gain.iter().zip([expected, currents, r2].as_flattened()) {
            assert!((got - want).abs() <= 1e-12 * want.abs(), "{got} {want}");
        }
        let offset = [1.0 / 1.5, 1e-3 / 1.5, -1.0 / 4.5e3];
        for (got, want) in t.offset.iter().zip(offset) {
            assert!((got - want).abs() <= 1e-9 * want.abs(), "{got} {want}");
        }
    }

    #[test]
    fn a_diode_is_not_linear_and_a_resistor_is_no_source() {
        let mut b = CircuitBuilder::new(300.15);
        add(&mut b, "v", "v1", &["a", "0"], &[("dc", 0.0)]);
        add(&mut b, "r", "r1", &["a", "m"], &[("r", 1e3)]);
        add(&mut b, "d", "d1", &["m", "0"], &[("is", 1e-14)]);
        let mut circuit = b.finish();
        let output = [Signal::Voltage("m".into())];
        let refused = transfer(&mut circuit, &Plan::default(), &["v1".into()], &output, 1.0).unwrap_err();
        assert!(refused.to_string().contains("not linear"), "{refused}");
        let refused = transfer(&mut summer(), &Plan::default(), &["r1".into()], &output, 1.0).unwrap_err();
        assert!(refused.to_string().contains("not an independent source"), "{refused}");
        let refused = transfer(&mut summer(), &Plan::default(), &["v9".into()], &[], 1.0).unwrap_err();
        assert!(refused.to_string().contains("no source `v9`"), "{refused}");
    }
    /// A selector that switches at 2 V is a resistor of its leakage for a read of 1 V, and is found out at 3 V, forward
    /// and reversed.
    #[test]
    fn a_threshold_is_seen_where_the_sources_reach_it() {
        let ask = |largest: f64| {
            let mut b = CircuitBuilder::new(300.15);
            add(&mut b, "v", "v1", &["a", "0"], &[("dc", 0.0)]);
            let selector = [("goff", 1e-9), ("ron", 1e4), ("vth", 2.0), ("vhold", 0.5), ("w", 0.01), ("ts", 1e-9)];
            add(&mut b, "threshold", "s1", &["a", "m"], &selector);
            add(&mut b, "r", "r1", &["m", "0"], &[("r", 1e3)]);
            let mut circuit = b.finish();
            transfer(&mut circuit, &Plan::default(), &["v1".into()], &[Signal::Current("r1".into())], largest)
        };
        let gain = ask(1.0).unwrap().gain[0];
        assert!((gain / 1e-9 - 1.0).abs() < 1e-4, "{gain}");
        for largest in [3.0, -3.0] {
            let refused = ask(largest).unwrap_err().to_string();
            assert!(refused.contains("not linear"), "{refused}");
        }
    }
}
