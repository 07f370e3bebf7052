//! Programming cells of an array to resistances.
//!
//! `scheme=feedforward` (Diao et al., Nanoscale Horiz. 10 (2025) 780): what a pulse of each height does at each
//! resistance is measured beforehand on single cells; then every event reads the cell through the array and applies the
//! largest height whose known change stays below a limit, until the reading passes the target. Wires enter both the
//! reading and the pulse. With `compensate=yes` their known resistance is subtracted from the reading, and the pulse is
//! raised by what they take from it.

mod events;
mod table;

pub use table::{Table, Train};

use events::{Event, Place};

use super::argument::Kind;
use super::{Argument, Arguments, Card, Context, Fallback, Study, StudyError};
use crate::result::report::{Axis, Chart, Fact, Grid, Map, Report, Series, Trust, Value};

/// Programming of arrays.
#[derive(Debug)]
pub struct Program;

/// The cell and how it is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Name of the subcircuit.
    pub cell: String,
    /// Roles of its ports: `wl bl` or `wl bl gl`.
    pub roles: &'static str,
    /// Parameter that sets its state, 0..1.
    pub state: String,
    /// It has a gate.
    pub gated: bool,
    /// Voltage of a selected gate.
    pub gate: f64,
}

impl Device {
    /// Tolerances: hundreds of small steps are added up.
    fn options(&self) -> &'static str {
        ".options reltol=1e-5 statetol=1e-9\n"
    }
}

const POSITIVE: Kind = Kind::Number { low: 1e-15, high: 1e12 };

const fn argument(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    is: &'static str,
    text: &'static str,
) -> Argument {
    Argument { name, kind, unit, fallback: Fallback::Is(is), text }
}

const fn required(name: &'static str, kind: Kind, unit: &'static str, text: &'static str) -> Argument {
    Argument { name, kind, unit, fallback: Fallback::Required, text }
}

const CARD: Card = Card {
    word: "program",
    summary: "program cells of an array to resistances through its wires",
    needs_cell: true,
    arguments: &[
        argument("scheme", Kind::Choice(&["feedforward"]), "", "feedforward", "how pulses are chosen"),
        argument("rows", Kind::Count { low: 1, high: 64 }, "", "4", "word lines"),
        argument("cols", Kind::Count { low: 1, high: 64 }, "", "4", "bit lines"),
        argument("state", Kind::Text, "", "x0", "cell parameter that sets the state, 0 to 1"),
        required("from", POSITIVE, "Ohm", "resistance of all cells before"),
        required("to", Kind::Numbers { low: 1e-15, high: 1e12 }, "Ohm", "targets; cells take them in turn, row by row"),
        required(
            "heights",
            Kind::Numbers { low: -1e6, high: 1e6 },
            "V",
            "heights to choose from; three: first, last, step",
        ),
        required("width", POSITIVE, "s", "width of the pulses"),
        required("most", POSITIVE, "Ohm", "an event changes a cell by less than this"),
        argument("read", Kind::Number { low: -1e6, high: 1e6 }, "V", "0.1", "read voltage"),
        argument("gate", Kind::Number { low: -1e6, high: 1e6 }, "V", "1", "gate voltage of the selected column"),
        argument("rwire", Kind::Number { low: 0.0, high: 1e9 }, "Ohm", "0", "wire resistance per segment"),
        argument("compensate", Kind::Switch, "", "no", "take the known wire resistance into account"),
        argument("level", POSITIVE, "Ohm", "1", "one level; errors are also given in levels"),
        argument("events", Kind::Count { low: 1, high: 1_000_000 }, "", "2000", "most events of a cell"),
    ],
};

impl Study for Program {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let device = device(context, arguments)?;
        let train = train(arguments)?;
        let (rows, cols, targets) = (arguments.count("rows"), arguments.count("cols"), arguments.numbers("to"));
        context.watch.expect(train.heights.len() + rows * cols);
        let table = Table::measure(context, &device, &train)?;
        let from = arguments.number("from");
        check_range(&table, from, targets)?;
        let mut states = vec![table.state(from); rows * cols];
        let mut report = Report {
            title: format!("{rows} x {cols} cells of {} programmed by feed-forward pulses", device.cell),
            definitions: definitions(),
            rows: Grid::new(&["row", "col", "target:Ohm", "read:Ohm", "final:Ohm", "error:Ohm", "levels", "events"]),
            ..Report::default()
        };
        let (mut errors, mut trust, mut first) = (Vec::new(), Trust::default(), Vec::new());
        for k in 0..rows * cols {
            let place = Place::of(arguments, k / cols, k % cols);
            let event = Event { context, device: &device, train: &train, table: &table, place };
            let target = targets[k % targets.len()];
            let done = event.program(&mut states, target, arguments.number("most"), arguments.count("events"))?;
            trust.join(&done.trust);
            let last = done.readings.last().copied().unwrap_or(f64::NAN);
            let error = done.resistance - target;
            errors.push(error);
            if done.exhausted {
                report.failures.push(format!(
                    "cell ({}, {}): {} events were not enough",
                    k / cols,
                    k % cols,
                    done.events
                ));
            }
            let head = [Value::from(k / cols), (k % cols).into(), target.into(), last.into(), done.resistance.into()];
            let tail = [Value::from(error), (error / arguments.number("level")).into(), done.events.into()];
            report.rows.push(head.into_iter().chain(tail));
            if k == 0 {
                first = done.readings;
            }
            context.watch.advance();
        }
        finish(&mut report, &errors, first, (rows, cols), arguments.number("level"));
        report.trust = trust;
        Ok(report)
    }
}

fn definitions() -> Vec<(String, String)> {
    [
        ("read", "what the rule took the cell for when it stopped"),
        ("final", "resistance of the cell itself at the read voltage"),
        ("error", "final - target"),
        ("levels", "error over the size of a level"),
    ]
    .map(|(a, b)| (a.to_owned(), b.to_owned()))
    .to_vec()
}

fn finish(report: &mut Report, errors: &[f64], readings: Vec<f64>, (rows, cols): (usize, usize), level: f64) {
    let worst = errors.iter().fold(0.0f64, |a, e| a.max(e.abs()));
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    let fact = |name: &str, value: f64, unit: &str| Fact { name: name.into(), value: value.into(), unit: unit.into() };
    report.facts = vec![
        fact("mean error", mean, "Ohm"),
        fact("largest error", worst, "Ohm"),
        fact("mean error in levels", mean / level, ""),
        fact("largest error in levels", worst / level, ""),
    ];
    let values = errors.to_vec();
    report.maps = vec![Map { name: "error".into(), label: "Error".into(), unit: "Ohm".into(), rows, cols, values }];
    report.charts = vec![Chart {
        name: "events".into(),
        title: "Readings of cell (0, 0)".into(),
        x: Axis::linear("Event", ""),
        y: Axis::linear("Resistance", "Ohm"),
        series: vec![Series {
            label: "reading".into(),
            x: (0..readings.len()).map(|n| n as f64).collect(),
            y: readings,
        }],
    }];
}

/// Two ports, or three with a gate.
fn device(context: &Context, arguments: &Arguments) -> Result<Device, StudyError> {
    let name = arguments.cell.as_deref().unwrap_or("");
    let cell = context.definitions.cell(name);
    let cell = cell.ok_or_else(|| StudyError::request(format!("there is no cell `{name}`")))?;
    let (roles, gated) = match cell.ports.len() {
        2 => ("wl bl", false),
        3 => ("wl bl gl", true),
        n => {
            return Err(StudyError::request(format!(
                "the cell `{name}` has {n} ports; `program` wants wl bl, or wl bl gl"
            )));
        }
    };
    let state = arguments.word("state").to_lowercase();
    if !cell.params.iter().any(|p| p.name.text == state) {
        let known: Vec<&str> = cell.params.iter().map(|p| p.name.text.as_str()).collect();
        return Err(StudyError::request(format!(
            "the cell `{name}` has no parameter `{state}` for its state; it has: {}",
            if known.is_empty() { "none".to_owned() } else { known.join(" ") }
        )));
    }
    Ok(Device { cell: name.to_owned(), roles, state, gated, gate: arguments.number("gate") })
}

/// The heights as listed, or from first to last by a step; rising in magnitude.
fn train(arguments: &Arguments) -> Result<Train, StudyError> {
    let given = arguments.numbers("heights");
    let mut heights = match given {
        [first, last, step] if *step > 0.0 && *step < (last - first).abs() => {
            let count = ((last - first).abs() / step + 1e-9).floor() as usize;
            (0..=count).map(|k| first + (last - first).signum() * step * k as f64).collect()
        }
        list => list.to_vec(),
    };
    heights.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    if heights.is_empty() || heights.iter().any(|h| h * heights[0] <= 0.0) {
        return Err(StudyError::request("`heights` must be voltages of one sign, none of them 0"));
    }
    let read = arguments.number("read");
    if read == 0.0 {
        return Err(StudyError::request("the read voltage must not be 0"));
    }
    Ok(Train { heights, width: arguments.number("width"), read })
}

fn check_range(table: &Table, from: f64, targets: &[f64]) -> Result<(), StudyError> {
    let ends = (table.resistances[0], table.resistances[table.resistances.len() - 1]);
    let (low, high) = (ends.0.min(ends.1), ends.0.max(ends.1));
    for r in targets.iter().chain([&from]) {
        if !(low..=high).contains(r) {
            return Err(StudyError::request(format!(
                "{r} ohm lies outside the range of the cell, {low:.6} .. {high:.6} ohm"
            )));
        }
    }
    let down = table.changes[0].iter().sum::<f64>() < 0.0;
    for r in targets {
        if (r - from) * if down { -1.0 } else { 1.0 } < 0.0 {
            let way = if down { "lower" } else { "raise" };
            return Err(StudyError::request(format!(
                "these pulses {way} the resistance; {r} ohm cannot be reached from {from} ohm"
            )));
        }
    }
    Ok(())
}
