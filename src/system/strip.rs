//! Equal linear two-terminal elements in a row: the segments and the capacitors of array lines.
//!
//! ```text
//! f = g (v_a - v_b),   q = c (v_a - v_b)
//! ```
//!
//! Their values never change, so they are read once and never evaluated as devices again.

use super::Sums;
use super::condense::Point;
use crate::circuit::{Circuit, Run};
use crate::device::group::value_at;
use crate::device::{Env, Load};

/// One run of resistors or capacitors.
pub struct Strip {
    run: Run,
    /// S of each instance.
    pub conductance: f64,
    /// F of each instance.
    pub capacitance: f64,
}

impl Strip {
    /// Reads the value of a run from its first instance.
    #[must_use]
    pub fn new(circuit: &Circuit, run: Run, env: &Env) -> Self {
        let mut load = Load::default();
        if let Some(first) = circuit.groups[run.group].alone(run.first) {
            first.load(env, &[0.0; 2], &mut load);
        }
        let first = |values: &[f64]| values.first().copied().unwrap_or(0.0);
        Self { run, conductance: first(&load.g), capacitance: first(&load.c) }
    }

    /// f, q, traffic and sensitivity of every instance. What a resistor or a capacitor does not have stays zero.
    pub fn evaluate(&self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        let group = point.circuit.groups[self.run.group].as_ref();
        let range = group.offset(self.run.first)..group.offset(self.run.first + self.run.count);
        let (x, load) = (point.x, &mut loads[self.run.group]);
        let (g, c) = (self.conductance, self.capacitance);
        for values in [&mut load.f, &mut load.q] {
            if values.len() != group.locals().len() {
                *values = vec![0.0; group.locals().len()];
            }
        }
        let results = load.f[range.clone()].chunks_exact_mut(2).zip(load.q[range.clone()].chunks_exact_mut(2));
        for (ids, (f, q)) in group.locals()[range].chunks_exact(2).zip(results) {
            let [a, b] = [ids[0], ids[1]];
            let volts = value_at(x, a) - value_at(x, b);
            let (current, charge) = (g * volts, c * volts);
            if g != 0.0 {
                (f[0], f[1]) = (current, -current);
            }
            if c != 0.0 {
                (q[0], q[1]) = (charge, -charge);
            }
            let tolerance = |id: u32| if (id as usize) < x.len() { sums.tolerance(id as usize, x) } else { 0.0 };
            let tolerance = tolerance(a) + tolerance(b);
            for (id, f, q) in [(a, current, charge), (b, -current, -charge)] {
                let r = id as usize;
                if r >= x.len() {
                    continue;
                }
                if g != 0.0 {
                    sums.f[r] += f;
                    sums.traffic[r] += f.abs();
                }
                if c != 0.0 {
                    sums.q[r] += q;
                }
                if !point.rows.is_held(r) {
                    sums.sensitivity[r] += (g + point.rows.alpha[r] * c).abs() * tolerance;
                }
            }
        }
    }
}
