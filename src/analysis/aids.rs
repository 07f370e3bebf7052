//! Ways to an operating point that Newton does not find by itself: gmin stepping, source stepping, pseudo-transient
//! continuation.

use super::error::Failure;
use super::follow::follow_states;
use super::solver::Solver;
use crate::circuit::UnknownKind;
use crate::device::Env;
use crate::numeric::newton::{Effort, NewtonError};
use crate::system::Rows;

/// Capacitance that pseudo-transient continuation puts at every node, in F.
const PSEUDO_CAPACITANCE: f64 = 1e-9;

/// gmin stepping, source stepping, pseudo-transient, in this order.
pub fn with_aids(
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
        if !enabled || matches!(last, NewtonError::Interrupted { .. }) {
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
    let effort = Effort::damped(solver.options.itl2.max(20));
    let mut shunt = START;
    let mut factor: f64 = 10.0;
    let mut good = x.clone();
    let mut good_shunt = f64::INFINITY;
    while shunt > END {
        let mut stepped = rows.clone();
        for k in (0..x.len()).filter(|&k| solver.system.kind(k) == UnknownKind::Voltage) {
            stepped.shunt[k] += shunt;
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
    solver.newton(env, rows, x, Effort::damped(solver.options.itl1)).map(|_| ())
}

/// Scales all independent sources from 0 to 1.
fn step_sources(solver: &mut Solver, env: Env, rows: &Rows, x: &mut Vec<f64>) -> Result<(), NewtonError> {
    let effort = Effort::damped(solver.options.itl2.max(20));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::op::solve_with_guesses;
    use super::*;
    use crate::circuit::{Circuit, CircuitBuilder};
    use crate::device::{Mode, ParamValue, ParamValues, REGISTRY};
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
        solver.newton(env, &rows, &mut reference, Effort::damped(200)).unwrap();
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
