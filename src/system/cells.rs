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
//! so that a solver of the whole circuit sees line nodes only, whatever a cell is made of. This file finds the structure;
//! the numbers are in [`super::condense`].

use super::condense::Blocks;
use super::crossings::Crossings;
use super::slots::{Slot, Slots};
use crate::circuit::array::Line;
use crate::circuit::{ArrayInstance, Circuit, DeviceRef};
use crate::device::group::GROUND;

/// Where a port of the cell goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The node of that line at the cell.
    Line(Line),
    /// The same unknown for all cells.
    Net(u32),
}

/// A row of a device and of the cell's block, and its columns in both.
type DeviceRow = (usize, usize, Vec<(usize, usize)>);

/// One device of the cell over all cells.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) group: usize,
    pub(super) first: usize,
    pub(super) width: usize,
    /// Rows it owns, each with the columns it depends on: positions in the device and in the cell's block.
    pub(super) rows: Vec<DeviceRow>,
}

/// The resistor that stands for a faulty cell or lies beside it, between two ports.
#[derive(Debug, Clone, Copy)]
pub(super) struct FaultResistor {
    pub(super) cell: usize,
    pub(super) device: DeviceRef,
    pub(super) slots: [usize; 2],
}

/// All cells of one array: structure, Jacobian blocks, and the blocks left when inner unknowns are eliminated.
pub struct Cells {
    /// Index of the array in the circuit.
    pub array: usize,
    /// Ports.
    pub ports: Vec<Port>,
    /// Unknowns of all slots; ground for the ports of cells that a fault disconnects.
    pub(super) slots: Slots,
    pub(super) devices: Vec<Device>,
    pub(super) resistors: Vec<FaultResistor>,
    count: usize,
    /// Cells that a fault has taken out.
    pub(super) disconnected: Vec<bool>,
    /// Is there any?
    pub(super) any_disconnected: bool,
    /// The numbers; none where the kernel evaluates the cells as [`Crossings`].
    pub(super) blocks: Blocks,
}

/// Cells whose unknowns are compared at once.
const CHUNK: usize = 1024;

impl Cells {
    /// Finds the structure of an array's cells; `None` when the cells are not alike or on nothing.
    #[must_use]
    pub fn find(circuit: &Circuit, array: usize) -> Option<Self> {
        let instance = circuit.arrays.get(array)?;
        let count = instance.cells();
        let whole = |cell: usize| instance.fault(cell).is_none_or(|f| !f.kind.disconnects());
        let sound = (0..count).filter(|&cell| whole(cell));
        // disconnected cells still have the places of what is inside them, a single cell has nobody but itself
        let mut compared = sound.chain((0..count).filter(|&cell| !whole(cell)));
        let a = compared.next()?;
        let b = compared.next().unwrap_or(a);
        let mut found = Structure { ids: Vec::new(), ports: Vec::new(), inner: Vec::new(), instance, cells: [a, b] };
        for device in &instance.cell_devices {
            let group = circuit.groups.get(device.first.group)?.as_ref();
            if device.first.index + count > group.len() {
                return None;
            }
            let [mut one, mut other] = [Vec::new(), Vec::new()];
            for (cell, locals) in [(a, &mut one), (b, &mut other)] {
                let i = device.first.index + cell;
                group.read_locals(i..i + 1, locals);
            }
            for (&one, &other) in one.iter().zip(&other) {
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
        let Structure { ports, inner, .. } = found;
        if ports.is_empty() {
            return None;
        }
        let place = |port: &Port| match port {
            Port::Line(line) => Some(Slot::on(&instance.wires(*line)?.nodes)),
            Port::Net(net) => Some(Slot::Even { first: *net, stride: 0 }),
        };
        let places: Option<Vec<Slot>> = ports.iter().map(place).chain(inner.into_iter().map(Some)).collect();
        let disconnected: Vec<bool> = (0..count).map(|cell| !whole(cell)).collect();
        let mut cells = Self {
            array,
            slots: Slots::new(places?, ports.len(), count, (0..count).filter(|&cell| disconnected[cell])),
            ports,
            devices: Vec::new(),
            resistors: Vec::new(),
            count,
            any_disconnected: disconnected.contains(&true),
            disconnected,
            blocks: Blocks::default(),
        };
        cells.add_devices(circuit, instance, a)?;
        cells.add_resistors(circuit, instance)?;
        Some(cells)
    }

    /// Room for the numbers, of which the kernel may need none.
    pub fn make_room(&mut self, circuit: &Circuit, in_kernel: bool) {
        if !in_kernel || Crossings::find(circuit, self).is_none() {
            self.blocks = Blocks::new(self.ports.len(), self.inner(), self.count);
        }
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Unknowns of the ports of a cell.
    pub fn port_ids(&self, cell: usize) -> impl Iterator<Item = u32> + Clone + '_ {
        self.slots.ports(cell)
    }

    /// How many unknowns are inside a cell.
    #[must_use]
    pub fn inner(&self) -> usize {
        self.slots.len() - self.ports.len()
    }

    /// Unknown of an inner slot of a cell.
    pub(super) fn inner_id(&self, slot: usize, cell: usize) -> usize {
        self.slots.id(self.ports.len() + slot, cell) as usize
    }

    /// Is there anything inside a cell?
    #[must_use]
    pub fn has_inner(&self) -> bool {
        self.inner() > 0
    }

    /// All inner unknowns.
    pub fn inner_ids(&self) -> impl Iterator<Item = u32> + '_ {
        let inner = self.ports.len()..self.slots.len();
        (0..self.count).flat_map(move |cell| inner.clone().map(move |slot| self.slots.id(slot, cell)))
    }

    /// The instances that belong to the cells: group, first, count.
    pub fn instances(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let devices = self.devices.iter().map(|d| (d.group, d.first, self.count));
        devices.chain(self.resistors.iter().map(|r| (r.device.group, r.device.index, 1)))
    }

    /// The slot that stands for an unknown in a cell.
    fn slot(&self, cell: usize, id: u32) -> Option<usize> {
        (0..self.slots.len()).find(|&slot| self.slots.id(slot, cell) == id)
    }

    fn add_devices(&mut self, circuit: &Circuit, instance: &ArrayInstance, template: usize) -> Option<()> {
        for device in &instance.cell_devices {
            let group = circuit.groups[device.first.group].as_ref();
            let first = device.first.index;
            let from = |cell: usize| group.offset(first + cell);
            let width = from(template + 1) - from(template);
            if !group.is_equally_wide() && (0..self.count).any(|cell| from(cell + 1) - from(cell) != width) {
                return None;
            }
            let mut locals = Vec::new();
            group.read_locals(first + template..first + template + 1, &mut locals);
            let slots: Option<Vec<Option<usize>>> = locals
                .iter()
                .map(|&id| if id == GROUND { Some(None) } else { self.slot(template, id).map(Some) })
                .collect();
            let slots = slots?;
            // not all at once: they may follow from where the cells are, and nobody has to write them down
            for start in (0..self.count).step_by(CHUNK) {
                let chunk = start..(start + CHUNK).min(self.count);
                group.read_locals(first + chunk.start..first + chunk.end, &mut locals);
                let alike = |(k, slot): (usize, &Option<usize>)| {
                    let ids = locals.iter().skip(k).step_by(width);
                    match slot {
                        Some(slot) => self.slots.are(*slot, chunk.start, ids),
                        None => ids.copied().all(|id| id == GROUND),
                    }
                };
                if !slots.iter().enumerate().all(alike) {
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

    /// The unknown that a slot stands for in a cell.
    pub(super) fn id(&self, slot: usize, cell: usize) -> u32 {
        self.slots.id(slot, cell)
    }

    /// A disconnected cell gets its ports back for the resistor that replaces it.
    fn add_resistors(&mut self, circuit: &Circuit, instance: &ArrayInstance) -> Option<()> {
        let slot_of = |line: Line| self.ports.iter().position(|&port| port == Port::Line(line));
        for fault in &instance.faults {
            let Some(device) = fault.resistor else { continue };
            let slots = [slot_of(Line::Word)?, slot_of(Line::Bit)?];
            let group = circuit.groups[device.group].as_ref();
            let locals = &group.locals()[group.offset(device.index)..group.offset(device.index + 1)];
            for (&id, &slot) in locals.iter().zip(&slots) {
                self.slots.attach(slot, fault.cell, id);
            }
            self.resistors.push(FaultResistor { cell: fault.cell, device, slots });
        }
        Some(())
    }
}

/// What is known of the unknowns of a cell while its devices are read.
struct Structure<'a> {
    ids: Vec<u32>,
    ports: Vec<Port>,
    inner: Vec<Slot>,
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

    /// Classifies an unknown by what stands in its place in two cells; in a single cell, what is no line is inside.
    fn add(&mut self, one: u32, other: u32) -> Option<()> {
        if one == GROUND && other == GROUND || self.ids.contains(&one) {
            return Some(());
        }
        let [a, b] = self.cells;
        self.ids.push(one);
        // the ports of a disconnected cell lie on ground
        let gone = other == GROUND;
        let on = |w: &crate::circuit::array::Wires| w.nodes.at(a) == one && (gone || w.nodes.at(b) == other);
        if let Some(line) = self.instance.lines().find(|w| on(w)).map(|w| w.line) {
            self.port(line);
        } else if gone || (one == other && a != b) {
            self.ports.push(Port::Net(one));
        } else {
            self.inner.push(Slot::through([(a, one), (b, other)])?);
        }
        Some(())
    }
}
