//! Volatile states of single cells on their way to rest.
//!
//! A selector that snaps does so inside its own cell. The inner unknowns of the cell follow
//!
//! ```text
//! f(x) + (q(x) - q(x_0)) / h = 0   (states that settle),   f(x) = 0   (everything else that is not held)
//! ```
//!
//! by backward Euler with growing steps h until nothing moves: the way of [`crate::analysis::op`], for a handful of
//! unknowns instead of the whole array. The ports of the cell stay where they are while several cells are on their way.
//! A cell that moves alone takes its lines along: with Z the impedance that the circuit, linear around x_0, shows to the
//! ports, and S the part of it that is the cell's own,
//!
//! ```text
//! v - v_0 + Z (i(x) - i(x_0) - S (v - v_0)) = 0                                  (ports)
//! ```

use super::cells::Cells;
use super::rows::Rows;
use super::sums::Sums;
use super::{System, residual_of};
use crate::circuit::{Circuit, UnknownKind};
use crate::device::{Env, Load, StateLaw};
use crate::numeric::control::{FINAL_PSEUDO_STEP, Pseudo, PseudoClock};
use crate::numeric::lanes::solve_dense;

/// Steps before giving up.
const STEPS: usize = 1000;
/// Newton iterations of one step.
const ITERATIONS: usize = 20;
/// Newton ends when the last correction is below this fraction of the tolerances.
const NEGLIGIBLE: f64 = 1e-3;

/// What the cells on their way depend on.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Devices.
    pub circuit: &'a Circuit,
    /// World.
    pub env: &'a Env,
    /// Rows of the moment.
    pub rows: &'a Rows,
}

/// One cell: f, q and their derivatives over its slots, ports first, and what its ports see.
struct Cell<'a> {
    cells: &'a Cells,
    cell: usize,
    around: Surroundings<'a>,
    /// Unknown of every slot; beyond the last for ground.
    ids: Vec<usize>,
    f: Vec<f64>,
    q: Vec<f64>,
    g: Vec<f64>,
    c: Vec<f64>,
    source: Source,
}

/// The circuit as the ports see it: voltages, currents of the cell, Z and Z S.
struct Source {
    voltages: Vec<f64>,
    currents: Vec<f64>,
    impedance: Vec<f64>,
    own: Vec<f64>,
}

impl System {
    /// First Newton step of every cell at `x` with its ports held; zero for unknowns outside of cells.
    #[must_use]
    pub fn inner_steps(&mut self, circuit: &Circuit, env: &Env, rows: &Rows, x: &[f64]) -> Vec<f64> {
        let mut steps = vec![0.0; x.len()];
        if self.cells.is_empty() {
            return steps;
        }
        self.forget_limits(circuit, x);
        self.linearise(circuit, env, rows, x);
        let Self { cells, residual, sums, .. } = self;
        let residual = residual_of(residual, sums);
        for cells in cells {
            // a singular cell has no step: the direct attempt will say so
            if cells.factor().is_err() {
                continue;
            }
            cells.inner_ids().for_each(|id| steps[id as usize] = -residual[id as usize]);
            cells.expand(&mut steps);
        }
        steps
    }

    /// Settles the cells that own the unknowns in `moving` in place; gives the unknowns of their ports. `None` when an
    /// unknown belongs to no cell or a cell does not come to rest: `x` is then of no use.
    pub fn relax_cells(
        &mut self,
        around: Surroundings,
        held: &Rows,
        x: &mut [f64],
        moving: &[usize],
    ) -> Option<Vec<u32>> {
        let found = self.owners(moving)?;
        if let [(k, cell)] = found[..] {
            self.relax_with_lines(around, held, x, (k, cell))?;
        } else {
            self.follow_cells(around, x, &found, f64::INFINITY)?;
        }
        Some(self.ports_of(&found))
    }

    /// Lets the cells that own the unknowns in `moving` go on for `time` seconds in place, with their ports where they are
    /// in `x`. `None` as in [`System::relax_cells`].
    pub fn advance_cells(&mut self, around: Surroundings, x: &mut [f64], moving: &[usize], time: f64) -> Option<()> {
        let found = self.owners(moving)?;
        self.follow_cells(around, x, &found, time)
    }

    /// The ports of the cells that own these unknowns; `None` when one belongs to no cell.
    #[must_use]
    pub fn cell_ports(&self, unknowns: &[usize]) -> Option<Vec<u32>> {
        Some(self.ports_of(&self.owners(unknowns)?))
    }

    /// The cells, as index of their array's and their own, that own these unknowns; `None` when one belongs to no cell.
    fn owners(&self, unknowns: &[usize]) -> Option<Vec<(usize, usize)>> {
        let mut wanted = vec![false; self.len()];
        unknowns.iter().for_each(|&k| wanted[k] = true);
        let mut left = unknowns.len();
        let mut found = Vec::new();
        for (k, cells) in self.cells.iter().enumerate() {
            for cell in 0..cells.len() {
                let own = cells.inner_of(cell).filter(|&id| wanted[id]).count();
                if own > 0 {
                    left -= own;
                    found.push((k, cell));
                }
            }
        }
        (left == 0).then_some(found)
    }

    fn follow_cells(&mut self, around: Surroundings, x: &mut [f64], found: &[(usize, usize)], time: f64) -> Option<()> {
        let Self { cells, loads, sums, .. } = self;
        found.iter().try_for_each(|&(k, cell)| Cell::new(&cells[k], cell, around).follow(x, loads, sums, time))
    }

    fn ports_of(&self, found: &[(usize, usize)]) -> Vec<u32> {
        let ports = found.iter().flat_map(|&(k, cell)| self.cells[k].port_ids(cell));
        ports.filter(|&id| (id as usize) < self.len()).collect()
    }

    /// Settles one cell with the circuit around it, linear from `x` on, and takes that circuit along.
    fn relax_with_lines(
        &mut self,
        around: Surroundings,
        held: &Rows,
        x: &mut [f64],
        (k, cell): (usize, usize),
    ) -> Option<()> {
        self.forget_limits(around.circuit, x);
        self.linearise(around.circuit, around.env, held, x);
        let ports: Vec<usize> = self.cells[k].port_ids(cell).map(|id| id as usize).collect();
        let mut responses = Vec::new();
        for &port in &ports {
            let mut response = vec![0.0; x.len()];
            if port < x.len() && !held.is_held(port) {
                let unit = |_: &Self, b: &mut [f64]| {
                    b.fill(0.0);
                    b[port] = 1.0;
                };
                self.factor_and_solve(held, unit, &mut response).ok()?;
            }
            responses.push(response);
        }
        let Self { cells, loads, sums, .. } = &mut *self;
        let mut moving = Cell::new(&cells[k], cell, around);
        moving.set_source(x, loads, &responses);
        moving.follow(x, loads, sums, f64::INFINITY)?;
        let injected = moving.injected(x, loads);
        for (id, value) in x.iter_mut().enumerate().filter(|(id, _)| !moving.ids.contains(id)) {
            *value -= responses.iter().zip(&injected).map(|(r, i)| r[id] * i).sum::<f64>();
        }
        Some(())
    }
}

impl Cells {
    /// Unknowns inside a cell.
    fn inner_of(&self, cell: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.inner()).map(move |slot| self.inner_id(slot, cell))
    }
}

impl<'a> Cell<'a> {
    /// A cell whose ports are held.
    fn new(cells: &'a Cells, cell: usize, around: Surroundings<'a>) -> Self {
        let (p, w) = (cells.ports.len(), cells.slots.len());
        let zeros = |len: usize| vec![0.0; len];
        Self {
            cells,
            cell,
            around,
            ids: (0..w).map(|slot| cells.id(slot, cell) as usize).collect(),
            f: zeros(w),
            q: zeros(w),
            g: zeros(w * w),
            c: zeros(w * w),
            source: Source { voltages: zeros(p), currents: zeros(p), impedance: zeros(p * p), own: zeros(p * p) },
        }
    }

    fn ports(&self) -> usize {
        self.cells.ports.len()
    }

    /// Lets the ports follow the currents of the cell; `responses` are the columns of J^-1 at the ports.
    fn set_source(&mut self, x: &[f64], loads: &mut [Load], responses: &[Vec<f64>]) {
        let p = self.ports();
        self.evaluate(x, loads);
        let at = |id: usize, response: &Vec<f64>| response.get(id).copied().unwrap_or(0.0);
        let Source { voltages, currents, impedance, own } = &mut self.source;
        for r in 0..p {
            voltages[r] = x.get(self.ids[r]).copied().unwrap_or(0.0);
            currents[r] = self.f[r];
            for c in 0..p {
                impedance[r * p + c] = at(self.ids[r], &responses[c]);
            }
        }
        for r in 0..p {
            for c in 0..p {
                let condensed = |k: usize| self.cells.blocks.condensed(self.cell, k, c);
                own[r * p + c] = (0..p).map(|k| impedance[r * p + k] * condensed(k)).sum();
            }
        }
    }

    /// i(x) - i(x_0) - S (v - v_0): what the linear circuit gets at the ports beyond what it knew of.
    fn injected(&mut self, x: &[f64], loads: &mut [Load]) -> Vec<f64> {
        let p = self.ports();
        self.evaluate(x, loads);
        let moved = |c: usize| x.get(self.ids[c]).map_or(0.0, |v| v - self.source.voltages[c]);
        let known = |r: usize| (0..p).map(|c| self.cells.blocks.condensed(self.cell, r, c) * moved(c)).sum::<f64>();
        (0..p).map(|r| self.f[r] - self.source.currents[r] - known(r)).collect()
    }

    fn evaluate(&mut self, x: &[f64], loads: &mut [Load]) {
        let w = self.ids.len();
        for values in [&mut self.f, &mut self.q, &mut self.g, &mut self.c] {
            values.fill(0.0);
        }
        for device in &self.cells.devices {
            let group = self.around.circuit.groups[device.group].as_ref();
            let (load, i) = (&mut loads[device.group], device.first + self.cell);
            group.load_range(self.around.env, x, None, i..i + 1, load);
            let base = group.offset(i);
            for &(k, r, ref columns) in &device.rows {
                self.f[r] += load.f[base + k];
                self.q[r] += load.q[base + k];
                for &(c, s) in columns {
                    self.g[r * w + s] += load.g[k * device.width + c];
                    self.c[r * w + s] += load.c[k * device.width + c];
                }
            }
        }
    }

    /// Does the unknown of a slot follow its own dynamics?
    fn settles(&self, slot: usize) -> bool {
        let unknown = self.around.circuit.unknowns.get(self.ids[slot]);
        slot >= self.ports() && unknown.is_some_and(|u| u.law == StateLaw::Settling && u.kind == UnknownKind::State)
    }

    /// Follows the states for `time` seconds or until nothing moves.
    fn follow(&mut self, x: &mut [f64], loads: &mut [Load], sums: &Sums, time: f64) -> Option<()> {
        let (p, w) = (self.ports(), self.ids.len());
        let scale = |cell: &Self, slot: usize| cell.around.circuit.unknowns[cell.ids[slot]].scale;
        let states: Vec<usize> = (p..w).filter(|&slot| self.settles(slot)).collect();
        self.evaluate(x, loads);
        let rate = |&slot: &usize| self.f[slot].abs() / scale(self, slot);
        let mut clock = PseudoClock::new(states.iter().map(rate).fold(0.0, f64::max));
        let mut left = time;
        for _ in 0..STEPS {
            clock.step = clock.step.min(left);
            let before: Vec<f64> = self.ids.iter().map(|&id| x.get(id).copied().unwrap_or(0.0)).collect();
            self.evaluate(x, loads);
            let past = self.q.clone();
            let solved = self.step(x, loads, sums, (&past, clock.step));
            let change = |slot: usize| (x[self.ids[slot]] - before[slot]).abs();
            let moved = states.iter().map(|&slot| change(slot) / scale(self, slot)).fold(0.0, f64::max);
            let still = (p..w).all(|slot| change(slot) <= sums.tolerance(self.ids[slot], x));
            let h = clock.step;
            match clock.judge(solved.then_some(moved)) {
                Pseudo::Accept if still && h >= FINAL_PSEUDO_STEP || h >= left => return Some(()),
                Pseudo::Accept => left -= h,
                Pseudo::Reject => {
                    for (&id, before) in self.ids.iter().zip(&before) {
                        x.get_mut(id).into_iter().for_each(|x| *x = *before);
                    }
                }
                Pseudo::Hopeless => return None,
            }
        }
        None
    }

    /// One backward Euler step.
    fn step(&mut self, x: &mut [f64], loads: &mut [Load], sums: &Sums, (past, h): (&[f64], f64)) -> bool {
        let w = self.ids.len();
        for _ in 0..ITERATIONS {
            self.evaluate(x, loads);
            let mut matrix = vec![0.0; w * w];
            let mut dx = vec![0.0; w];
            for r in 0..w {
                let row = &mut matrix[r * w..(r + 1) * w];
                dx[r] =
                    if r < self.ports() { -self.port_row(r, x, row) } else { -self.inner_row(r, x, (past, h), row) };
            }
            if !solve_dense(&mut matrix, w, &mut dx) || dx.iter().any(|d| !d.is_finite()) {
                return false;
            }
            for (&id, d) in self.ids.iter().zip(&dx) {
                x.get_mut(id).into_iter().for_each(|x| *x += d);
            }
            let small = |(&id, d): (&usize, &f64)| id >= x.len() || d.abs() <= NEGLIGIBLE * sums.tolerance(id, x);
            if self.ids.iter().zip(&dx).all(small) {
                return true;
            }
        }
        false
    }

    /// Residual and derivatives of a port.
    fn port_row(&self, r: usize, x: &[f64], row: &mut [f64]) -> f64 {
        let (p, w, source) = (self.ports(), self.ids.len(), &self.source);
        row[r] = 1.0;
        let Some(&v) = x.get(self.ids[r]) else { return 0.0 };
        if source.impedance[r * p..(r + 1) * p].iter().all(|z| *z == 0.0) {
            return 0.0;
        }
        let mut residual = v - source.voltages[r];
        for k in 0..p {
            let z = source.impedance[r * p + k];
            residual += z * (self.f[k] - source.currents[k]);
            if let Some(v) = x.get(self.ids[k]) {
                residual -= source.own[r * p + k] * (v - source.voltages[k]);
            }
            row[k] -= source.own[r * p + k];
            for (entry, g) in row.iter_mut().zip(&self.g[k * w..(k + 1) * w]) {
                *entry += z * g;
            }
        }
        residual
    }

    /// Residual and derivatives of an inner unknown.
    fn inner_row(&self, r: usize, x: &[f64], (past, h): (&[f64], f64), row: &mut [f64]) -> f64 {
        let (w, id, rows) = (self.ids.len(), self.ids[r], self.around.rows);
        if rows.is_held(id) {
            row[r] = 1.0;
            return 0.0;
        }
        let alpha = if self.settles(r) { 1.0 / h } else { 0.0 };
        for (c, entry) in row.iter_mut().enumerate() {
            *entry = self.g[r * w + c] + alpha * self.c[r * w + c];
        }
        row[r] += rows.shunt[id];
        self.f[r] + alpha * (self.q[r] - past[r]) + rows.shunt[id] * (x[id] - rows.reference[id])
    }
}
