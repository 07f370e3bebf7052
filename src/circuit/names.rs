//! Names to unknowns and devices, and back.
//!
//! Canonical names are flat and lower case: `out`, `x1.mid`, `xa.wl_3_5` (line node at a cell), `xa.c_3_5` (a cell),
//! `xa.c_3_5.m1`, `xa.c_3_5.mid` (below a cell), `xa.rwl_3_5`, `xa.cwl_3_5` (wire segment before that cell, its
//! capacitor), `xa.rf_3_5` (resistor of a fault). Inside arrays they are computed, not stored.

use std::collections::HashMap;
use std::fmt::Write;

use super::array::{ArrayInstance, Direction, Line, Wires};
use super::pattern::Pattern;
use super::{Circuit, DeviceRef, Run, UnknownKind};
use crate::device::group::GROUND;

/// Name tables of everything that is not inside an array.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Node name to unknown; ground is not in here.
    pub nodes: HashMap<String, u32>,
    /// Device name to instance.
    pub devices: HashMap<String, DeviceRef>,
    /// Input parameters that were asked for, by device and declared name; groups keep none.
    pub parameters: HashMap<(String, &'static str), f64>,
    /// Name of each unknown that has one: node name, or `device#i`, `device#x`; those of arrays and cells have none.
    pub unknowns: HashMap<u32, String>,
}

/// A cell of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellRef {
    /// Index in `circuit.arrays`.
    pub array: usize,
    /// Row from 0, whatever the base of the names.
    pub row: usize,
    /// Column from 0.
    pub col: usize,
}

/// Is it one of the spellings of ground?
#[must_use]
pub fn is_ground(name: &str) -> bool {
    matches!(name, "0" | "gnd" | "gnd!" | "ground")
}

impl Circuit {
    /// The unknown of a node, [`GROUND`] for ground, `None` when there is no such node.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<u32> {
        let name = Pattern::parse(name).literal()?;
        if is_ground(&name) {
            return Some(GROUND);
        }
        let named = self.names.nodes.get(&name).copied();
        named.or_else(|| self.arrays.iter().find_map(|a| a.find_node(name.strip_prefix(&a.name)?.strip_prefix('.')?)))
    }

    /// The instance behind a device name. `r.x1.r1` (ngspice) is read as `x1.r1`.
    #[must_use]
    pub fn find_device(&self, name: &str) -> Option<DeviceRef> {
        // nearly always as it stands in the table
        if let Some(device) = self.names.devices.get(name) {
            return Some(*device);
        }
        let name = Pattern::parse(name).literal()?;
        let exact = |name: &str| {
            self.names.devices.get(name).copied().or_else(|| {
                self.arrays.iter().find_map(|a| a.find_device(name.strip_prefix(&a.name)?.strip_prefix('.')?))
            })
        };
        exact(&name).or_else(|| match name.split_once('.') {
            Some((letter, rest)) if letter.chars().count() == 1 => exact(rest),
            _ => None,
        })
    }

    /// The cell behind `xa.c_3_5` (or `xa.c[3,5]`).
    #[must_use]
    pub fn find_cell(&self, name: &str) -> Option<CellRef> {
        let name = Pattern::parse(name).literal()?;
        self.arrays.iter().enumerate().find_map(|(array, a)| {
            let (row, col, rest) = a.indices(name.strip_prefix(&a.name)?.strip_prefix(".c")?)?;
            rest.is_empty().then_some(CellRef { array, row, col })
        })
    }

    /// All cells that a pattern names, row-major: `xa.c_*`, `xa.c[0:7,*]`, `xa.c_3_5`. The name of an array alone means
    /// all its cells.
    #[must_use]
    pub fn find_cells(&self, pattern: &str) -> Vec<CellRef> {
        let pattern = Pattern::parse(pattern);
        let mut out = Vec::new();
        for (array, a) in self.arrays.iter().enumerate() {
            let whole = pattern.matches(&a.name);
            if !whole && !pattern.may_match_below(&a.name) {
                continue;
            }
            let mut text = String::new();
            for cell in 0..a.cells() {
                let (row, col) = a.position(cell);
                text.clear();
                a.write_view(&mut text, "c", row, col);
                if whole || pattern.matches(&text) {
                    out.push(CellRef { array, row, col });
                }
            }
        }
        out
    }

    /// Canonical name of a cell.
    #[must_use]
    pub fn cell_name(&self, cell: CellRef) -> String {
        let mut text = String::new();
        if let Some(a) = self.arrays.get(cell.array) {
            a.write_view(&mut text, "c", cell.row, cell.col);
        }
        text
    }

    /// All nodes that a pattern names, in natural order of their names (`b_2` before `b_10`), array views included.
    #[must_use]
    pub fn match_nodes(&self, pattern: &str) -> Vec<(String, u32)> {
        let pattern = Pattern::parse(pattern);
        let named = self.names.nodes.iter().filter(|(name, _)| pattern.matches(name));
        let mut out: Vec<(String, u32)> = named.map(|(name, &id)| (name.clone(), id)).collect();
        out.sort_by(|a, b| natural(&a.0, &b.0));
        for a in self.arrays.iter().filter(|a| pattern.may_match_below(&a.name)) {
            a.visit_nodes(&mut |name, id| {
                if pattern.matches(name) {
                    out.push((name.to_string(), id));
                }
            });
        }
        out
    }

    /// All devices that a pattern names, in natural order, devices of cells included; wires only by their exact name.
    #[must_use]
    pub fn match_devices(&self, pattern: &str) -> Vec<(String, DeviceRef)> {
        let parsed = Pattern::parse(pattern);
        if let Some(name) = parsed.literal() {
            return self.find_device(&name).map(|d| (name, d)).into_iter().collect();
        }
        let named = self.names.devices.iter().filter(|(name, _)| parsed.matches(name));
        let mut out: Vec<(String, DeviceRef)> = named.map(|(name, &d)| (name.clone(), d)).collect();
        out.sort_by(|a, b| natural(&a.0, &b.0));
        let mut text = String::new();
        for a in self.arrays.iter().filter(|a| parsed.may_match_below(&a.name)) {
            for cell in 0..a.cells() {
                let (row, col) = a.position(cell);
                for device in &a.cell_devices {
                    text.clear();
                    a.write_view(&mut text, "c", row, col);
                    text.push('.');
                    text.push_str(&device.name);
                    if parsed.matches(&text) {
                        out.push((text.clone(), device.at(cell)));
                    }
                }
            }
        }
        out
    }

    /// Every node view of all arrays with its unknown, in one walk.
    pub fn visit_array_nodes(&self, visit: &mut dyn FnMut(&str, u32)) {
        self.arrays.iter().for_each(|a| a.visit_nodes(visit));
    }

    /// The name of an unknown for messages: a node name, `device#i`, or a view into an array. Searches arrays; not for
    /// inner loops.
    #[must_use]
    pub fn unknown_name(&self, unknown: u32) -> String {
        if unknown == GROUND {
            return "0".to_string();
        }
        match self.names.unknowns.get(&unknown) {
            Some(name) => name.clone(),
            None => {
                let view = self.arrays.iter().find_map(|a| a.unknown_name(self, unknown));
                view.unwrap_or_else(|| format!("unknown {unknown}"))
            }
        }
    }

    /// An unknown as one asks for it: `v(a)`, `i(l1)`, `@m1[x]`. Searches arrays; not for inner loops.
    #[must_use]
    pub fn unknown_signal(&self, unknown: u32) -> String {
        let name = self.unknown_name(unknown);
        let kind = self.unknowns.get(unknown as usize).map_or(UnknownKind::Voltage, |u| u.kind);
        match (kind, name.rsplit_once('#')) {
            (UnknownKind::Voltage, _) => format!("v({name})"),
            (UnknownKind::Current, Some((device, _))) => format!("i({device})"),
            (UnknownKind::Current, None) => format!("i({name})"),
            (UnknownKind::State, Some((device, state))) => format!("@{device}[{state}]"),
            (UnknownKind::State, None) => name,
        }
    }

    /// The name of a device for messages; searches, so not for inner loops.
    #[must_use]
    pub fn device_name(&self, device: DeviceRef) -> String {
        let view = self.arrays.iter().find_map(|a| a.device_name(device));
        view.or_else(|| self.names.devices.iter().find(|(_, d)| **d == device).map(|(name, _)| name.clone()))
            .unwrap_or_else(|| format!("device {}.{}", device.group, device.index))
    }
}

impl ArrayInstance {
    /// Appends `xa.<kind>_<row>_<col>` in the array's index base.
    pub fn write_view(&self, text: &mut String, kind: &str, row: usize, col: usize) {
        // writing to a String cannot fail
        let _ = write!(text, "{}.{kind}_{}_{}", self.name, row + self.base, col + self.base);
    }

    /// `_3_5` or `_3_5.rest`: row and column from 0 and the rest without its dot; `None` outside the array.
    fn indices<'a>(&self, text: &'a str) -> Option<(usize, usize, &'a str)> {
        let (body, rest) = text.split_once('.').unwrap_or((text, ""));
        let (row, col) = body.strip_prefix('_')?.split_once('_')?;
        let row = canonical_index(row)?.checked_sub(self.base)?;
        let col = canonical_index(col)?.checked_sub(self.base)?;
        (row < self.rows && col < self.cols && !(text.ends_with('.'))).then_some((row, col, rest))
    }

    /// The unknown behind a name below the array: `wl_3_5`, `c_3_5.mid`.
    pub(super) fn find_node(&self, local: &str) -> Option<u32> {
        if let Some((row, col, node)) = local.strip_prefix('c').and_then(|rest| self.indices(rest)) {
            let (_, first) = self.cell_nodes.iter().find(|(name, _)| name == node)?;
            return Some(first + u32::try_from(row * self.cols + col).ok()?);
        }
        self.lines().find_map(|w| {
            let (row, col, rest) = self.indices(local.strip_prefix(w.line.name())?)?;
            rest.is_empty().then(|| w.nodes.at(row * self.cols + col))
        })
    }

    fn find_device(&self, local: &str) -> Option<DeviceRef> {
        if let Some((row, col, device)) = local.strip_prefix('c').and_then(|rest| self.indices(rest)) {
            return Some(self.cell_device(device)?.at(row * self.cols + col));
        }
        if let Some((row, col, "")) = local.strip_prefix("rf").and_then(|rest| self.indices(rest)) {
            return self.fault(row * self.cols + col)?.resistor;
        }
        self.lines().find_map(|w| {
            if let Some(rest) = local.strip_prefix('c').and_then(|l| l.strip_prefix(w.line.name())) {
                let (row, col, rest) = self.indices(rest)?;
                return rest.is_empty().then(|| w.capacitors?.get(row * self.cols + col)).flatten();
            }
            self.find_segment(w, local.strip_prefix('r')?.strip_prefix(w.line.name())?)
        })
    }

    /// `_3_5`: the segment before cell (3, 5) along its line; one past the last cell is the segment to the far pin.
    fn find_segment(&self, w: &Wires, text: &str) -> Option<DeviceRef> {
        let (a, b) = text.strip_prefix('_')?.split_once('_')?;
        let row = canonical_index(a)?.checked_sub(self.base)?;
        let col = canonical_index(b)?.checked_sub(self.base)?;
        let (line, segment) = match w.direction {
            Direction::Row => (row, col),
            Direction::Column => (col, row),
        };
        let (lines, along) = self.shape(w.direction);
        if line >= lines || segment > along || w.ohm(line, segment, along) == 0.0 {
            return None;
        }
        if segment == 0 {
            return w.head.as_ref()?.wires?.get(line);
        }
        if segment == along {
            return w.tail.as_ref()?.wires?.get(line);
        }
        w.inner?.get(line * (along - 1) + segment - 1)
    }

    /// Every node view of the array, row-major, word lines first, cells last.
    fn visit_nodes(&self, visit: &mut dyn FnMut(&str, u32)) {
        let mut text = String::new();
        for w in self.lines() {
            for cell in 0..self.cells() {
                let (row, col) = self.position(cell);
                text.clear();
                self.write_view(&mut text, w.line.name(), row, col);
                visit(&text, w.nodes.at(cell));
            }
        }
        for cell in 0..self.cells() {
            let (row, col) = self.position(cell);
            for (name, first) in &self.cell_nodes {
                text.clear();
                self.write_view(&mut text, "c", row, col);
                text.push('.');
                text.push_str(name);
                visit(&text, first + cell as u32);
            }
        }
    }

    /// The view of an unknown that belongs to this array.
    fn unknown_name(&self, circuit: &Circuit, unknown: u32) -> Option<String> {
        let mut text = String::new();
        for w in self.lines() {
            if let Some(cell) = w.nodes.position(unknown) {
                let (row, col) = self.position(cell);
                self.write_view(&mut text, w.line.name(), row, col);
                return Some(text);
            }
        }
        for (name, first) in &self.cell_nodes {
            if let Some(cell) = unknown.checked_sub(*first).filter(|&c| (c as usize) < self.cells()) {
                let (row, col) = self.position(cell as usize);
                self.write_view(&mut text, "c", row, col);
                let _ = write!(text, ".{name}");
                return Some(text);
            }
        }
        for device in self.cell_devices.iter().filter(|d| d.internals > 0) {
            let Some(k) = unknown.checked_sub(device.first_internal) else { continue };
            let (cell, internal) = ((k / device.internals) as usize, (k % device.internals) as usize);
            if cell < self.cells() {
                let (row, col) = self.position(cell);
                self.write_view(&mut text, "c", row, col);
                let group = circuit.groups.get(device.first.group);
                let name = group.and_then(|g| g.card().internals.get(internal)).map_or("i", |i| i.name);
                let _ = write!(text, ".{}#{name}", device.name);
                return Some(text);
            }
        }
        None
    }

    /// The view of a device that belongs to this array.
    fn device_name(&self, device: DeviceRef) -> Option<String> {
        let mut text = String::new();
        for d in &self.cell_devices {
            let run = Run { group: d.first.group, first: d.first.index, count: self.cells() };
            if let Some(cell) = run.position(device) {
                let (row, col) = self.position(cell);
                self.write_view(&mut text, "c", row, col);
                let _ = write!(text, ".{}", d.name);
                return Some(text);
            }
        }
        if let Some(fault) = self.faults.iter().find(|f| f.resistor == Some(device)) {
            let (row, col) = self.position(fault.cell);
            self.write_view(&mut text, "rf", row, col);
            return Some(text);
        }
        self.lines().find_map(|w| {
            let (_, along) = self.shape(w.direction);
            let ends = [(&w.head, 0), (&w.tail, along)];
            let end = ends.iter().find_map(|(end, segment)| {
                end.as_ref().and_then(|e| e.wires).and_then(|run| run.position(device)).map(|line| (line, *segment))
            });
            let inner = || {
                let k = w.inner?.position(device)?;
                Some((k / (along - 1), k % (along - 1) + 1))
            };
            if let Some((line, segment)) = end.or_else(inner) {
                return Some(self.segment_name(w.line, w.direction, line, segment));
            }
            let (row, col) = self.position(w.capacitors?.position(device)?);
            Some(format!("{}.c{}_{}_{}", self.name, w.line.name(), row + self.base, col + self.base))
        })
    }

    /// Name of the resistor of a segment: `xa.rwl_<line>_<segment>`, for lines along columns `xa.rbl_<segment>_<line>`.
    #[must_use]
    pub fn segment_name(&self, line: Line, direction: Direction, number: usize, segment: usize) -> String {
        let (row, col) = match direction {
            Direction::Row => (number, segment),
            Direction::Column => (segment, number),
        };
        format!("{}.r{}_{}_{}", self.name, line.name(), row + self.base, col + self.base)
    }
}

/// A decimal number without sign or leading zeros, so that each view has one spelling.
fn canonical_index(text: &str) -> Option<usize> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Order of names with numbers compared as numbers.
#[must_use]
pub fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
        let (da, db) = (digits(a), digits(b));
        if da > 0 && db > 0 {
            let (na, nb) = (a[..da].trim_start_matches('0'), b[..db].trim_start_matches('0'));
            let order = na.len().cmp(&nb.len()).then_with(|| na.cmp(nb)).then_with(|| da.cmp(&db));
            if order.is_ne() {
                return order;
            }
            (a, b) = (&a[da..], &b[db..]);
            continue;
        }
        let (mut ca, mut cb) = (a.chars(), b.chars());
        match (ca.next(), cb.next()) {
            (Some(x), Some(y)) if x == y => (a, b) = (ca.as_str(), cb.as_str()),
            (x, y) => return x.cmp(&y),
        }
    }
}
