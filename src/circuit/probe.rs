//! Canonical names to what has to be read from a solution: the one place that knows what `i(xa.c_3_5)` means.
//!
//! A [`Probe`] is plain data over the solution x, the local rows f and dq/dt of every group and the operating values
//! of devices. With I_r = f_r + dq_r/dt (current leaving node into row r of a device):
//!   current of a device  I of its first carrying port
//!   power of a device    sum over its carrying ports r of x_r I_r
//! Both hold for any device, so no kind is named here.

use super::unknown_name::UnknownName;
use super::{ArrayInstance, Circuit, DeviceRef, Run};
use crate::device::group::GROUND;
use crate::plan::{Quantity, Signal};

/// How one signal is read.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// Always 0.
    Ground,
    /// An input parameter.
    Constant(f64),
    /// `x[k]`.
    Unknown(u32),
    /// `x[a] - x[b]`; either may be [`GROUND`].
    Difference(u32, u32),
    /// Sum of f + dq/dt over local rows.
    Current(Vec<Row>),
    /// Sum of x (f + dq/dt) over all carrying rows of runs of devices.
    Power(Vec<Run>),
    /// Operating value `k` of `card().outputs`.
    Output(DeviceRef, usize),
    /// First over second: `r` and `g` of a device or cell; 0 where the second is 0 and so is the first.
    Ratio(Box<Probe>, Box<Probe>),
}

/// One local row of a group: `f[row]` of its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Group index.
    pub group: usize,
    /// Index into the `f` and `q` of the group's load.
    pub row: usize,
}

/// What a device name stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Part<'a> {
    /// One device instance.
    Device(DeviceRef),
    /// A subcircuit instance: all devices below it.
    Instance(Vec<Run>),
    /// A whole array.
    Array(&'a ArrayInstance),
    /// Cell `k` (row-major) of an array.
    Cell(&'a ArrayInstance, usize),
}

impl Circuit {
    /// Turns a canonical signal into what has to be read.
    ///
    /// # Errors
    /// When a node, device or field does not exist; with similar names.
    pub fn resolve(&self, signal: &Signal) -> Result<Probe, UnknownName> {
        match signal {
            Signal::Voltage(node) => self.node_probe(node),
            Signal::Current(device) => self.field(device, "i"),
            Signal::Power(device) => self.field(device, "p"),
            Signal::Field(device, field) => self.field(device, field),
        }
    }

    /// The quantity a signal has, for units and the raw file.
    #[must_use]
    pub fn quantity(&self, signal: &Signal) -> Quantity {
        match signal {
            Signal::Voltage(_) => Quantity::Voltage,
            Signal::Current(_) => Quantity::Current,
            Signal::Power(_) => Quantity::Power,
            Signal::Field(device, field) => {
                self.part(device).ok().and_then(|part| self.unit(&part, field)).map_or(Quantity::Plain, quantity_of)
            }
        }
    }

    /// The device, subcircuit instance, array or cell behind a name.
    ///
    /// # Errors
    /// When nothing has this name.
    pub fn part(&self, name: &str) -> Result<Part<'_>, UnknownName> {
        if let Some(device) = self.find_device(name) {
            return Ok(Part::Device(device));
        }
        if let Some(array) = self.arrays.iter().find(|a| a.name == name) {
            return Ok(Part::Array(array));
        }
        if let Some(cell) = self.find_cell(name)
            && let Some(array) = self.arrays.get(cell.array)
        {
            return Ok(Part::Cell(array, cell.row * array.cols + cell.col));
        }
        if let Some(runs) = self.array_part(name) {
            return Ok(Part::Instance(runs));
        }
        let runs = self.runs_below(name);
        if runs.is_empty() { Err(self.unknown_device(name)) } else { Ok(Part::Instance(runs)) }
    }

    fn node_probe(&self, name: &str) -> Result<Probe, UnknownName> {
        match self.node(name) {
            Some(GROUND) => Ok(Probe::Ground),
            Some(unknown) => Ok(Probe::Unknown(unknown)),
            None => Err(self.unknown_node(name)),
        }
    }

    fn field(&self, name: &str, field: &str) -> Result<Probe, UnknownName> {
        let part = self.part(name)?;
        let probe = match &part {
            Part::Device(device) => {
                self.device_field(*device, field).or_else(|| self.parameter(name, *device, field).map(Probe::Constant))
            }
            Part::Instance(runs) => (field == "p").then(|| Probe::Power(runs.clone())),
            Part::Array(array) => (field == "p").then(|| Probe::Power(self.array_runs(array))),
            Part::Cell(array, cell) => self.cell_field(array, *cell, field),
        };
        probe.ok_or_else(|| UnknownName {
            what: format!("quantity of `{name}` called"),
            name: field.to_string(),
            nearest: nearest(field, self.fields(&part).iter().map(String::as_str)),
        })
    }

    /// An input parameter of a named device, under any of its names.
    fn parameter(&self, name: &str, device: DeviceRef, field: &str) -> Option<f64> {
        let param = self.groups.get(device.group)?.card().param(field)?;
        let canonical =
            name.split_once('.').filter(|_| !self.names.devices.contains_key(name)).map_or(name, |(_, n)| n);
        self.names.parameters.get(&(canonical.to_string(), param.name)).copied()
    }

    /// Names that `@part[..]` understands.
    #[must_use]
    pub fn fields(&self, part: &Part<'_>) -> Vec<String> {
        let generic = ["i", "v", "p", "r", "g"];
        match part {
            Part::Device(device) => {
                let mut names: Vec<String> = generic.iter().map(ToString::to_string).collect();
                names.extend(self.card_fields(*device));
                names
            }
            Part::Instance(_) | Part::Array(_) => vec!["p".to_string()],
            Part::Cell(array, _) => {
                let mut names: Vec<String> = generic.iter().map(ToString::to_string).collect();
                names.extend(array.cell_devices.iter().flat_map(|d| self.card_fields(d.first)));
                names
            }
        }
    }

    fn card_fields(&self, device: DeviceRef) -> Vec<String> {
        let Some(group) = self.groups.get(device.group) else { return Vec::new() };
        let card = group.card();
        let internals = card.internals.iter().map(|i| i.name.to_string());
        internals.chain(card.outputs.iter().map(|(name, _)| (*name).to_string())).collect()
    }

    /// Unit of a field of a part, as its card says.
    fn unit(&self, part: &Part<'_>, field: &str) -> Option<&'static str> {
        match field {
            "i" => return Some("A"),
            "v" => return Some("V"),
            "p" => return Some("W"),
            "r" => return Some("Ohm"),
            "g" => return Some("S"),
            _ => {}
        }
        let of_device = |device: DeviceRef| {
            let card = self.groups.get(device.group)?.card();
            let internal = card.internals.iter().find(|i| i.name == field).map(|i| i.unit);
            let output = || card.outputs.iter().find(|(name, _)| *name == field).map(|(_, unit)| *unit);
            internal.or_else(output).or_else(|| card.param(field).map(|p| p.unit))
        };
        match part {
            Part::Device(device) => of_device(*device),
            Part::Cell(array, _) => array.cell_devices.iter().find_map(|d| of_device(d.first)),
            Part::Instance(_) | Part::Array(_) => None,
        }
    }

    fn device_field(&self, device: DeviceRef, field: &str) -> Option<Probe> {
        let group = self.groups.get(device.group)?;
        let start = group.offset(device.index);
        let ports = group.card().ports;
        match field {
            "i" => {
                let port = ports.iter().position(|p| p.carries)?;
                return Some(Probe::Current(vec![Row { group: device.group, row: start + port }]));
            }
            "p" => return Some(Probe::Power(vec![Run { group: device.group, first: device.index, count: 1 }])),
            _ => {}
        }
        if let Some(k) = group.card().internals.iter().position(|i| i.name == field) {
            return group.locals().get(start + ports.len() + k).map(|&unknown| Probe::Unknown(unknown));
        }
        if let Some(k) = group.card().outputs.iter().position(|(name, _)| *name == field) {
            return Some(Probe::Output(device, k));
        }
        let voltage = || {
            let mut carrying = ports.iter().enumerate().filter(|(_, p)| p.carries).map(|(k, _)| k);
            let (p, n) = (carrying.next()?, carrying.next()?);
            Some(Probe::Difference(*group.locals().get(start + p)?, *group.locals().get(start + n)?))
        };
        let current = || self.device_field(device, "i");
        generic_field(field, voltage, current)
    }

    fn cell_field(&self, array: &ArrayInstance, cell: usize, field: &str) -> Option<Probe> {
        let current = || {
            let rows = array.currents(cell).filter_map(|(device, port)| {
                let start = self.groups.get(device.group)?.offset(device.index);
                Some(Row { group: device.group, row: start + port })
            });
            let rows: Vec<Row> = rows.collect();
            Some(Probe::Current(rows))
        };
        match field {
            "i" => return current(),
            "p" => return Some(Probe::Power(array.devices(cell).map(Run::single).collect())),
            _ => {}
        }
        // the state or value of the only device of the cell that has one of this name
        let mut owners = array
            .cell_devices
            .iter()
            .filter(|d| self.card_fields(d.first).iter().any(|name| name == field))
            .map(|d| d.at(cell));
        match (owners.next(), owners.next()) {
            (Some(device), None) => self.device_field(device, field),
            _ => {
                let voltage = || Some(Probe::Difference(array.wl.nodes.get(cell)?, array.bl.nodes.get(cell)?));
                generic_field(field, voltage, current)
            }
        }
    }

    fn array_runs(&self, array: &ArrayInstance) -> Vec<Run> {
        let mut runs = array.runs();
        runs.extend(self.runs_below(&array.name));
        runs
    }

    /// One device of the cell over all cells, `xa.m1`, or the wires of one kind of lines by the words of their card:
    /// `xa.rwl` the segments, `xa.cwl` the capacitors.
    fn array_part(&self, name: &str) -> Option<Vec<Run>> {
        let array =
            self.arrays.iter().find(|a| name.strip_prefix(&a.name).is_some_and(|rest| rest.starts_with('.')))?;
        let local = &name[array.name.len() + 1..];
        if let Some(device) = array.cell_device(local) {
            return Some(vec![Run { group: device.first.group, first: device.first.index, count: array.cells() }]);
        }
        let (kind, line) = (local.get(..1)?, local.get(1..)?);
        let wires = array.lines().find(|wires| wires.line.name() == line)?;
        match kind {
            "r" => {
                let ends = [&wires.head, &wires.tail].into_iter().flatten().filter_map(|end| end.wires);
                Some(ends.chain(wires.inner).collect())
            }
            "c" => Some(wires.capacitors.into_iter().collect()),
            _ => None,
        }
    }

    fn runs_below(&self, instance: &str) -> Vec<Run> {
        let prefix = format!("{instance}.");
        let mut devices: Vec<DeviceRef> =
            self.names.devices.iter().filter(|(name, _)| name.starts_with(&prefix)).map(|(_, d)| *d).collect();
        devices.sort_by_key(|d| (d.group, d.index));
        let mut runs: Vec<Run> = Vec::new();
        for device in devices {
            match runs.last_mut() {
                Some(run) if run.group == device.group && run.first + run.count == device.index => run.count += 1,
                _ => runs.push(Run { group: device.group, first: device.index, count: 1 }),
            }
        }
        for array in self.arrays.iter().filter(|a| a.name.starts_with(&prefix)) {
            runs.extend(array.runs());
        }
        runs
    }

    fn unknown_node(&self, name: &str) -> UnknownName {
        let arrays = self.arrays.iter().map(|a| format!("{}.wl_{}_{}", a.name, a.base, a.base)).collect::<Vec<_>>();
        let known = self.names.nodes.keys().map(String::as_str).chain(arrays.iter().map(String::as_str));
        UnknownName { what: "node".to_string(), name: name.to_string(), nearest: nearest(name, known) }
    }

    fn unknown_device(&self, name: &str) -> UnknownName {
        let arrays = self.arrays.iter().map(|a| format!("{}.c_{}_{}", a.name, a.base, a.base)).collect::<Vec<_>>();
        let known = self.names.devices.keys().map(String::as_str).chain(arrays.iter().map(String::as_str));
        UnknownName { what: "device".to_string(), name: name.to_string(), nearest: nearest(name, known) }
    }
}

fn generic_field(
    field: &str,
    voltage: impl Fn() -> Option<Probe>,
    current: impl Fn() -> Option<Probe>,
) -> Option<Probe> {
    match field {
        "v" => voltage(),
        "r" => Some(Probe::Ratio(Box::new(voltage()?), Box::new(current()?))),
        "g" => Some(Probe::Ratio(Box::new(current()?), Box::new(voltage()?))),
        _ => None,
    }
}

fn quantity_of(unit: &'static str) -> Quantity {
    match unit {
        "A" => Quantity::Current,
        "V" => Quantity::Voltage,
        "W" => Quantity::Power,
        "Ohm" | "ohm" => Quantity::Resistance,
        "S" => Quantity::Conductance,
        "s" => Quantity::Time,
        "Hz" => Quantity::Frequency,
        _ => Quantity::Plain,
    }
}

/// Up to three known names that look like `name`, best first.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = (name.chars().count() / 3).clamp(1, 3);
    let tail = |text: &str| text.rsplit('.').next().unwrap_or(text).to_string();
    let mut found: Vec<(usize, &str)> = known
        .filter_map(|candidate| {
            let whole = strsim::damerau_levenshtein(name, candidate);
            let distance = if tail(candidate) == tail(name) { whole.min(1) } else { whole };
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(3).map(|(_, candidate)| candidate.to_string()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::circuit::Names;
    use crate::circuit::array::{CellDevice, Direction, Line, Wires};
    use crate::device::{Balance, Card, Device, DeviceGroup, Env, Internal, Kind, Port, Role, StateLaw};
    use crate::device::{DeviceKind, ParamError, ParamValues};
    use crate::numeric::real::Real;

    /// A conductor of 1 mS with a state and one operating value.
    #[derive(Clone)]
    struct Conductor;

    impl Device<3> for Conductor {
        const CARD: Card = Card {
            keywords: &["conductor"],
            doc: "test device",
            source: "ideal element",
            role: Role::Passive,
            ports: &[Port { name: "p", carries: true }, Port { name: "n", carries: true }],
            internals: &[Internal { name: "x", unit: "1", law: StateLaw::Memory, scale: 1.0 }],
            params: &[],
            outputs: &[("gap", "nm")],
            equivalent: "",
        };
        fn from_params(_: &ParamValues) -> Result<Self, ParamError> {
            Ok(Self)
        }
        fn balance<S: Real>(&self, _: &Env, x: &[S; 3]) -> Balance<S, 3> {
            let mut balance = Balance::zero();
            balance.flow(0, 1, (x[0] - x[1]) * S::from(1e-3));
            balance
        }
    }

    const KIND: Kind<Conductor, 3> = Kind::new();

    fn group(locals: &[[u32; 3]]) -> Box<dyn DeviceGroup> {
        let mut group = KIND.group();
        let params = ParamValues::check(KIND.card(), &[]).unwrap();
        for l in locals {
            KIND.add(group.as_mut(), l, &params).unwrap();
        }
        group
    }

    /// r1 (in, out), x1.r2 (out, 0), and a 2 x 2 array `xa` of one conductor per cell with a word line 4, 5 and bit line 6, 7.
    fn circuit() -> Circuit {
        let cells = [[4, 6, 10], [4, 7, 11], [5, 6, 12], [5, 7, 13]];
        let mut names = Names::default();
        for (name, unknown) in [("in", 0), ("out", 1), ("x1.mid", 2)] {
            names.nodes.insert(name.to_string(), unknown);
        }
        names.devices.insert("r1".to_string(), DeviceRef { group: 0, index: 0 });
        names.devices.insert("x1.r2".to_string(), DeviceRef { group: 0, index: 1 });
        let array = ArrayInstance {
            name: "xa".to_string(),
            rows: 2,
            cols: 2,
            wl: Wires::ideal(Line::Word, Direction::Row, vec![4, 4, 5, 5]),
            bl: Wires::ideal(Line::Bit, Direction::Column, vec![6, 7, 6, 7]),
            sl: None,
            gl: None,
            cell: "cell".to_string(),
            faults: Vec::new(),
            cell_nodes: vec![("mid".to_string(), 20)],
            cell_devices: vec![CellDevice {
                name: "m1".to_string(),
                first: DeviceRef { group: 1, index: 0 },
                first_internal: 10,
                internals: 1,
                wl_port: Some(0),
                bl_port: Some(1),
            }],
            base: 0,
        };
        Circuit {
            unknowns: crate::circuit::Unknowns::default(),
            groups: vec![group(&[[0, 1, 8], [1, GROUND, 9]]), group(&cells)],
            names,
            arrays: vec![array],
            initial: Vec::new(),
            nodesets: Vec::new(),
            temperature: 300.15,
        }
    }

    fn field(circuit: &Circuit, device: &str, field: &str) -> Probe {
        circuit.resolve(&Signal::Field(device.into(), field.into())).unwrap()
    }

    #[test]
    fn nodes_and_devices_resolve() {
        let c = circuit();
        assert_eq!(c.resolve(&Signal::Voltage("out".into())).unwrap(), Probe::Unknown(1));
        assert_eq!(c.resolve(&Signal::Voltage("gnd".into())).unwrap(), Probe::Ground);
        let current = c.resolve(&Signal::Current("x1.r2".into())).unwrap();
        assert_eq!(current, Probe::Current(vec![Row { group: 0, row: 3 }]));
        assert_eq!(field(&c, "x1.r2", "x"), Probe::Unknown(9));
        assert_eq!(field(&c, "r1", "gap"), Probe::Output(DeviceRef { group: 0, index: 0 }, 0));
        assert_eq!(field(&c, "x1.r2", "v"), Probe::Difference(1, GROUND));
        let power = c.resolve(&Signal::Power("x1".into())).unwrap();
        assert_eq!(power, Probe::Power(vec![Run { group: 0, first: 1, count: 1 }]));
    }

    #[test]
    fn array_names_are_views() {
        let c = circuit();
        assert_eq!(c.resolve(&Signal::Voltage("xa.wl_1_0".into())).unwrap(), Probe::Unknown(5));
        assert_eq!(c.resolve(&Signal::Voltage("xa.bl_1_1".into())).unwrap(), Probe::Unknown(7));
        assert_eq!(c.resolve(&Signal::Voltage("xa.c_1_0.mid".into())).unwrap(), Probe::Unknown(22));
        assert_eq!(field(&c, "xa.c_1_0", "x"), Probe::Unknown(12));
        assert_eq!(field(&c, "xa.c_1_0.m1", "x"), Probe::Unknown(12));
        assert_eq!(field(&c, "xa.c_1_0", "v"), Probe::Difference(5, 6));
        let current = c.resolve(&Signal::Current("xa.c_0_1".into())).unwrap();
        assert_eq!(current, Probe::Current(vec![Row { group: 1, row: 3 }]));
        let conductance = field(&c, "xa.c_0_1", "g");
        assert_eq!(conductance, Probe::Ratio(Box::new(current), Box::new(Probe::Difference(4, 7))));
        let power = c.resolve(&Signal::Power("xa".into())).unwrap();
        assert_eq!(power, Probe::Power(vec![Run { group: 1, first: 0, count: 4 }]));
        assert!(c.resolve(&Signal::Voltage("xa.wl_2_0".into())).is_err());
    }

    #[test]
    fn unknown_names_say_what_is_near() {
        let c = circuit();
        let error = c.resolve(&Signal::Voltage("outt".into())).unwrap_err();
        assert_eq!(error.to_string(), "there is no node `outt`; did you mean `out`?");
        let error = c.resolve(&Signal::Current("r2".into())).unwrap_err();
        assert!(error.nearest.contains(&"x1.r2".to_string()), "{error}");
        let error = c.resolve(&Signal::Field("r1".into(), "gab".into())).unwrap_err();
        assert_eq!(error.to_string(), "there is no quantity of `r1` called `gab`; did you mean `gap`?");
    }

    #[test]
    fn quantities_follow_the_card() {
        let c = circuit();
        assert_eq!(c.quantity(&Signal::Field("r1".into(), "x".into())), Quantity::Plain);
        assert_eq!(c.quantity(&Signal::Field("xa.c_0_0".into(), "g".into())), Quantity::Conductance);
        assert_eq!(c.quantity(&Signal::Current("r1".into())), Quantity::Current);
    }
}
