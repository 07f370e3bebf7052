//! Write margin: how much of the applied voltage reaches the selected cell, and how much the others get.
//!
//! ```text
//! write margin = V_cell / V
//! window       = (V_cell - max |V_other|) / V
//! ```
//! at the start of the pulse, before the state moves: an operating point with the states held.

use super::array::Layout;
use super::margin::schemes;
use super::memory::side_by_side;
use super::pattern::Choice;
use super::read::{CellMaps, Reader};
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Study, StudyError, words};
use crate::result::report::{Axis, Chart, Grid, Report, Series, Value};

/// `.write-margin`.
pub struct WriteMargin;

const CARD: Card = Card {
    word: "write-margin",
    summary: "Voltage at the selected and the other cells while one is written",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = words::table![
    words::STATES,
    &[
        Argument { fallback: Fallback::Is("v2,v3"), ..words::SCHEMES },
        words::CUSTOM,
        Argument { fallback: Fallback::Is("4,8,16,32"), ..words::SIZES },
        words::COLS,
        Argument { fallback: Fallback::Is("all-lrs"), ..words::PATTERN },
        Argument { text: "V of the scheme while a cell is written.", name: "vwrite", ..words::VREAD },
        words::RPU,
    ],
    words::LINES,
];

/// Largest |V| among the cells that a condition picks.
fn largest(cells: &CellMaps, layout: &Layout, pick: impl Fn(bool, bool) -> bool) -> f64 {
    let (i, j) = layout.selected;
    let chosen = (0..cells.voltage.len()).filter(|k| pick(k / layout.cols == i, k % layout.cols == j));
    chosen.map(|k| cells.voltage[k].abs()).fold(0.0, f64::max)
}

impl Study for WriteMargin {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "margin"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let reader = Reader::at(context, arguments, arguments.number("vwrite"))?;
        let pattern = Choice::one(context, arguments, "the write margin")?;
        let schemes = schemes(context, arguments)?;
        let (cols, chosen) = (arguments.count_if_given("cols"), place(arguments));
        let points: Vec<(&Scheme, usize)> =
            schemes.iter().flat_map(|s| arguments.counts("sizes").iter().map(move |n| (s, *n))).collect();
        context.watch.expect(points.len());
        let outcomes: Vec<Result<(Layout, CellMaps), StudyError>> = side_by_side(
            &points,
            |&(_, size)| (size, cols.unwrap_or(size), reader.alone.bytes),
            |&(scheme, size)| {
                context.check()?;
                let layout = Layout::select(size, cols.unwrap_or(size), chosen, reader.wires)?;
                let cells = reader.cells(context, scheme, &layout, &pattern)?;
                context.watch.advance();
                Ok((layout, cells))
            },
        );
        let mut report = Report { title: format!("Write margin of {}", reader.cell.name()), ..Report::default() };
        report.definitions = [
            ("margin", "V across the selected cell / V applied, before its state moves"),
            ("window", "(V across the selected cell - largest |V| across any other) / V applied"),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec();
        report.definitions.extend(schemes.iter().map(|s| (format!("scheme {}", s.name), s.text.clone())));
        report.notes.push(format!("pattern {}, V = {} V", pattern.describe((0, 0)), reader.volts));
        report.rows = Grid::new(&[
            "scheme",
            "size",
            "cols",
            "margin",
            "window",
            "v_selected:V",
            "v_row:V",
            "v_column:V",
            "v_rest:V",
        ]);
        for ((scheme, size), outcome) in points.iter().zip(outcomes) {
            match outcome {
                Ok((layout, cells)) => {
                    report.trust.add(&cells.stats);
                    report.rows.push(row(scheme, &layout, &cells, reader.volts));
                }
                Err(error @ (StudyError::Circuit { .. } | StudyError::Interrupted)) => return Err(error),
                Err(error) => report.failures.push(format!("{} at {size}: {error}", scheme.name)),
            }
        }
        report.charts.push(chart(&report, &schemes));
        Ok(report)
    }
}

fn place(arguments: &Arguments) -> (Option<usize>, Option<usize>) {
    (arguments.count_if_given("row"), arguments.count_if_given("col"))
}

fn row(scheme: &Scheme, layout: &Layout, cells: &CellMaps, volts: f64) -> Vec<Value> {
    let selected = largest(cells, layout, |row, column| row && column);
    let in_row = largest(cells, layout, |row, column| row && !column);
    let in_column = largest(cells, layout, |row, column| !row && column);
    let rest = largest(cells, layout, |row, column| !row && !column);
    let other = in_row.max(in_column).max(rest);
    vec![
        scheme.name.as_str().into(),
        layout.rows.into(),
        layout.cols.into(),
        (selected / volts).into(),
        ((selected - other) / volts).into(),
        selected.into(),
        in_row.into(),
        in_column.into(),
        rest.into(),
    ]
}

fn chart(report: &Report, schemes: &[Scheme]) -> Chart {
    let series = |scheme: &Scheme| {
        let own = report.rows.rows.iter().filter(|row| row[0] == Value::from(scheme.name.as_str()));
        let (x, y) = own.map(|row| (row[1].number(), row[4].number())).unzip();
        Series { label: scheme.name.clone(), x, y }
    };
    Chart {
        name: "size".to_owned(),
        title: report.title.clone(),
        x: Axis::log("Word lines", ""),
        y: Axis::linear("Write window", ""),
        series: schemes.iter().map(series).collect(),
    }
}
