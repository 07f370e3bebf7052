//! The cells of an array as equal blocks, with everything inside a cell eliminated.
//!
//! Every cell has the same devices between the same local unknowns: p ports (line nodes, or nets outside) and m inner
//! unknowns (nodes, branch currents, states). With the Jacobian of a cell in blocks,
//!
//! ```text
//! [ J_pp  J_pi ] [y_p]   [b_p]        Z = J_ii^-1 J_ip,   P = J_pi J_ii^-1
//! [ J_ip  J_ii ] [y_i] = [b_i]        S = J_pp - P J_ip
//!
//! S y_p = b_p - P b_i,   y_i = J_ii^-1 b_i - Z y_p
//! ```
//!
//! so that a solver of the whole circuit sees line nodes only, whatever a cell is made of. J_ii^-1 is formed by
//! Gauss-Jordan elimination with partial pivoting: m is a handful.

use super::Sums;
use super::rows::Rows;
use crate::circuit::array::Line;
use crate::circuit::{ArrayInstance, Circuit, DeviceRef};
use crate::device::group::GROUND;
use crate::device::{Env, Load};

/// Cells that are evaluated together: their blocks stay in the first-level cache.
const CHUNK: usize = 64;

/// Where a port of the cell goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The node of that line at the cell.
    Line(Line),
    /// The same unknown for all cells.
    Net(u32),
}

/// Inner unknown: cell k has `first + k * stride`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inner {
    first: u32,
    stride: u32,
}

/// One device of the cell over all cells.
#[derive(Debug, Clone)]
struct Device {
    group: usize,
    first: usize,
    width: usize,
    /// Rows it owns, each with the columns it depends on: positions in the device and in the cell's block.
    rows: Vec<(usize, usize, Vec<(usize, usize)>)>,
}

/// The resistor that stands for a faulty cell or lies beside it, between two ports.
#[derive(Debug, Clone, Copy)]
struct FaultResistor {
    cell: usize,
    device: DeviceRef,
    slots: [usize; 2],
}

/// All cells of one array: structure, Jacobian blocks, and the blocks left when inner unknowns are eliminated.
pub struct Cells {
    /// Index of the array in the circuit.
    pub array: usize,
    /// Ports.
    pub ports: Vec<Port>,
    /// Unknown of port `p` of cell `k` at `k * ports + p`; ground where a fault disconnects the cell.
    port_ids: Vec<u32>,
    inner: Vec<Inner>,
    devices: Vec<Device>,
    resistors: Vec<FaultResistor>,
    count: usize,
    /// Jacobian blocks, row-major, ports first.
    jacobian: Vec<f64>,
    inverse: Vec<f64>,
    gain: Vec<f64>,
    pull: Vec<f64>,
    condensed: Vec<f64>,
}

impl Cells {
    /// Finds the structure of an array's cells; `None` when the cells are not alike or an array is too small to tell.
    #[must_use]
    pub fn find(circuit: &Circuit, array: usize) -> Option<Self> {
        let instance = circuit.arrays.get(array)?;
        let count = instance.cells();
        let whole = |cell: usize| instance.fault(cell).is_none_or(|f| !f.kind.disconnects());
        let mut sound = (0..count).filter(|&cell| whole(cell));
        let (a, b) = (sound.next()?, sound.next()?);
        let mut found = Structure { ids: Vec::new(), ports: Vec::new(), inner: Vec::new(), instance, cells: [a, b] };
        for device in &instance.cell_devices {
            let group = circuit.groups.get(device.first.group)?.as_ref();
            let locals = |cell: usize| {
                let i = device.first.index + cell;
                group.locals().get(group.offset(i)..group.offset(i + 1))
            };
            for (&one, &other) in locals(a)?.iter().zip(locals(b)?) {
                found.add(one, other)?;
            }
        }
        for fault in instance.faults.iter().filter_map(|f| f.resistor) {
            let group = circuit.groups.get(fault.group)?;
            if group.offset(fault.index + 1) - group.offset(fault.index) != 2 {
                return None;
            }
            found.port(Line::Word);
            found.port(Line::Bit);
        }
        let ports = found.ports;
        let inner = found.inner;
        let mut port_ids = Vec::with_capacity(count * ports.len());
        for cell in 0..count {
            for port in &ports {
                port_ids.push(match port {
                    _ if !whole(cell) => GROUND,
                    Port::Line(line) => instance.wires(*line)?[cell],
                    Port::Net(net) => *net,
                });
            }
        }
        let mut cells = Self {
            array,
            ports,
            port_ids,
            inner,
            devices: Vec::new(),
            resistors: Vec::new(),
            count,
            jacobian: Vec::new(),
            inverse: Vec::new(),
            gain: Vec::new(),
            pull: Vec::new(),
            condensed: Vec::new(),
        };
        cells.add_devices(circuit, instance, a)?;
        cells.add_resistors(circuit, instance)?;
        let (p, m) = (cells.ports.len(), cells.inner.len());
        cells.jacobian = vec![0.0; count * (p + m) * (p + m)];
        cells.inverse = vec![0.0; count * m * m];
        cells.gain = vec![0.0; count * m * p];
        cells.pull = vec![0.0; count * p * m];
        cells.condensed = vec![0.0; count * p * p];
        Some(cells)
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Unknowns of the ports of a cell.
    #[must_use]
    pub fn port_ids(&self, cell: usize) -> &[u32] {
        let p = self.ports.len();
        &self.port_ids[cell * p..(cell + 1) * p]
    }

    /// Unknown of an inner slot of a cell.
    fn inner_id(&self, slot: usize, cell: usize) -> usize {
        (self.inner[slot].first + cell as u32 * self.inner[slot].stride) as usize
    }

    /// All inner unknowns.
    pub fn inner_ids(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count).flat_map(|cell| self.inner.iter().map(move |i| i.first + cell as u32 * i.stride))
    }

    /// The instances that belong to the cells: group, first, count.
    pub fn instances(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let devices = self.devices.iter().map(|d| (d.group, d.first, self.count));
        devices.chain(self.resistors.iter().map(|r| (r.device.group, r.device.index, 1)))
    }

    fn width(&self) -> usize {
        self.ports.len() + self.inner.len()
    }

    /// The slot that stands for an unknown in a cell.
    fn slot(&self, cell: usize, id: u32) -> Option<usize> {
        let p = self.ports.len();
        let port = self.port_ids(cell).iter().position(|&port| port == id);
        port.or_else(|| (0..self.inner.len()).find(|&s| self.inner_id(s, cell) == id as usize).map(|s| p + s))
    }

    fn add_devices(&mut self, circuit: &Circuit, instance: &ArrayInstance, template: usize) -> Option<()> {
        for device in &instance.cell_devices {
            let group = circuit.groups[device.first.group].as_ref();
            let first = device.first.index;
            let locals = |cell: usize| &group.locals()[group.offset(first + cell)..group.offset(first + cell + 1)];
            let width = locals(template).len();
            let slots: Option<Vec<Option<usize>>> = locals(template)
                .iter()
                .map(|&id| if id == GROUND { Some(None) } else { self.slot(template, id).map(Some) })
                .collect();
            let slots = slots?;
            for cell in 0..self.count {
                let alike = |(&id, slot): (&u32, &Option<usize>)| id == slot.map_or(GROUND, |s| self.id(s, cell));
                if locals(cell).len() != width || !locals(cell).iter().zip(&slots).all(alike) {
                    return None;
                }
            }
            let mut rows = Vec::new();
            for (k, slot) in slots.iter().enumerate() {
                let Some(slot) = slot.filter(|_| group.owns_row(first + template, k)) else { continue };
                let columns = slots.iter().enumerate();
                let depends = columns.filter(|&(c, _)| group.depends(first + template, k, c));
                rows.push((k, slot, depends.filter_map(|(c, s)| s.map(|s| (c, s))).collect()));
            }
            self.devices.push(Device { group: device.first.group, first, width, rows });
        }
        Some(())
    }

    fn id(&self, slot: usize, cell: usize) -> u32 {
        let p = self.ports.len();
        if slot < p { self.port_ids[cell * p + slot] } else { self.inner_id(slot - p, cell) as u32 }
    }

    /// A disconnected cell gets its ports back for the resistor that replaces it.
    fn add_resistors(&mut self, circuit: &Circuit, instance: &ArrayInstance) -> Option<()> {
        let p = self.ports.len();
        let slot_of = |line: Line| self.ports.iter().position(|&port| port == Port::Line(line));
        for fault in &instance.faults {
            let Some(device) = fault.resistor else { continue };
            let slots = [slot_of(Line::Word)?, slot_of(Line::Bit)?];
            let group = circuit.groups[device.group].as_ref();
            let locals = &group.locals()[group.offset(device.index)..group.offset(device.index + 1)];
            for (&id, &slot) in locals.iter().zip(&slots) {
                self.port_ids[fault.cell * p + slot] = id;
            }
            self.resistors.push(FaultResistor { cell: fault.cell, device, slots });
        }
        Some(())
    }

    /// Evaluates every device of every cell: sums, Jacobian blocks with the rows of the moment, row sensitivities.
    /// `points` are the limited local values of each group, empty where it does not limit.
    pub fn evaluate(
        &mut self,
        circuit: &Circuit,
        env: &Env,
        x: &[f64],
        rows: &Rows,
        points: &[Vec<f64>],
        loads: &mut [Load],
        sums: &mut Sums,
    ) {
        self.jacobian.fill(0.0);
        let w = self.width();
        let mut start = 0;
        while start < self.count {
            let end = (start + CHUNK).min(self.count);
            for device in &self.devices {
                let group = circuit.groups[device.group].as_ref();
                let at = group.limits().then(|| points[device.group].as_slice());
                let load = &mut loads[device.group];
                let range = device.first + start..device.first + end;
                let first = group.offset(range.start);
                group.load_range(env, x, at, range, load);
                let locals = group.locals();
                for cell in start..end {
                    let base = first + (cell - start) * device.width;
                    let block = (cell - start) * device.width * device.width;
                    let jacobian = &mut self.jacobian[cell * w * w..(cell + 1) * w * w];
                    for (k, slot, columns) in &device.rows {
                        let id = locals[base + k];
                        if id == GROUND {
                            continue;
                        }
                        let r = id as usize;
                        sums.add(r, load.f[base + k], load.q[base + k]);
                        if rows.is_held(r) {
                            continue;
                        }
                        let alpha = rows.alpha[r];
                        let from = block + k * device.width;
                        for &(c, s) in columns {
                            jacobian[slot * w + s] += load.g[from + c] + alpha * load.c[from + c];
                        }
                    }
                }
            }
            start = end;
        }
        self.evaluate_resistors(circuit, env, x, rows, loads, sums);
        self.close(x, rows, sums);
    }

    fn evaluate_resistors(
        &mut self,
        circuit: &Circuit,
        env: &Env,
        x: &[f64],
        rows: &Rows,
        loads: &mut [Load],
        sums: &mut Sums,
    ) {
        let w = self.width();
        for resistor in &self.resistors {
            let group = circuit.groups[resistor.device.group].as_ref();
            let (load, i) = (&mut loads[resistor.device.group], resistor.device.index);
            group.load_range(env, x, None, i..i + 1, load);
            let base = group.offset(i);
            for k in 0..2 {
                let id = group.locals()[base + k];
                if id == GROUND {
                    continue;
                }
                sums.add(id as usize, load.f[base + k], load.q[base + k]);
                if !rows.is_held(id as usize) {
                    for c in 0..2 {
                        let at = resistor.cell * w * w + resistor.slots[k] * w + resistor.slots[c];
                        self.jacobian[at] += load.g[2 * k + c];
                    }
                }
            }
        }
    }

    /// Held and shunted inner rows; what a change of every unknown by its tolerance does to each row.
    fn close(&mut self, x: &[f64], rows: &Rows, sums: &mut Sums) {
        let (p, w) = (self.ports.len(), self.width());
        let mut ids = vec![0u32; w];
        let mut tolerances = vec![0.0; w];
        for cell in 0..self.count {
            for s in 0..w {
                ids[s] = self.id(s, cell);
                tolerances[s] = if ids[s] == GROUND { 0.0 } else { sums.tolerance(ids[s] as usize, x) };
            }
            let jacobian = &mut self.jacobian[cell * w * w..(cell + 1) * w * w];
            for s in p..w {
                let r = ids[s] as usize;
                jacobian[s * w + s] += if rows.is_held(r) { 1.0 } else { rows.shunt[r] };
            }
            for (s, row) in jacobian.chunks_exact(w).enumerate() {
                if ids[s] != GROUND {
                    let total: f64 = row.iter().zip(&tolerances).map(|(j, t)| j.abs() * t).sum();
                    sums.sensitivity[ids[s] as usize] += total;
                }
            }
        }
    }

    /// Eliminates the inner unknowns with the Jacobian evaluated last.
    ///
    /// # Errors
    /// An inner unknown whose pivot vanished.
    pub fn factor(&mut self) -> Result<(), usize> {
        let (p, m, w) = (self.ports.len(), self.inner.len(), self.width());
        if m == 0 {
            self.condensed.copy_from_slice(&self.jacobian);
            return Ok(());
        }
        let mut work = vec![0.0; m * m];
        for cell in 0..self.count {
            let j = &self.jacobian[cell * w * w..(cell + 1) * w * w];
            for r in 0..m {
                work[r * m..(r + 1) * m].copy_from_slice(&j[(p + r) * w + p..(p + r) * w + w]);
            }
            let inverse = &mut self.inverse[cell * m * m..(cell + 1) * m * m];
            if let Err(slot) = invert(&mut work, m, inverse) {
                return Err(self.inner_id(slot, cell));
            }
            let gain = &mut self.gain[cell * m * p..(cell + 1) * m * p];
            for r in 0..m {
                for c in 0..p {
                    gain[r * p + c] = (0..m).map(|k| inverse[r * m + k] * j[(p + k) * w + c]).sum();
                }
            }
            let pull = &mut self.pull[cell * p * m..(cell + 1) * p * m];
            for r in 0..p {
                for c in 0..m {
                    pull[r * m + c] = (0..m).map(|k| j[r * w + p + k] * inverse[k * m + c]).sum();
                }
            }
            let condensed = &mut self.condensed[cell * p * p..(cell + 1) * p * p];
            for r in 0..p {
                for c in 0..p {
                    let inside: f64 = (0..m).map(|k| j[r * w + p + k] * gain[k * p + c]).sum();
                    condensed[r * p + c] = j[r * w + c] - inside;
                }
            }
        }
        Ok(())
    }

    /// The Jacobian of a cell seen from its ports, p x p, row-major.
    #[must_use]
    pub fn condensed(&self, cell: usize) -> &[f64] {
        let pp = self.ports.len() * self.ports.len();
        &self.condensed[cell * pp..(cell + 1) * pp]
    }

    /// b_p -= P b_i for all cells.
    pub fn reduce(&self, b: &mut [f64]) {
        let (p, m) = (self.ports.len(), self.inner.len());
        if m == 0 {
            return;
        }
        for cell in 0..self.count {
            let pull = &self.pull[cell * p * m..(cell + 1) * p * m];
            for (r, &id) in self.port_ids(cell).iter().enumerate() {
                if id != GROUND {
                    let inside: f64 = (0..m).map(|k| pull[r * m + k] * b[self.inner_id(k, cell)]).sum();
                    b[id as usize] -= inside;
                }
            }
        }
    }

    /// y_i = J_ii^-1 b_i - Z y_p in place; the ports of `b` hold y_p.
    pub fn expand(&self, b: &mut [f64]) {
        let (p, m) = (self.ports.len(), self.inner.len());
        let mut y = vec![0.0; m];
        for cell in 0..self.count {
            let inverse = &self.inverse[cell * m * m..(cell + 1) * m * m];
            let gain = &self.gain[cell * m * p..(cell + 1) * m * p];
            for r in 0..m {
                y[r] = (0..m).map(|k| inverse[r * m + k] * b[self.inner_id(k, cell)]).sum();
                for (c, &id) in self.port_ids(cell).iter().enumerate() {
                    if id != GROUND {
                        y[r] -= gain[r * p + c] * b[id as usize];
                    }
                }
            }
            for (k, value) in y.iter().enumerate() {
                b[self.inner_id(k, cell)] = *value;
            }
        }
    }
}

/// What is known of the unknowns of a cell while its devices are read.
struct Structure<'a> {
    ids: Vec<u32>,
    ports: Vec<Port>,
    inner: Vec<Inner>,
    instance: &'a ArrayInstance,
    /// The two cells that are compared.
    cells: [usize; 2],
}

impl Structure<'_> {
    fn port(&mut self, line: Line) {
        if !self.ports.contains(&Port::Line(line)) {
            self.ports.push(Port::Line(line));
        }
    }

    /// Classifies an unknown by what stands in its place in two cells.
    fn add(&mut self, one: u32, other: u32) -> Option<()> {
        if one == GROUND && other == GROUND || self.ids.contains(&one) {
            return Some(());
        }
        let [a, b] = self.cells;
        self.ids.push(one);
        let on = |w: &crate::circuit::array::Wires| w[a] == one && w[b] == other;
        if let Some(line) = self.instance.lines().find(|w| on(w)).map(|w| w.line) {
            self.port(line);
        } else if one == other {
            self.ports.push(Port::Net(one));
        } else {
            let (cells, ids) = ((b - a) as u32, other.checked_sub(one)?);
            let first = one.checked_sub(a as u32 * (ids / cells))?;
            if ids % cells != 0 {
                return None;
            }
            self.inner.push(Inner { first, stride: ids / cells });
        }
        Some(())
    }
}

/// Inverse of an m x m matrix, row-major, by Gauss-Jordan elimination with partial pivoting; `a` is destroyed.
fn invert(a: &mut [f64], m: usize, inverse: &mut [f64]) -> Result<(), usize> {
    inverse.fill(0.0);
    for k in 0..m {
        inverse[k * m + k] = 1.0;
    }
    for k in 0..m {
        let pivot = (k..m).max_by(|&r, &s| a[r * m + k].abs().total_cmp(&a[s * m + k].abs())).unwrap_or(k);
        let value = a[pivot * m + k];
        if value == 0.0 || !value.is_finite() {
            return Err(k);
        }
        if pivot != k {
            for c in 0..m {
                a.swap(pivot * m + c, k * m + c);
                inverse.swap(pivot * m + c, k * m + c);
            }
        }
        let scale = 1.0 / value;
        for c in 0..m {
            a[k * m + c] *= scale;
            inverse[k * m + c] *= scale;
        }
        for r in (0..m).filter(|&r| r != k) {
            let factor = a[r * m + k];
            if factor != 0.0 {
                for c in 0..m {
                    a[r * m + c] -= factor * a[k * m + c];
                    inverse[r * m + c] -= factor * inverse[k * m + c];
                }
            }
        }
    }
    Ok(())
}
