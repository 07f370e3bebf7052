//! The numbers of an array's cells and their evaluation; what is inside is eliminated by [`super::eliminate`].
//!
//! The formulas are in [`super::cells`]. Cells are taken [`LANES`] at a time, one per lane, structure of arrays: entry e of
//! the blocks of chunk k is `values[(k * entries + e) * LANES ..][.. LANES]`, so that every loop over lanes is a vector
//! loop and a chunk stays in the first-level cache. Arrays of up to [`FEW`] cells work on so many lanes only.

use std::ops::Range;

use super::Sums;
use super::cells::{Cells, Device};
use super::rows::Rows;
use crate::circuit::Circuit;
use crate::device::LaneLoad;
use crate::device::group::GROUND;
use crate::device::{Env, Load};
use crate::numeric::lanes::{FEW, LANES, Lane};
use crate::numeric::simd::{Arithmetic, Level, Work};

/// Blocks of all cells.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    pub(super) p: usize,
    pub(super) m: usize,
    count: usize,
    /// J, ports first.
    pub(super) jacobian: Vec<Lane>,
    /// J_ii^-1.
    pub(super) inverse: Vec<Lane>,
    /// Z.
    pub(super) gain: Vec<Lane>,
    /// P.
    pub(super) pull: Vec<Lane>,
    /// S.
    pub(super) condensed: Vec<Lane>,
    pub(super) scratch: Scratch,
    pub(super) level: Level,
}

/// What every slot of the cells of one chunk has of its row.
#[derive(Debug, Clone, Default)]
pub(super) struct Scratch {
    /// The unknown of every slot, ground where there is none.
    ids: Vec<[u32; LANES]>,
    /// 0 for held rows and ground, else 1.
    free: Vec<Lane>,
    alpha: Vec<Lane>,
    /// Is alpha zero in all lanes?
    still: Vec<bool>,
    tolerance: Vec<Lane>,
    f: Vec<Lane>,
    q: Vec<Lane>,
    traffic: Vec<Lane>,
    sensitivity: Vec<Lane>,
    /// Of the device at hand.
    results: LaneLoad,
    /// 0 for the ports of disconnected cells, as their devices see them.
    mask: Vec<Lane>,
    pub(super) work: Vec<Lane>,
}

impl Blocks {
    /// Room for `count` cells of `p` ports and `m` inner unknowns.
    #[must_use]
    pub fn new(p: usize, m: usize, count: usize) -> Self {
        let (w, chunks) = (p + m, count.div_ceil(LANES));
        let zeros = |entries: usize| vec![[0.0; LANES]; entries];
        let scratch = Scratch {
            ids: vec![[GROUND; LANES]; w],
            free: zeros(w),
            alpha: zeros(w),
            still: vec![true; w],
            tolerance: zeros(w),
            f: zeros(w),
            q: zeros(w),
            traffic: zeros(w),
            sensitivity: zeros(w),
            results: LaneLoad::default(),
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
            scratch,
            level: Level::best(),
        }
    }

    /// Do all cells fit into [`FEW`] lanes?
    pub(super) fn is_small(&self) -> bool {
        self.count <= FEW
    }

    /// Chunks, each with its cells.
    pub fn chunks(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let count = self.count;
        (0..count.div_ceil(LANES)).map(move |k| (k, k * LANES..((k + 1) * LANES).min(count)))
    }

    /// S of a cell: its entry in row r and column c.
    #[inline]
    #[must_use]
    pub fn condensed(&self, cell: usize, r: usize, c: usize) -> f64 {
        self.lanes(cell / LANES, r, c)[cell % LANES]
    }

    /// The same for the cells of a chunk.
    #[must_use]
    pub fn lanes(&self, chunk: usize, r: usize, c: usize) -> &Lane {
        let blocks = if self.m == 0 { &self.jacobian } else { &self.condensed };
        &blocks[chunk * self.p * self.p + r * self.p + c]
    }

    /// Largest diagonal entry of J at the ports of each cell of a chunk: below 1e-16 of it, S is rounding.
    #[must_use]
    pub fn sizes(&self, chunk: usize) -> Lane {
        let w = self.p + self.m;
        let block = &self.jacobian[chunk * w * w..];
        let mut sizes = [0.0f64; LANES];
        for r in 0..self.p {
            sizes.iter_mut().zip(&block[r * w + r]).for_each(|(size, entry)| *size = size.max(entry.abs()));
        }
        sizes
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
        if self.blocks.is_small() {
            self.evaluate_on::<FEW>(point, loads, sums);
        } else {
            self.evaluate_on::<LANES>(point, loads, sums);
        }
    }

    /// The same on the first `L` lanes; the others never hold a cell.
    fn evaluate_on<const L: usize>(&mut self, point: &Point, loads: &mut [Load], sums: &mut Sums) {
        let mut blocks = std::mem::take(&mut self.blocks);
        let w = blocks.p + blocks.m;
        for (chunk, cells) in blocks.chunks() {
            let (jacobian, scratch) = (&mut blocks.jacobian[chunk * w * w..(chunk + 1) * w * w], &mut blocks.scratch);
            self.read_rows::<L>(point, &cells, sums, scratch);
            jacobian.iter_mut().for_each(|entry| entry[..L].fill(0.0));
            self.add_devices_of::<L>((point, blocks.level), &cells, loads, jacobian, scratch);
            self.add_resistors_of(point, &cells, loads, jacobian, scratch);
            self.close::<L>((point, blocks.level), &cells, sums, jacobian, scratch);
        }
        self.blocks = blocks;
    }

    /// Unknowns, coefficients and tolerances of every row.
    fn read_rows<const L: usize>(&self, point: &Point, cells: &Range<usize>, sums: &Sums, scratch: &mut Scratch) {
        let p = self.ports.len();
        self.slots.read(cells, &mut scratch.ids);
        for s in 0..self.slots.len() {
            let Scratch { ids, free, alpha, still, tolerance, f, q, traffic, mask, .. } = &mut *scratch;
            [f, q, traffic].into_iter().for_each(|sum| sum[s][..L].fill(0.0));
            mask[s][..L].fill(1.0);
            let [free, alpha, tolerance] = [free, alpha, tolerance].map(|column| &mut column[s][..L]);
            [&mut *free, &mut *alpha, &mut *tolerance].into_iter().for_each(|column| column.fill(0.0));
            for (lane, &id) in ids[s][..cells.len()].iter().enumerate() {
                let id = id as usize;
                if id < point.x.len() {
                    tolerance[lane] = sums.tolerance(id, point.x);
                    if !point.rows.is_held(id) {
                        free[lane] = 1.0;
                        alpha[lane] = point.rows.alpha[id];
                    }
                }
            }
            still[s] = alpha.iter().all(|a| *a == 0.0);
        }
        if self.any_disconnected {
            for (lane, cell) in cells.clone().enumerate().filter(|&(_, cell)| self.disconnected[cell]) {
                debug_assert!(cell < self.len());
                scratch.mask[..p].iter_mut().for_each(|mask| mask[lane] = 0.0);
            }
        }
    }

    fn add_devices_of<const L: usize>(
        &self,
        (point, level): (&Point, Level),
        cells: &Range<usize>,
        loads: &mut [Load],
        jacobian: &mut [Lane],
        scratch: &mut Scratch,
    ) {
        let w = self.slots.len();
        for device in &self.devices {
            let group = point.circuit.groups[device.group].as_ref();
            let at = group.limits().then(|| point.points[device.group].as_slice());
            let range = device.first + cells.start..device.first + cells.end;
            let (load, results) = (&mut loads[device.group], &mut scratch.results);
            group.load_lanes((point.env, point.x, at), range, level, load, results);
            level.run(DeviceRows::<L> { device, w, jacobian, scratch });
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
        let w = self.slots.len();
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
    fn close<const L: usize>(
        &self,
        (point, level): (&Point, Level),
        cells: &Range<usize>,
        sums: &mut Sums,
        jacobian: &mut [Lane],
        scratch: &mut Scratch,
    ) {
        let p = self.ports.len();
        let w = self.slots.len();
        for s in p..w {
            let diagonal = &mut jacobian[s * w + s];
            for (lane, &id) in scratch.ids[s][..L].iter().enumerate() {
                let shunt = point.rows.shunt.get(id as usize).unwrap_or(0.0);
                diagonal[lane] += if scratch.free[s][lane] == 0.0 { 1.0 } else { shunt };
            }
        }
        level.run(Sensitivities::<L> { jacobian, tolerance: &scratch.tolerance, out: &mut scratch.sensitivity });
        for s in 0..w {
            let sensitivity = &scratch.sensitivity[s];
            for (lane, &id) in scratch.ids[s][..cells.len()].iter().enumerate() {
                let id = id as usize;
                if id < point.x.len() {
                    sums.f[id] += scratch.f[s][lane];
                    sums.store(id, scratch.q[s][lane]);
                    sums.traffic[id] += scratch.traffic[s][lane];
                    sums.sensitivity[id] += sensitivity[lane];
                }
            }
        }
    }
}

/// Adds the rows of one device, just loaded, to those of its cells and to their Jacobian.
struct DeviceRows<'a, const L: usize> {
    device: &'a Device,
    /// Slots of a cell.
    w: usize,
    jacobian: &'a mut [Lane],
    scratch: &'a mut Scratch,
}

impl<const L: usize> Work for DeviceRows<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Self { device, w, jacobian, scratch } = self;
        let n = device.width;
        let Scratch { f, q, traffic, mask, free, alpha, still, results, .. } = scratch;
        for &(k, slot, ref columns) in &device.rows {
            let (f, q, traffic, own) = (&mut f[slot], &mut q[slot], &mut traffic[slot], &mask[slot]);
            let (values, charges) = (&results.f[k], &results.q[k]);
            let mut weight = [0.0; L];
            weight.copy_from_slice(&free[slot][..L]);
            for lane in 0..L {
                let value = own[lane] * values[lane];
                f[lane] += value;
                traffic[lane] += value.abs();
                q[lane] += own[lane] * charges[lane];
                weight[lane] *= own[lane];
            }
            for &(column, s) in columns {
                let (target, mask) = (&mut jacobian[slot * w + s], &mask[s]);
                let (g, c, alpha) = (&results.g[k * n + column], &results.c[k * n + column], &alpha[slot]);
                if still[slot] {
                    for lane in 0..L {
                        target[lane] += weight[lane] * mask[lane] * g[lane];
                    }
                } else {
                    for lane in 0..L {
                        target[lane] += weight[lane] * mask[lane] * (g[lane] + alpha[lane] * c[lane]);
                    }
                }
            }
        }
    }
}

/// Sums |J| tolerance over the columns of every row of a chunk.
struct Sensitivities<'a, const L: usize> {
    jacobian: &'a [Lane],
    tolerance: &'a [Lane],
    out: &'a mut [Lane],
}

impl<const L: usize> Work for Sensitivities<'_, L> {
    type Output = ();

    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let rows = self.jacobian.chunks_exact(self.tolerance.len().max(1));
        for (row, out) in rows.zip(self.out) {
            let mut sum = [0.0; L];
            for (entry, tolerance) in row.iter().zip(self.tolerance) {
                for lane in 0..L {
                    sum[lane] += entry[lane].abs() * tolerance[lane];
                }
            }
            out[..L].copy_from_slice(&sum);
        }
    }
}
