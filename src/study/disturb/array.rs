//! The array under one real pulse: what every cell sees and how far its state moves.

use super::cell::Stress;
use super::law;
use crate::plan::{Overrides, Snapshot};
use crate::result::report::{Map, Trust};
use crate::study::array::{self, ARRAY, Layout, MOVING, Supply, Wires};
use crate::study::bench::Wanted;
use crate::study::cell::Cell;
use crate::study::memory;
use crate::study::pattern::Choice;
use crate::study::scheme::Scheme;
use crate::study::{Arguments, Context, StudyError};

/// A cell that is disturbed, for all of its kind: the one with the largest voltage.
#[derive(Debug, Clone, PartialEq)]
pub struct Victim {
    /// `row`, `column` or `rest`.
    pub place: &'static str,
    /// It started in LRS.
    pub lrs: bool,
    /// V across it in the middle of the pulse, with sign.
    pub volts: f64,
    /// V of its bit line at that time.
    pub bit: f64,
    /// State it started in.
    pub start: f64,
}

/// What a pulse on the array shows.
pub struct Pulsed {
    /// The scheme.
    pub scheme: Scheme,
    /// One per kind of place and state.
    pub victims: Vec<Victim>,
    /// All cells but the selected one, with their places, row-major.
    pub cells: Vec<(usize, Victim)>,
    /// Word and bit lines.
    pub size: (usize, usize),
    /// Voltage in the pulse and change of state.
    pub maps: Vec<Map>,
    /// The transient.
    pub trust: Trust,
}

/// One write pulse on the selected cell of the array.
///
/// # Errors
/// An array beyond memory, a selected cell outside, non-convergence.
pub fn pulsed(context: &Context, cell: &Cell, arguments: &Arguments, stress: &Stress) -> Result<Pulsed, StudyError> {
    let scheme = Scheme::find(arguments.word("scheme"), arguments.parameters("custom"), context.definitions)?;
    if scheme.senses_voltage() {
        return Err(StudyError::request(format!(
            "`{}` reads through a pull-up; write with v2, v3, ground or float",
            scheme.name
        )));
    }
    let rwire = arguments.number("rwire");
    let layout = Layout::of(arguments, Wires { rwl: rwire, rbl: rwire, ..Wires::default() })?;
    let pattern = Choice::one(context, arguments, "the disturbance")?;
    memory::fits(layout.rows, layout.cols, memory::of_cell(context.definitions, cell)?)?;
    let lrs = pattern.states(layout.rows, layout.cols, layout.selected)?;
    let wave = |volts: f64| stress.wave(volts);
    let supply = Supply {
        scheme: &scheme,
        volts: stress.volts,
        load: 0.0,
        loaded: false,
        nudge: 0.0,
        driver: arguments.number("rdriver"),
        wave: &wave,
        options: MOVING,
    };
    let bench = array::full(context.definitions, cell, &layout, &lrs, &supply)?;
    let snapshot = Snapshot {
        array: ARRAY.to_owned(),
        quantities: vec!["v".to_owned(), "bl".to_owned(), stress.state.clone()],
        at: vec![0.0, stress.middle()],
        at_end: true,
        file: None,
        state_file: None,
    };
    let wanted = Wanted { snapshots: vec![snapshot], ..Wanted::default() };
    let solution = bench.transient(stress.tran(1), &Overrides::default(), &wanted, context.watch)?;
    let matrix = |k: usize, name: &str| -> &[f64] {
        let found = solution.snapshots.get(k).and_then(|s| s.matrices.iter().find(|(n, _)| n == name));
        found.map_or(&[], |(_, values)| values)
    };
    let last = solution.snapshots.len().saturating_sub(1);
    let voltage = matrix(last.min(1), "v");
    let start: Vec<f64> = lrs.iter().map(|&lrs| cell.value(&stress.init, lrs).unwrap_or(f64::NAN)).collect();
    let end = matrix(last, &stress.state);
    let selected = layout.selected.0 * layout.cols + layout.selected.1;
    let moved = |k: usize| match end[k] - start[k] {
        change if law::is_rounding(change, start[k]) => 0.0,
        change => change.abs(),
    };
    let change = (0..end.len()).map(|k| if k == selected { f64::NAN } else { moved(k) }).collect();
    let mut trust = Trust::default();
    trust.add(&solution.stats);
    let size = (layout.rows, layout.cols);
    let cells = cells(&layout, &lrs, voltage, matrix(last.min(1), "bl"), &start);
    let maps = vec![
        map("pulse_voltage", "Voltage in the pulse", "V", size, voltage.to_vec()),
        map("change", "Change of state per pulse", "", size, change),
    ];
    Ok(Pulsed { scheme, victims: victims(&cells), cells, size, maps, trust })
}

/// A map of the array.
#[must_use]
pub fn map(name: &str, label: &str, unit: &str, (rows, cols): (usize, usize), values: Vec<f64>) -> Map {
    Map { name: name.to_owned(), label: label.to_owned(), unit: unit.to_owned(), rows, cols, values, axes: None }
}

fn cells(layout: &Layout, lrs: &[bool], voltage: &[f64], bits: &[f64], start: &[f64]) -> Vec<(usize, Victim)> {
    let victim = |k: usize| {
        let place = match (k / layout.cols == layout.selected.0, k % layout.cols == layout.selected.1) {
            (true, true) => return None,
            (true, false) => "row",
            (false, true) => "column",
            (false, false) => "rest",
        };
        Some((k, Victim { place, lrs: lrs[k], volts: voltage[k], bit: bits[k], start: start[k] }))
    };
    (0..voltage.len()).filter_map(victim).collect()
}

/// The cell with the largest voltage of every kind.
fn victims(cells: &[(usize, Victim)]) -> Vec<Victim> {
    let mut out: Vec<Victim> = Vec::new();
    for (_, this) in cells {
        match out.iter_mut().find(|v| (v.place, v.lrs) == (this.place, this.lrs)) {
            Some(known) if known.volts.abs() >= this.volts.abs() => {}
            Some(known) => *known = this.clone(),
            None => out.push(this.clone()),
        }
    }
    out.sort_by_key(|v| (v.place != "row", v.place != "column", !v.lrs));
    out
}
