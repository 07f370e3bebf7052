//! All instances of one device type.
//!
//! [`Typed<D, N>`] stores the instances contiguously and runs a flat loop over them, with `f64` or [`Dual<N>`] scalars, or
//! side by side where the instances are alike.

use std::any::Any;
use std::ops::Range;

use super::group::{DeviceGroup, Load, value_at};
use super::instances::Instances;
use super::kind::Kind;
use super::lanes::{Alike, LaneBlocks, LaneLoad, Varied};
use super::locals::Locals;
use super::{Accepted, Card, Device, Env};
use crate::numeric::lanes::{FEW, LANES};
use crate::numeric::real::Dual;
use crate::numeric::simd::Level;

/// All instances of device `D`.
#[derive(Debug, Clone)]
pub struct Typed<D, const N: usize> {
    pub(super) devices: Instances<D>,
    pub(super) locals: Locals,
    /// Parallel copies of each instance; empty while there is one of each.
    pub(super) multiplicity: Vec<f64>,
    /// Have not all instances the same law?
    pub(super) varied: bool,
}

impl<D: Device<N>, const N: usize> Typed<D, N> {
    /// Notes that the instances from `before` on stand for `m` copies each.
    pub(super) fn count_copies(&mut self, before: usize, m: f64) {
        if m != 1.0 || !self.multiplicity.is_empty() {
            self.multiplicity.resize(before, 1.0);
            self.multiplicity.resize(self.devices.len(), m);
        }
    }
    fn gather(&self, i: usize, x: &[f64]) -> [f64; N] {
        self.locals.of::<N>(i).map(|id| value_at(x, id))
    }
    /// Local values side by side; lanes beyond the range repeat its last instance.
    fn gather_lanes<const L: usize>(&self, range: &Range<usize>, of: impl Fn(usize) -> [f64; N]) -> [[f64; L]; N] {
        let mut lanes = [[0.0; L]; N];
        for lane in 0..L {
            for (entry, value) in lanes.iter_mut().zip(of((range.start + lane).min(range.end - 1))) {
                entry[lane] = value;
            }
        }
        lanes
    }
    /// [`DeviceGroup::load_lanes`] for at most `L` instances.
    fn load_on<const L: usize>(
        &self,
        (env, x, at): (&Env, &[f64], Option<&[f64]>),
        range: Range<usize>,
        level: Level,
        out: &mut Load,
        lanes: &mut LaneLoad,
    ) {
        let Some(device) = self.devices.get(range.start) else { return };
        let here: [[f64; L]; N] = self.gather_lanes(&range, |i| self.gather(i, x));
        let there = at.map(|at| at.as_chunks::<N>().0).map(|points| self.gather_lanes(&range, |i| points[i]));
        let local = there.as_ref().unwrap_or(&here);
        let mut blocks = LaneBlocks::<N, L>::new();
        match self.devices.as_slice() {
            Some(devices) if self.varied => {
                level.run(Varied { devices: &devices[range.clone()], env, local, out: &mut blocks });
            }
            _ => level.run(Alike { device, env, local, out: &mut blocks }),
        }
        if !self.multiplicity.is_empty() {
            blocks.scale(D::CARD.ports.len(), &self.multiplicity[range.clone()]);
        }
        if there.is_some() && here != *local {
            let moved = std::array::from_fn(|k| std::array::from_fn(|lane| here[k][lane] - local[k][lane]));
            blocks.continue_linearly(&moved);
        }
        blocks.store(lanes);
        if out.f.len() != self.locals.len() {
            return;
        }
        let results =
            out.f.as_chunks_mut::<N>().0[range.clone()].iter_mut().zip(&mut out.q.as_chunks_mut::<N>().0[range]);
        for (lane, (f, q)) in results.enumerate() {
            *f = std::array::from_fn(|row| blocks.f[row][lane]);
            *q = std::array::from_fn(|row| blocks.q[row][lane]);
        }
    }
    fn scatter(&self, i: usize, local: &[f64; N], x: &mut [f64], from: usize) {
        for (k, id) in self.locals.of::<N>(i).into_iter().enumerate().skip(from) {
            if let Some(slot) = x.get_mut(id as usize) {
                *slot = local[k];
            }
        }
    }
    fn resize(&self, out: &mut Load, blocks: usize) {
        let rows = self.locals.len();
        for values in [&mut out.f, &mut out.q] {
            // zeros from the system are made when they are touched, and not all of a group is loaded by everyone
            if values.len() != rows {
                *values = vec![0.0; rows];
            }
        }
        out.g.resize(blocks * N * N, 0.0);
        out.c.resize(blocks * N * N, 0.0);
    }
    /// f, q and both Jacobians of instance `i` at its local values, the former into the rows from `first` on, the latter
    /// into block `k`.
    #[inline]
    fn load_one(&self, i: usize, (first, k): (usize, usize), env: &Env, local: &[f64; N], out: &mut Load) {
        let dual: [Dual<N>; N] = std::array::from_fn(|k| Dual::variable(local[k], k));
        let balance = self.devices[i].balance(env, &dual);
        for row in 0..N {
            let m = self.row_scale(i, row);
            out.f[first + row] = m * balance.f[row].v;
            out.q[first + row] = m * balance.q[row].v;
            let block = (k * N + row) * N;
            for col in 0..N {
                out.g[block + col] = m * balance.f[row].d[col];
                out.c[block + col] = m * balance.q[row].d[col];
            }
        }
    }
    /// Port rows of `m` parallel copies carry m times the current; internal rows describe one copy.
    fn row_scale(&self, i: usize, row: usize) -> f64 {
        match self.multiplicity.get(i) {
            Some(&m) if row < D::CARD.ports.len() => m,
            _ => 1.0,
        }
    }
}

impl<D: Device<N>, const N: usize> DeviceGroup for Typed<D, N> {
    fn card(&self) -> &Card {
        Kind::<D, N>::CARD
    }
    fn len(&self) -> usize {
        self.devices.len()
    }
    fn locals(&self) -> &[u32] {
        &self.locals
    }
    fn read_locals(&self, range: Range<usize>, out: &mut Vec<u32>) {
        self.locals.read(N, range, out);
    }
    fn offset(&self, i: usize) -> usize {
        i * N
    }
    fn is_equally_wide(&self) -> bool {
        true
    }
    fn owns_row(&self, _i: usize, row: usize) -> bool {
        // a device that only senses (mutual inductance) does so to write those rows
        let ports = D::CARD.ports;
        ports.get(row).is_none_or(|p| p.carries) || ports.iter().all(|p| !p.carries)
    }
    fn depends(&self, _i: usize, row: usize, column: usize) -> bool {
        D::depends(row, column)
    }
    fn load_range(&self, env: &Env, x: &[f64], at: Option<&[f64]>, range: Range<usize>, out: &mut Load) {
        self.resize(out, range.len());
        let Some(at) = at else {
            for (k, i) in range.enumerate() {
                self.load_one(i, (i * N, k), env, &self.gather(i, x), out);
            }
            return;
        };
        let (points, _) = at.as_chunks::<N>();
        for (block, i) in range.enumerate() {
            let point = &points[i];
            self.load_one(i, (i * N, block), env, point, out);
            let local = self.gather(i, x);
            if local == *point {
                continue;
            }
            for row in 0..N {
                for k in 0..N {
                    let d = local[k] - point[k];
                    out.f[i * N + row] += out.g[(block * N + row) * N + k] * d;
                    out.q[i * N + row] += out.c[(block * N + row) * N + k] * d;
                }
            }
        }
    }
    fn load_started(&self, env: &Env, at: &mut [f64], range: Range<usize>, out: &mut Load) -> bool {
        let (rows, blocks) = (range.len() * N, range.len() * N * N);
        for (values, size) in [(&mut out.f, rows), (&mut out.q, rows), (&mut out.g, blocks), (&mut out.c, blocks)] {
            values.resize(size, 0.0);
        }
        for (k, (i, local)) in range.zip(at.as_chunks_mut::<N>().0).enumerate() {
            let ports = *local;
            self.devices[i].start(local);
            let internals = D::CARD.ports.len().min(N);
            local[..internals].copy_from_slice(&ports[..internals]);
            self.load_one(i, (k * N, k), env, local, out);
        }
        true
    }
    fn is_alike(&self) -> bool {
        !self.varied && self.multiplicity.is_empty()
    }
    fn load_lanes(
        &self,
        (env, x, at): (&Env, &[f64], Option<&[f64]>),
        range: Range<usize>,
        level: Level,
        out: &mut Load,
        lanes: &mut LaneLoad,
    ) {
        if !D::VECTORISES {
            self.load_range(env, x, at, range.clone(), out);
            let of = range.start * N..range.end * N;
            lanes.gather(N, [&out.f[of.clone()], &out.q[of], &out.g, &out.c]);
            return;
        }
        if range.len() <= FEW {
            self.load_on::<FEW>((env, x, at), range, level, out, lanes);
        } else {
            self.load_on::<LANES>((env, x, at), range, level, out, lanes);
        }
    }
    fn is_ohmic(&self) -> bool {
        D::OHMIC
    }
    fn read_conductances(&self, env: &Env, range: Range<usize>, out: &mut [f64]) {
        match self.devices.as_slice() {
            Some(devices) => {
                out.iter_mut().zip(&devices[range.clone()]).for_each(|(g, device)| *g = device.conductance(env));
            }
            None => out.fill(self.devices[range.start].conductance(env)),
        }
        if !self.multiplicity.is_empty() {
            out.iter_mut().zip(&self.multiplicity[range]).for_each(|(g, m)| *g *= m);
        }
    }
    fn flows(&self, i: usize, env: &Env, (x, rest): (&[f64], &[f64])) -> Vec<f64> {
        let local = self.gather(i, x);
        let f = if rest.is_empty() {
            self.devices[i].balance(env, &local).f
        } else {
            let dual: [Dual<N>; N] = std::array::from_fn(|k| Dual::variable(local[k], k));
            let (moved, balance) = (self.gather(i, rest), self.devices[i].balance(env, &dual));
            balance.f.map(|f| f.v + f.d.iter().zip(&moved).map(|(slope, r)| slope * r).sum::<f64>())
        };
        f.iter().enumerate().map(|(row, f)| self.row_scale(i, row) * f).collect()
    }
    fn load_values(&self, env: &Env, x: &[f64], out: &mut Load) {
        let n = self.devices.len();
        out.f.resize(n * N, 0.0);
        out.q.resize(n * N, 0.0);
        for (i, device) in self.devices.iter().enumerate() {
            let balance = device.balance(env, &self.gather(i, x));
            for row in 0..N {
                let m = self.row_scale(i, row);
                out.f[i * N + row] = m * balance.f[row];
                out.q[i * N + row] = m * balance.q[row];
            }
        }
    }
    fn start(&self, x: &mut [f64], ports: bool) {
        let from = if ports { 0 } else { D::CARD.ports.len() };
        if from >= N {
            return;
        }
        for (i, device) in self.devices.iter().enumerate() {
            let mut local = self.gather(i, x);
            device.start(&mut local);
            self.scatter(i, &local, x, from);
        }
    }
    fn start_charges(&self, env: &Env, x: &[f64], out: &mut Load) {
        let n = self.devices.len();
        out.q.resize(n * N, 0.0);
        for (i, device) in self.devices.iter().enumerate() {
            let mut local = self.gather(i, x);
            device.start(&mut local);
            let balance = device.balance(env, &local);
            for row in 0..N {
                out.q[i * N + row] = self.row_scale(i, row) * balance.q[row];
            }
        }
    }
    fn limits(&self) -> bool {
        D::LIMITS
    }
    fn limit(&self, env: &Env, x: &[f64], at: &mut [f64]) -> bool {
        let mut any = false;
        let (points, _) = at.as_chunks_mut::<N>();
        for (i, (device, point)) in self.devices.iter().zip(points).enumerate() {
            let before = std::mem::replace(point, self.gather(i, x));
            any |= device.limit(env, point, &before);
        }
        any
    }
    fn alone(&self, i: usize) -> Option<Box<dyn DeviceGroup>> {
        let mut devices = Instances::default();
        devices.push(self.devices.get(i)?.clone());
        let multiplicity = if self.multiplicity.is_empty() { Vec::new() } else { vec![self.multiplicity[i]] };
        Some(Box::new(Self {
            devices,
            locals: (0..N as u32).collect::<Vec<u32>>().into(),
            multiplicity,
            varied: false,
        }))
    }
    fn corner(&self, t: f64) -> Option<f64> {
        self.devices.iter().filter_map(|d| d.corner(t)).min_by(f64::total_cmp)
    }
    fn surface(&self, x: &[f64]) -> Option<(usize, f64)> {
        self.devices
            .iter()
            .enumerate()
            .filter_map(|(i, d)| d.surface(&self.gather(i, x)).map(|s| (i, s)))
            .min_by(|a, b| a.1.total_cmp(&b.1))
    }
    fn surfaces(&self, x: &[f64], out: &mut Vec<f64>) {
        out.extend(self.devices.iter().enumerate().map(|(i, d)| d.surface(&self.gather(i, x)).unwrap_or(f64::NAN)));
    }
    fn accept(&mut self, env: &Env, x: &[f64]) -> bool {
        let mut flipped = false;
        if D::SWITCHES {
            for i in 0..self.devices.len() {
                let local = self.gather(i, x);
                flipped |= self.devices.each()[i].accept(env, &local) == Accepted::Flipped;
            }
        }
        flipped
    }
    fn set(&mut self, i: usize, param: &str, value: f64) -> bool {
        let done = self.devices.each().get_mut(i).is_some_and(|d| d.set(param, value));
        self.varied |= done && self.devices.len() > 1;
        done
    }
    fn set_each(&mut self, first: usize, param: &str, values: &[f64]) -> Result<(), usize> {
        let Some(devices) = self.devices.each().get_mut(first..first + values.len()) else { return Err(0) };
        let refused = devices.iter_mut().zip(values).position(|(device, &value)| !device.set(param, value));
        self.varied |= !values.is_empty() && self.devices.len() > 1;
        refused.map_or(Ok(()), Err)
    }
    fn outputs(&self, i: usize, env: &Env, x: &[f64]) -> Vec<f64> {
        let mut out = Vec::new();
        if let Some(device) = self.devices.get(i) {
            device.outputs(env, &self.gather(i, x), &mut out);
        }
        out
    }
    fn multiplicity(&self, i: usize) -> f64 {
        self.multiplicity.get(i).copied().unwrap_or(1.0)
    }
    fn boxed_clone(&self) -> Box<dyn DeviceGroup> {
        Box::new(self.clone())
    }
    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
