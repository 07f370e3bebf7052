//! One event after the other on one cell of an array.

use std::fmt::Write;

use super::table::Times;
use super::{Device, Table, Train};
use crate::plan::{Overrides, Signal, Snapshot, Tran};
use crate::result::report::Trust;
use crate::study::bench::{Solution, Wanted};
use crate::study::{Arguments, Context, StudyError};

/// Where the cell is, and what lies between it and its drivers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Word lines.
    pub rows: usize,
    /// Bit lines.
    pub cols: usize,
    /// Its row.
    pub row: usize,
    /// Its column.
    pub col: usize,
    /// Ohm per segment.
    pub rwire: f64,
    /// Ohm that the rule knows to lie in series.
    pub known: f64,
}

impl Place {
    /// Word lines are driven from the left, bit lines from the bottom.
    pub fn of(arguments: &Arguments, row: usize, col: usize) -> Self {
        let (rows, cols, rwire) = (arguments.count("rows"), arguments.count("cols"), arguments.number("rwire"));
        let wires = (col + 1 + rows - row) as f64 * rwire;
        let known = if arguments.switch("compensate") { wires } else { 0.0 };
        Self { rows, cols, row, col, rwire, known }
    }
}

/// What every event needs.
pub struct Event<'a> {
    /// Definitions and watch.
    pub context: &'a Context<'a>,
    /// The cell.
    pub device: &'a Device,
    /// The pulses.
    pub train: &'a Train,
    /// What they do.
    pub table: &'a Table,
    /// Where the cell is.
    pub place: Place,
}

/// A programmed cell.
pub struct Done {
    /// What the rule took the cell for, before the first and after each event.
    pub readings: Vec<f64>,
    /// Pulses applied.
    pub events: usize,
    /// Resistance of the cell itself.
    pub resistance: f64,
    /// The events ran out first.
    pub exhausted: bool,
    /// Solver counters.
    pub trust: Trust,
}

impl Event<'_> {
    /// Reads and pulses the cell until its reading passes `target`; `states` of all cells are carried on.
    ///
    /// # Errors
    /// A circuit that cannot be solved.
    pub fn program(&self, states: &mut [f64], target: f64, most: f64, limit: usize) -> Result<Done, StudyError> {
        let mut trust = Trust::default();
        let mut readings = vec![self.apply(states, 0.0, &mut trust)?];
        let falling = readings[0] > target;
        let passed = |r: f64| if falling { r <= target } else { r >= target };
        let mut events = 0;
        while !passed(readings[events]) && events < limit {
            let seen = readings[events];
            let height = self.table.height(self.train, seen, most) * (seen + self.place.known) / seen;
            readings.push(self.apply(states, height, &mut trust)?);
            events += 1;
        }
        let exhausted = !passed(readings[events]);
        let state = states[self.place.row * self.place.cols + self.place.col];
        Ok(Done { readings, events, resistance: self.resistance(state), exhausted, trust })
    }

    /// The resistance of a cell in a state.
    fn resistance(&self, state: f64) -> f64 {
        let at = state * (self.table.states.len() - 1) as f64;
        let k = (at.floor().max(0.0) as usize).min(self.table.states.len() - 2);
        let r = &self.table.resistances;
        r[k] + (r[k + 1] - r[k]) * (at - k as f64)
    }

    /// One pulse (none when `height` is 0) and the read behind it; what the rule takes the cell for.
    fn apply(&self, states: &mut [f64], height: f64, trust: &mut Trust) -> Result<f64, StudyError> {
        self.context.check()?;
        let Place { rows, cols, row, col, known, .. } = self.place;
        let times = Times::of(self.train.width);
        let bench = self.context.definitions.bench(&self.lines(&times, height))?;
        let bench = bench.with_matrix("program:states", rows, cols, states.to_vec());
        let tran = Tran { step: 0.25 * self.train.width, stop: times.end, start: 0.0, max_step: None, uic: false };
        let snapshot = Snapshot {
            array: "xa".into(),
            quantities: vec!["x".into()],
            at: Vec::new(),
            at_end: true,
            file: None,
            state_file: None,
        };
        let wanted = Wanted {
            signals: vec![Signal::Voltage(format!("w_{row}")), Signal::Current(format!("vb_{col}"))],
            snapshots: vec![snapshot],
        };
        let solved = bench.transient(tran, &Overrides::default(), &wanted, self.context.watch)?;
        trust.add(&solved.stats);
        carry(&solved, states)?;
        Ok(solved.last(0) / solved.last(1) - known)
    }

    /// The selected word line pulsed, the selected bit line grounded, all others floating; the gate of the selected
    /// column open.
    fn lines(&self, t: &Times, height: f64) -> String {
        let Place { rows, cols, row, col, rwire, .. } = self.place;
        let (device, train) = (self.device, self.train);
        let mut out = String::new();
        let _ = write!(out, "vw w_{row} 0 pwl(0 0");
        if height != 0.0 {
            let (up, down) = (t.start + t.edge, t.start + train.width);
            let _ = write!(out, " {:e} 0 {up:e} {height:e} {down:e} {height:e} {:e} 0", t.start, down + t.edge);
        }
        let _ = writeln!(out, " {:e} 0 {:e} {:e})", t.second - t.edge, t.second, train.read);
        let _ = writeln!(out, "vb_{col} b_{col} 0 0");
        for i in (0..rows).filter(|&i| i != row) {
            let _ = writeln!(out, "rw_{i} w_{i} 0 1g");
        }
        for j in (0..cols).filter(|&j| j != col) {
            let _ = writeln!(out, "rb_{j} b_{j} 0 1g");
        }
        let gates = if device.gated {
            for j in 0..cols {
                let _ = writeln!(out, "vg_{j} g_{j} 0 {:e}", if j == col { device.gate } else { 0.0 });
            }
            (" gldir=col", format!(" g[0:{}]", cols - 1))
        } else {
            ("", String::new())
        };
        let _ = writeln!(
            out,
            ".xbar program_array {rows} {cols} cell={}({}){} rwl={rwire:e} rbl={rwire:e} {}=file(\"program:states\")",
            device.cell, device.roles, gates.0, device.state
        );
        let _ = writeln!(out, "xa w[0:{}] b[0:{}]{} program_array", rows - 1, cols - 1, gates.1);
        out += device.options();
        out
    }
}

/// The states at the end become those of the next start.
fn carry(solved: &Solution, states: &mut [f64]) -> Result<(), StudyError> {
    let missing = || StudyError::request("the cells have no single state `x` to carry from one pulse to the next");
    let x = solved.matrix("x").ok_or_else(missing)?;
    for (state, x) in states.iter_mut().zip(x) {
        if !x.is_finite() {
            return Err(missing());
        }
        *state = x.clamp(0.0, 1.0);
    }
    Ok(())
}
