//! Volatile states of single cells on their way to rest, the lines held where they are.
//!
//! A selector that snaps does so inside its own cell. With the ports of the cell fixed, its inner unknowns follow
//!
//! ```text
//! f(x) + (q(x) - q(x_0)) / h = 0   (states that settle),   f(x) = 0   (everything else that is not held)
//! ```
//!
//! by backward Euler with growing steps h until nothing moves: the way of [`crate::analysis::op`], for a handful of
//! unknowns instead of the whole array.

use super::System;
use super::cells::Cells;
use super::condense::Point;
use super::sums::Sums;
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Env, Load, StateLaw};
use crate::numeric::control::{self, Pseudo};

use super::rows::Rows;

/// Steps before giving up.
const STEPS: usize = 1000;
/// Newton iterations of one step.
const ITERATIONS: usize = 20;
/// Newton ends when the last correction is below this fraction of the tolerances.
const NEGLIGIBLE: f64 = 1e-3;

/// f, q and their derivatives inside one cell.
#[derive(Debug, Default)]
struct Inside {
    f: Vec<f64>,
    q: Vec<f64>,
    g: Vec<f64>,
    c: Vec<f64>,
}

impl System {
    /// Settles the cells that own the unknowns in `moving`, each for itself, in place; gives the unknowns of their ports.
    /// `None` when an unknown belongs to no cell or a cell does not come to rest: `x` is then of no use.
    pub fn relax_cells(
        &mut self,
        circuit: &Circuit,
        env: &Env,
        rows: &Rows,
        x: &mut [f64],
        moving: &[usize],
    ) -> Option<Vec<u32>> {
        let mut wanted = vec![false; x.len()];
        moving.iter().for_each(|&k| wanted[k] = true);
        let mut left = moving.len();
        let mut ports = Vec::new();
        for cells in &self.cells {
            for cell in 0..cells.len() {
                let own = cells.inner_of(cell).filter(|&id| wanted[id]).count();
                if own == 0 {
                    continue;
                }
                left -= own;
                ports.extend(cells.port_ids(cell).iter().copied().filter(|&id| (id as usize) < x.len()));
                cells.relax(circuit, env, rows, x, cell, &mut self.loads, &self.sums)?;
            }
        }
        (left == 0).then_some(ports)
    }
}

impl Cells {
    /// Unknowns inside a cell.
    fn inner_of(&self, cell: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.inner.len()).map(move |slot| self.inner_id(slot, cell))
    }

    fn look_inside(&self, point: &Point, cell: usize, loads: &mut [Load], out: &mut Inside) {
        let (p, m) = (self.ports.len(), self.inner.len());
        for (values, len) in [(&mut out.f, m), (&mut out.q, m), (&mut out.g, m * m), (&mut out.c, m * m)] {
            values.clear();
            values.resize(len, 0.0);
        }
        for device in &self.devices {
            let group = point.circuit.groups[device.group].as_ref();
            let (load, i) = (&mut loads[device.group], device.first + cell);
            group.load_range(point.env, point.x, None, i..i + 1, load);
            let base = group.offset(i);
            for &(k, slot, ref columns) in device.rows.iter().filter(|row| row.1 >= p) {
                let r = slot - p;
                out.f[r] += load.f[base + k];
                out.q[r] += load.q[base + k];
                for &(c, s) in columns.iter().filter(|column| column.1 >= p) {
                    out.g[r * m + s - p] += load.g[k * device.width + c];
                    out.c[r * m + s - p] += load.c[k * device.width + c];
                }
            }
        }
    }

    fn relax(
        &self,
        circuit: &Circuit,
        env: &Env,
        rows: &Rows,
        x: &mut [f64],
        cell: usize,
        loads: &mut [Load],
        sums: &Sums,
    ) -> Option<()> {
        let ids: Vec<usize> = self.inner_of(cell).collect();
        let settles = |id: usize| {
            let unknown = &circuit.unknowns[id];
            unknown.law == StateLaw::Settling && unknown.kind == UnknownKind::State
        };
        let mut inside = Inside::default();
        self.look_inside(&Point { circuit, env, x, rows, points: &[] }, cell, loads, &mut inside);
        let rate = |(k, &id): (usize, &usize)| inside.f[k].abs() / circuit.unknowns[id].scale;
        let fastest = ids.iter().enumerate().filter(|&(_, &id)| settles(id)).map(rate).fold(0.0, f64::max);
        let mut h = control::first_pseudo_step(fastest);
        for _ in 0..STEPS {
            let before: Vec<f64> = ids.iter().map(|&id| x[id]).collect();
            self.look_inside(&Point { circuit, env, x, rows, points: &[] }, cell, loads, &mut inside);
            let past = inside.q.clone();
            let solved = self.step(circuit, env, rows, x, cell, loads, sums, &mut inside, (&past, h));
            let change = |(id, before): (&usize, &f64)| (x[*id] - before).abs();
            let scale = |id: usize| circuit.unknowns[id].scale;
            let states = ids.iter().zip(&before).filter(|(id, _)| settles(**id));
            let moved = states.map(|pair| change(pair) / scale(*pair.0)).fold(0.0, f64::max);
            let still = ids.iter().zip(&before).all(|pair| change(pair) <= sums.tolerance(*pair.0, x));
            match control::judge_pseudo_step(h, solved.then_some(moved)) {
                Pseudo::Accept(_) if still && h >= control::FINAL_PSEUDO_STEP => return Some(()),
                Pseudo::Accept(next) => h = next,
                Pseudo::Reject(next) => {
                    ids.iter().zip(&before).for_each(|(&id, before)| x[id] = *before);
                    h = next;
                }
                Pseudo::Hopeless => return None,
            }
        }
        None
    }

    /// One backward Euler step inside a cell.
    fn step(
        &self,
        circuit: &Circuit,
        env: &Env,
        rows: &Rows,
        x: &mut [f64],
        cell: usize,
        loads: &mut [Load],
        sums: &Sums,
        inside: &mut Inside,
        (past, h): (&[f64], f64),
    ) -> bool {
        let m = self.inner.len();
        for _ in 0..ITERATIONS {
            self.look_inside(&Point { circuit, env, x, rows, points: &[] }, cell, loads, inside);
            let mut matrix = vec![0.0; m * m];
            let mut dx = vec![0.0; m];
            for (r, id) in self.inner_of(cell).enumerate() {
                if rows.is_held(id) {
                    matrix[r * m + r] = 1.0;
                    continue;
                }
                let settles = circuit.unknowns[id].law == StateLaw::Settling;
                let alpha = if settles && circuit.unknowns[id].kind == UnknownKind::State { 1.0 / h } else { 0.0 };
                dx[r] =
                    -(inside.f[r] + alpha * (inside.q[r] - past[r]) + rows.shunt[id] * (x[id] - rows.reference[id]));
                for c in 0..m {
                    matrix[r * m + c] = inside.g[r * m + c] + alpha * inside.c[r * m + c];
                }
                matrix[r * m + r] += rows.shunt[id];
            }
            if !super::lanes::solve_dense(&mut matrix, m, &mut dx) || dx.iter().any(|d| !d.is_finite()) {
                return false;
            }
            for (id, d) in self.inner_of(cell).zip(&dx) {
                x[id] += d;
            }
            let small = |(id, d): (usize, &f64)| d.abs() <= NEGLIGIBLE * sums.tolerance(id, x);
            if self.inner_of(cell).zip(&dx).all(small) {
                return true;
            }
        }
        false
    }
}
