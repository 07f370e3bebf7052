//! From a solution to the values of the recorded signals.

use std::borrow::Cow;

use super::charge::Charges;
use super::error::AnalysisError;
use crate::circuit::probe::Probe;
use crate::circuit::{ArrayInstance, Circuit, Run};
use crate::device::group::{GROUND, value_at};
use crate::device::{Env, Load};
use crate::plan::{Plan, Quantity, Signal, Snapshot};
use crate::result::{ArraySnapshot, Column, PlotHeader};

/// A solution with everything that probes read.
pub struct Observation<'a> {
    /// The circuit.
    pub circuit: &'a Circuit,
    /// The world.
    pub env: Env,
    /// Solution.
    pub x: &'a [f64],
    /// What is to be added to it ([`super::remainder`]); empty for nothing.
    pub rest: &'a [f64],
    /// Local f and q at `x` of the groups that keep them.
    pub loads: &'a [Load],
    /// Local dq/dt; `None` when time stands still.
    pub charges: Option<&'a Charges>,
}

impl Observation<'_> {
    /// f of the local rows of one device. Those of the many devices of an array are kept only where charges are followed;
    /// else the device is evaluated.
    fn flows(&self, group: usize, device: usize) -> Cow<'_, [f64]> {
        let Some(devices) = self.circuit.groups.get(group) else { return Cow::Borrowed(&[]) };
        let rows = devices.offset(device)..devices.offset(device + 1);
        match self.loads.get(group).and_then(|load| load.f.get(rows)) {
            Some(kept) if self.rest.is_empty() => Cow::Borrowed(kept),
            _ => Cow::Owned(devices.flows(device, &self.env, (self.x, self.rest))),
        }
    }

    /// The value of an unknown.
    fn value(&self, id: u32) -> f64 {
        value_at(self.x, id) + value_at(self.rest, id)
    }

    /// The difference of two unknowns.
    fn across(&self, a: u32, b: u32) -> f64 {
        (value_at(self.x, a) - value_at(self.x, b)) + (value_at(self.rest, a) - value_at(self.rest, b))
    }

    /// dq/dt of one local row.
    fn rate(&self, group: usize, row: usize) -> f64 {
        self.charges.and_then(|c| c.rates(group).get(row)).copied().unwrap_or(0.0)
    }

    /// I = f + dq/dt of one local row.
    fn current(&self, group: usize, row: usize) -> f64 {
        let Some(devices) = self.circuit.groups.get(group).filter(|devices| !devices.is_empty()) else { return 0.0 };
        let (mut device, mut after) = (0, devices.len());
        while device + 1 < after {
            let middle = device.midpoint(after);
            if devices.offset(middle) <= row { device = middle } else { after = middle }
        }
        let own = row.checked_sub(devices.offset(device));
        let f = own.and_then(|own| self.flows(group, device).get(own).copied());
        f.unwrap_or(0.0) + self.rate(group, row)
    }

    /// The value of a probe.
    #[must_use]
    pub fn read(&self, probe: &Probe) -> f64 {
        match probe {
            Probe::Ground => 0.0,
            Probe::Constant(value) => *value,
            Probe::Unknown(k) => self.value(*k),
            Probe::Difference(a, b) => self.across(*a, *b),
            Probe::Current(rows) => rows.iter().map(|r| self.current(r.group, r.row)).sum(),
            Probe::Power(runs) => runs.iter().map(|run| self.power(run)).sum(),
            Probe::Output(device, k) => self
                .circuit
                .groups
                .get(device.group)
                .and_then(|g| g.outputs(device.index, &self.env, self.x).get(*k).copied())
                .unwrap_or(f64::NAN),
            Probe::Ratio(over, under) => {
                let (a, b) = (self.read(over), self.read(under));
                if a == 0.0 && b == 0.0 { 0.0 } else { a / b }
            }
        }
    }

    fn power(&self, run: &Run) -> f64 {
        let Some(group) = self.circuit.groups.get(run.group) else { return 0.0 };
        let ports = group.card().ports;
        let mut total = 0.0;
        for i in run.first..run.first + run.count {
            let start = group.offset(i);
            let flows = self.flows(run.group, i);
            let carrying = flows.iter().enumerate().take(ports.len()).filter(|(k, _)| ports[*k].carries);
            let currents = carrying.map(|(k, f)| (group.locals()[start + k], f + self.rate(run.group, start + k)));
            // relative to one of them: what flows in flows out, and voltages may be alike
            let (mut reference, mut sum) = (None, 0.0);
            for (id, current) in currents {
                total += self.across(id, *reference.get_or_insert(id)) * current;
                sum += current;
            }
            total += self.value(reference.unwrap_or(GROUND)) * sum;
        }
        total
    }
}

/// Resolved signals of a plan.
pub struct Recorder {
    probes: Vec<Probe>,
    values: Vec<f64>,
    /// Which of them are currents.
    currents: Vec<usize>,
}

impl Recorder {
    /// Resolves the plan's signals against a circuit.
    ///
    /// # Errors
    /// A signal that does not exist.
    pub fn new(circuit: &Circuit, plan: &Plan) -> Result<Self, AnalysisError> {
        let probes = plan
            .signals
            .iter()
            .map(|signal| circuit.resolve(signal).map_err(|e| AnalysisError::UnknownSignal(e.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        let is_current = |signal: &Signal| circuit.quantity(signal) == Quantity::Current;
        let currents = plan.signals.iter().enumerate().filter(|(_, s)| is_current(s)).map(|(k, _)| k).collect();
        Ok(Self { probes, values: Vec::new(), currents })
    }

    /// The smallest recorded current that is not zero; infinite when none is recorded.
    #[must_use]
    pub fn smallest_current(&self, observation: &Observation) -> f64 {
        let sizes = self.currents.iter().map(|&k| observation.read(&self.probes[k]).abs());
        sizes.filter(|size| *size > 0.0).fold(f64::INFINITY, f64::min)
    }

    /// All columns at one point: the axis first when there is one.
    pub fn row(&mut self, axis: Option<f64>, observation: &Observation) -> &[f64] {
        self.values.clear();
        self.values.extend(axis);
        self.values.extend(self.probes.iter().map(|probe| observation.read(probe)));
        &self.values
    }
}

/// The header of a plot of this plan.
#[must_use]
pub fn header(circuit: &Circuit, plan: &Plan, name: &str, step: &str, axis: Option<Column>) -> PlotHeader {
    let has_axis = axis.is_some();
    let mut columns: Vec<Column> = axis.into_iter().collect();
    columns.extend(plan.signals.iter().map(|s| Column { name: signal_name(s), quantity: circuit.quantity(s) }));
    PlotHeader {
        title: plan.title.clone(),
        name: name.to_string(),
        step: step.to_string(),
        has_axis,
        columns,
        saved: plan.saved + usize::from(has_axis),
    }
}

/// `v(out)`, `i(v1)`, `p(r1)`, `@m1[x]`.
#[must_use]
pub fn signal_name(signal: &Signal) -> String {
    match signal {
        Signal::Voltage(node) => format!("v({node})"),
        Signal::Current(device) => format!("i({device})"),
        Signal::Power(device) => format!("p({device})"),
        Signal::Field(device, field) => format!("@{device}[{field}]"),
    }
}

/// The axis column of a sweep or a transient.
#[must_use]
pub fn axis(name: &str, quantity: Quantity) -> Column {
    Column { name: name.to_string(), quantity }
}

/// Takes the matrices that an `.xout` card asks for.
///
/// # Errors
/// An array or quantity that does not exist.
pub fn snapshot(card: &Snapshot, at: f64, observation: &Observation) -> Result<ArraySnapshot, AnalysisError> {
    let circuit = observation.circuit;
    let array = circuit
        .arrays
        .iter()
        .find(|a| a.name == card.array)
        .ok_or_else(|| AnalysisError::UnknownSignal(format!("there is no array `{}`", card.array)))?;
    let matrices = card
        .quantities
        .iter()
        .map(|quantity| Ok((quantity.clone(), matrix(array, quantity, observation)?)))
        .collect::<Result<Vec<_>, AnalysisError>>()?;
    Ok(ArraySnapshot {
        array: array.name.clone(),
        at,
        rows: array.rows,
        cols: array.cols,
        matrices,
        file: card.file.clone(),
        state_file: card.state_file.clone(),
    })
}

/// One quantity of all cells, row-major; `wl` and `bl` are the line voltages at the cells.
fn matrix(array: &ArrayInstance, quantity: &str, observation: &Observation) -> Result<Vec<f64>, AnalysisError> {
    let circuit = observation.circuit;
    (0..array.rows * array.cols)
        .map(|cell| {
            let (row, col) = (cell / array.cols + array.base, cell % array.cols + array.base);
            let signal = match quantity {
                "wl" | "bl" => Signal::Voltage(format!("{}.{quantity}_{row}_{col}", array.name)),
                _ => Signal::Field(format!("{}.c_{row}_{col}", array.name), quantity.to_string()),
            };
            let probe = circuit.resolve(&signal).map_err(|e| AnalysisError::UnknownSignal(e.to_string()))?;
            Ok(observation.read(&probe))
        })
        .collect()
}
