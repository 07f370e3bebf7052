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
        for (k, ids) in group.locals()[range.clone()].chunks_exact(2).enumerate() {
            let (row, ends) = (range.start + 2 * k, [ids[0], ids[1]].map(|id| id as usize));
            let [a, b] = ends.map(|id| x.get(id).copied());
            let volts = a.unwrap_or(0.0) - b.unwrap_or(0.0);
            let tolerance: f64 = ends.iter().filter(|&&id| id < x.len()).map(|&id| sums.tolerance(id, x)).sum();
            if g != 0.0 {
                (load.f[row], load.f[row + 1]) = (g * volts, -g * volts);
            }
            if c != 0.0 {
                (load.q[row], load.q[row + 1]) = (c * volts, -c * volts);
            }
            for (r, sign) in ends.into_iter().zip([1.0, -1.0]).filter(|&(r, _)| r < x.len()) {
                if g != 0.0 {
                    sums.f[r] += sign * g * volts;
                    sums.traffic[r] += (g * volts).abs();
                }
                if c != 0.0 {
                    sums.q[r] += sign * c * volts;
                }
                if !point.rows.is_held(r) {
                    sums.sensitivity[r] += (g + point.rows.alpha[r] * c).abs() * tolerance;
                }
            }
        }
    }
}
