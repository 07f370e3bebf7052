//! The numbers of an array's cells: evaluation, elimination of what is inside, and the way back.
//!
//! The formulas are in [`super::cells`]. Cells are taken [`LANES`] at a time, one per lane, structure of arrays: entry e of
//! the blocks of chunk k is `values[(k * entries + e) * LANES ..][.. LANES]`, so that every loop over lanes is a vector
//! loop and a chunk stays in the first-level cache. J_ii is inverted in place by Gauss-Jordan elimination on the
//! diagonal; a cell whose diagonal pivots are too small is inverted again with row exchanges.

use std::ops::Range;

use super::Sums;
use super::cells::Cells;
use super::lanes::{LANES, Lane, invert, invert_with_exchanges, products};
use super::rows::Rows;
use crate::circuit::Circuit;
use crate::device::group::GROUND;
use crate::device::{Env, Load};

/// Blocks of all cells.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    p: usize,
    m: usize,
    count: usize,
    /// J, ports first.
    jacobian: Vec<Lane>,
    /// J_ii^-1.
    inverse: Vec<Lane>,
    /// Z.
    gain: Vec<Lane>,
    /// P.
    pull: Vec<Lane>,
    /// S.
    condensed: Vec<Lane>,
    /// The unknown of every slot, ground where there is none.
    ids: Vec<[u32; LANES]>,
    scratch: Scratch,
}

/// What every slot of the cells of one chunk has of its row.
#[derive(Debug, Clone, Default)]
struct Scratch {
    /// 0 for held rows and ground, else 1.
    free: Vec<Lane>,
    alpha: Vec<Lane>,
    /// Is alpha zero in all lanes?
    still: Vec<bool>,
    tolerance: Vec<Lane>,
    f: Vec<Lane>,
    q: Vec<Lane>,
    traffic: Vec<Lane>,
    /// 0 for the ports of disconnected cells, as their devices see them.
    mask: Vec<Lane>,
    work: Vec<Lane>,
}

impl Blocks {
    /// Room for `count` cells of `p` ports and `m` inner unknowns.
    #[must_use]
    pub fn new(p: usize, m: usize, count: usize) -> Self {
        let (w, chunks) = (p + m, count.div_ceil(LANES));
        let zeros = |entries: usize| vec![[0.0; LANES]; entries];
        let scratch = Scratch {
            free: zeros(w),
            alpha: zeros(w),
            still: vec![true; w],
            tolerance: zeros(w),
            f: zeros(w),
            q: zeros(w),
            traffic: zeros(w),
            mask: zeros(w),
            work: zeros(m * m),
        };
        Self {
            p,
            m,
            count,
            jacobian: zeros(chunks * w * w),
            inverse: zeros(chunks * m * m),
            gain: zeros(chunks * m * p),
            pull: zeros(chunks * p * m),
            condensed: if m == 0 { Vec::new() } else { zeros(chunks * p * p) },
            ids: Vec::new(),
            scratch,
        }
    }

    /// Notes the unknowns of every cell once the structure is final.
    pub fn set_ids(&mut self, id: impl Fn(usize, usize) -> u32) {
        let w = self.p + self.m;
        for (_, cells) in self.chunks() {
            for s in 0..w {
                let mut lanes = [GROUND; LANES];
                for (lane, cell) in cells.clone().enumerate() {
                    lanes[lane] = id(s, cell);
                }
                self.ids.push(lanes);
            }
        }
    }

    fn chunks(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let count = self.count;
        (0..count.div_ceil(LANES)).map(move |k| (k, k * LANES..((k + 1) * LANES).min(count)))
    }

    /// S of a cell: its entry in row r and column c.
    #[inline]
    #[must_use]
    pub fn condensed(&self, cell: usize, r: usize, c: usize) -> f64 {
        let (chunk, lane) = (cell / LANES, cell % LANES);
        if self.m == 0 {
            self.jacobian[chunk * self.p * self.p + r * self.p + c][lane]
        } else {
            self.condensed[chunk * self.p * self.p + r * self.p + c][lane]
        }
    }

    /// Largest diagonal entry of J at the ports of a cell: below 1e-16 of it, S is rounding.
    #[inline]
    #[must_use]
    pub fn size(&self, cell: usize) -> f64 {
        let w = self.p + self.m;
        let block = &self.jacobian[(cell / LANES) * w * w..];
        (0..self.p).map(|r| block[r * w + r][cell % LANES].abs()).fold(0.0, f64::max)
    }
}

/// What an evaluation reads.
pub struct Point<'a> {
    /// Devices.
    pub circuit: &'a Circuit,
    /// World.
    pub env: &'a Env,
    /// Solution.
    pub x: &'a [f64],
    /// Rows of the moment.
    pub rows: &'a Rows,
    /// Limited local values of each group, empty where it does not limit.
    pub points: &'a [Vec<f64>],
}

impl Cells {
    /// Evaluates every device of every cell: sums, Jacobian blocks with the rows of the moment, row sensitivities.
    pub fn evaluate(&mut self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        let mut blocks = std::mem::take(&mut self.blocks);
        let w = blocks.p + blocks.m;
        for (chunk, cells) in blocks.chunks() {
            let (jacobian, scratch) = (&mut blocks.jacobian[chunk * w * w..(chunk + 1) * w * w], &mut blocks.scratch);
            let ids = &blocks.ids[chunk * w..(chunk + 1) * w];
            self.read_rows(point, &cells, ids, sums, scratch);
            jacobian.fill([0.0; LANES]);
            self.add_devices_of(point, &cells, loads, jacobian, scratch);
            self.add_resistors_of(point, &cells, loads, jacobian, scratch);
            self.close(point, ids, sums, jacobian, scratch);
        }
        self.blocks = blocks;
    }

    /// Coefficients and tolerances of every row.
    fn read_rows(&self, point: &Point, cells: &Range<usize>, ids: &[[u32; LANES]], sums: &Sums, scratch: &mut Scratch) {
        let p = self.ports.len();
        for (s, ids) in ids.iter().enumerate() {
            scratch.f[s] = [0.0; LANES];
            scratch.q[s] = [0.0; LANES];
            scratch.traffic[s] = [0.0; LANES];
            scratch.mask[s] = [1.0; LANES];
            let (mut free, mut alpha, mut tolerance) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
            for (lane, &id) in ids.iter().enumerate() {
                let id = id as usize;
                if id < point.x.len() {
                    tolerance[lane] = sums.tolerance(id, point.x);
                    if !point.rows.is_held(id) {
                        free[lane] = 1.0;
                        alpha[lane] = point.rows.alpha[id];
                    }
                }
            }
            scratch.still[s] = alpha.iter().all(|a| *a == 0.0);
            (scratch.free[s], scratch.alpha[s], scratch.tolerance[s]) = (free, alpha, tolerance);
        }
        if self.any_disconnected {
            for (lane, cell) in cells.clone().enumerate().filter(|&(_, cell)| self.disconnected[cell]) {
                debug_assert!(cell < self.len());
                scratch.mask[..p].iter_mut().for_each(|mask| mask[lane] = 0.0);
            }
        }
    }

    fn add_devices_of(
        &self,
        point: &Point,
        cells: &Range<usize>,
        loads: &mut [Load],
        jacobian: &mut [Lane],
        scratch: &mut Scratch,
    ) {
        let w = self.ports.len() + self.inner.len();
        let len = cells.len();
        for device in &self.devices {
            let group = point.circuit.groups[device.group].as_ref();
            let at = group.limits().then(|| point.points[device.group].as_slice());
            let load = &mut loads[device.group];
            let range = device.first + cells.start..device.first + cells.end;
            let base = group.offset(range.start);
            group.load_range(point.env, point.x, at, range, load);
            let (n, square) = (device.width, device.width * device.width);
            let values = &load.f[base..base + len * n];
            let charges = &load.q[base..base + len * n];
            let (g, c) = (&load.g[..len * square], &load.c[..len * square]);
            for &(k, slot, ref columns) in &device.rows {
                let mut weight = [0.0; LANES];
                let rows = values.chunks_exact(n).zip(charges.chunks_exact(n));
                let Scratch { f, q, traffic, mask, free, alpha, still, .. } = &mut *scratch;
                let (f, q, traffic, masks) = (&mut f[slot], &mut q[slot], &mut traffic[slot], &mask[slot]);
                for (lane, (values, charges)) in rows.enumerate().take(LANES) {
                    let value = masks[lane] * values[k];
                    f[lane] += value;
                    traffic[lane] += value.abs();
                    q[lane] += masks[lane] * charges[k];
                    weight[lane] = masks[lane] * free[slot][lane];
                }
                for &(column, s) in columns {
                    let from = k * n + column;
                    let target = jacobian[slot * w + s].iter_mut().zip(&weight).zip(&mask[s]);
                    if still[slot] {
                        for (((target, weight), mask), g) in target.zip(g.chunks_exact(square)) {
                            *target += weight * mask * g[from];
                        }
                    } else {
                        let blocks = g.chunks_exact(square).zip(c.chunks_exact(square)).zip(&alpha[slot]);
                        for (((target, weight), mask), ((g, c), alpha)) in target.zip(blocks) {
                            *target += weight * mask * (g[from] + alpha * c[from]);
                        }
                    }
                }
            }
        }
    }

    /// The resistors of faulty cells.
    fn add_resistors_of(
        &self,
        point: &Point,
        cells: &Range<usize>,
        loads: &mut [Load],
        jacobian: &mut [Lane],
        scratch: &mut Scratch,
    ) {
        let w = self.ports.len() + self.inner.len();
        for resistor in self.resistors.iter().filter(|r| cells.contains(&r.cell)) {
            let group = point.circuit.groups[resistor.device.group].as_ref();
            let (load, i) = (&mut loads[resistor.device.group], resistor.device.index);
            group.load_range(point.env, point.x, None, i..i + 1, load);
            let (base, lane) = (group.offset(i), resistor.cell - cells.start);
            for k in 0..2 {
                if group.locals()[base + k] == GROUND {
                    continue;
                }
                let slot = resistor.slots[k];
                scratch.f[slot][lane] += load.f[base + k];
                scratch.traffic[slot][lane] += load.f[base + k].abs();
                for c in (0..2).filter(|&c| group.locals()[base + c] != GROUND) {
                    jacobian[slot * w + resistor.slots[c]][lane] += scratch.free[slot][lane] * load.g[2 * k + c];
                }
            }
        }
    }

    /// Held and shunted inner rows; sums; what a change of every unknown by its tolerance does to each row.
    fn close(
        &self,
        point: &Point,
        ids: &[[u32; LANES]],
        sums: &mut Sums,
        jacobian: &mut [Lane],
        scratch: &mut Scratch,
    ) {
        let p = self.ports.len();
        let w = p + self.inner.len();
        for s in p..w {
            let diagonal = &mut jacobian[s * w + s];
            for (lane, &id) in ids[s].iter().enumerate() {
                let shunt = point.rows.shunt.get(id as usize).copied().unwrap_or(0.0);
                diagonal[lane] += if scratch.free[s][lane] == 0.0 { 1.0 } else { shunt };
            }
        }
        for s in 0..w {
            let mut sensitivity = [0.0; LANES];
            for (row, tolerance) in jacobian[s * w..(s + 1) * w].iter().zip(&scratch.tolerance) {
                for lane in 0..LANES {
                    sensitivity[lane] += row[lane].abs() * tolerance[lane];
                }
            }
            for (lane, &id) in ids[s].iter().enumerate() {
                let id = id as usize;
                if id < point.x.len() {
                    sums.f[id] += scratch.f[s][lane];
                    sums.q[id] += scratch.q[s][lane];
                    sums.traffic[id] += scratch.traffic[s][lane];
                    sums.sensitivity[id] += sensitivity[lane];
                }
            }
        }
    }

    /// Eliminates the inner unknowns with the Jacobian evaluated last.
    ///
    /// # Errors
    /// An inner unknown whose pivot vanished.
    pub fn factor(&mut self) -> Result<(), usize> {
        let mut blocks = std::mem::take(&mut self.blocks);
        let outcome = match blocks.m {
            0 => Ok(()),
            1 => blocks.eliminate::<1>(),
            2 => blocks.eliminate::<2>(),
            3 => blocks.eliminate::<3>(),
            4 => blocks.eliminate::<4>(),
            _ => blocks.eliminate::<0>(),
        };
        self.blocks = blocks;
        outcome.map_err(|(cell, slot)| self.inner_id(slot, cell))
    }

    /// b_p -= P b_i for all cells.
    pub fn reduce(&self, b: &mut [f64]) {
        let (p, m) = (self.ports.len(), self.inner.len());
        let Blocks { pull, ids, .. } = &self.blocks;
        if m == 0 {
            return;
        }
        for (chunk, _) in self.blocks.chunks() {
            let pull = &pull[chunk * p * m..(chunk + 1) * p * m];
            let (ports, inner) = ids[chunk * (p + m)..(chunk + 1) * (p + m)].split_at(p);
            for (r, ports) in ports.iter().enumerate() {
                let mut sum = [0.0; LANES];
                for (pull, ids) in pull[r * m..(r + 1) * m].iter().zip(inner) {
                    for ((sum, pull), &id) in sum.iter_mut().zip(pull).zip(ids) {
                        *sum += pull * b.get(id as usize).copied().unwrap_or(0.0);
                    }
                }
                for (&id, sum) in ports.iter().zip(&sum) {
                    if let Some(b) = b.get_mut(id as usize) {
                        *b -= sum;
                    }
                }
            }
        }
    }

    /// y_i = J_ii^-1 b_i - Z y_p in place; the ports of `b` hold y_p.
    pub fn expand(&self, b: &mut [f64]) {
        let (p, m) = (self.ports.len(), self.inner.len());
        let Blocks { inverse, gain, ids, .. } = &self.blocks;
        let mut inside: Vec<Lane> = vec![[0.0; LANES]; m];
        let mut ports: Vec<Lane> = vec![[0.0; LANES]; p];
        for (chunk, _) in self.blocks.chunks() {
            let ids = &ids[chunk * (p + m)..(chunk + 1) * (p + m)];
            for (values, ids) in ports.iter_mut().chain(&mut inside).zip(ids) {
                for (value, &id) in values.iter_mut().zip(ids) {
                    *value = b.get(id as usize).copied().unwrap_or(0.0);
                }
            }
            let inverse = &inverse[chunk * m * m..(chunk + 1) * m * m];
            let gain = &gain[chunk * m * p..(chunk + 1) * m * p];
            for r in 0..m {
                let mut y = [0.0; LANES];
                for (row, inside) in inverse[r * m..(r + 1) * m].iter().zip(&inside) {
                    for lane in 0..LANES {
                        y[lane] += row[lane] * inside[lane];
                    }
                }
                for (row, port) in gain[r * p..(r + 1) * p].iter().zip(&ports) {
                    for lane in 0..LANES {
                        y[lane] -= row[lane] * port[lane];
                    }
                }
                for (&id, y) in ids[p + r].iter().zip(&y) {
                    if let Some(b) = b.get_mut(id as usize) {
                        *b = *y;
                    }
                }
            }
        }
    }
}

impl Blocks {
    /// J_ii^-1, Z, P and S of all chunks; `M` is m, or 0 when it is not known beforehand.
    fn eliminate<const M: usize>(&mut self) -> Result<(), (usize, usize)> {
        let m = if M == 0 { self.m } else { M };
        let (p, w) = (self.p, self.p + m);
        for (chunk, cells) in self.chunks() {
            let j = &self.jacobian[chunk * w * w..(chunk + 1) * w * w];
            let inverse = &mut self.inverse[chunk * m * m..(chunk + 1) * m * m];
            for r in 0..m {
                for c in 0..m {
                    inverse[r * m + c] = j[(p + r) * w + p + c];
                }
            }
            self.scratch.work.copy_from_slice(inverse);
            let weak = invert(inverse, m);
            if weak.iter().any(|weak| *weak) {
                for lane in (0..cells.len()).filter(|&lane| weak[lane]) {
                    invert_with_exchanges(&self.scratch.work, m, lane, inverse)
                        .map_err(|slot| (cells.start + lane, slot))?;
                }
            }
            let gain = &mut self.gain[chunk * m * p..(chunk + 1) * m * p];
            let pull = &mut self.pull[chunk * p * m..(chunk + 1) * p * m];
            let condensed = &mut self.condensed[chunk * p * p..(chunk + 1) * p * p];
            for r in 0..m {
                for c in 0..p {
                    gain[r * p + c] = products(m, |k| (&inverse[r * m + k], &j[(p + k) * w + c]));
                    pull[c * m + r] = products(m, |k| (&j[c * w + p + k], &inverse[k * m + r]));
                }
            }
            for r in 0..p {
                for c in 0..p {
                    let inside = products(m, |k| (&j[r * w + p + k], &gain[k * p + c]));
                    for lane in 0..LANES {
                        condensed[r * p + c][lane] = j[r * w + c][lane] - inside[lane];
                    }
                }
            }
        }
        Ok(())
    }
}
