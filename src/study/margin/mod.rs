//! Read margin against array size.
//!
//! ```text
//! voltage   RM = |V_HRS - V_LRS| / V      V at the end of the selected bit line
//! current   RM = (I_LRS - I_HRS) / I_LRS  I out of the selected bit line
//! ```
//! both reads against the same data in the other cells. Lo et al., IEEE TED 60(1) 420 (2013) for the voltage, Chen,
//! IEEE TED 60(4) 1318 (2013) for the current.

mod question;
mod worst;

pub use question::{Margins, Point, Question};
pub use worst::Effort;

use super::memory::side_by_side;
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Study, StudyError, words};
use crate::result::report::{Axis, Chart, Grid, Map, Report, Series, Value};

/// `.margin`.
pub struct Margin;

const CARD: Card = Card {
    word: "margin",
    summary: "Read margin against array size, by bias scheme and data pattern",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = words::table![
    words::STATES,
    &[words::SCHEMES, words::CUSTOM, words::SIZES, words::COLS,],
    words::READ,
    words::LINES,
    &[words::METHOD],
];

/// The schemes that the arguments name.
///
/// # Errors
/// A user's table that cannot be used.
pub fn schemes(context: &Context, arguments: &Arguments) -> Result<Vec<Scheme>, StudyError> {
    let names = arguments.words("scheme").iter();
    names.map(|name| Scheme::find(name, arguments.parameters("custom"), context.definitions)).collect()
}

/// The sentences that belong to a margin.
pub fn define(report: &mut Report, schemes: &[Scheme], question: &Question) {
    let mut say = |name: &str, text: &str| report.definitions.push((name.to_owned(), text.to_owned()));
    if schemes.iter().any(|s| question.senses_voltage(s)) {
        say(
            "margin (voltage)",
            "|V_HRS - V_LRS| / V, V at the end of the selected bit line behind its pull-up or load Rpu, both reads \
             against the same data",
        );
    }
    if schemes.iter().any(|s| !question.senses_voltage(s)) {
        say(
            "margin (current)",
            "(I_LRS - I_HRS) / I_LRS, I out of the selected bit line, both reads against the same data",
        );
    }
    if question.searches() {
        say(
            "pattern",
            "the data with the smallest margin that a search finds: from the best of all combinations of LRS and HRS in \
             row, column and rest and of both checkerboards, cells and whole lines are flipped whose flip lowers the margin",
        );
        say(
            "searched",
            "pairs of reads of that search; `local optimum`: no flip of a cell or of a line (where lines are alike: of a \
             pair of classes or of a class) lowers the margin; `stopped`: the search used up its evaluations",
        );
        say(
            "independent",
            "the margin when each read meets the data that is worst for it: smallest LRS signal, largest HRS signal",
        );
    }
    for scheme in schemes {
        say(&format!("scheme {}", scheme.name), &scheme.text);
    }
}

impl Study for Margin {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "margin"
    }

    fn signals(&self) -> &'static [(&'static str, &'static str)] {
        &[("v_lrs", "v_hrs"), ("i_lrs", "i_hrs")]
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let question = Question::of(context, arguments)?;
        let schemes = schemes(context, arguments)?;
        let sizes = arguments.counts("sizes");
        let points: Vec<Point> = schemes
            .iter()
            .flat_map(|scheme| sizes.iter().map(|&n| Point { scheme, size: question.shape(n) }))
            .collect();
        context.watch.expect(points.len());
        let bytes = question.bytes(context);
        let outcomes = side_by_side(
            &points,
            |point| (point.size.0, point.size.1, bytes),
            |point| {
                let outcome = question.ask(context, point);
                context.watch.advance();
                outcome
            },
        );
        let mut report =
            Report { title: format!("Read margin of {}", question.reader.cell.name()), ..Report::default() };
        define(&mut report, &schemes, &question);
        report.notes = question.reader.remarks();
        report.rows = Grid::new(&[
            "scheme",
            "size",
            "cols",
            "margin",
            "independent",
            "pattern",
            "v_lrs:V",
            "v_hrs:V",
            "i_lrs:A",
            "i_hrs:A",
            "ratio",
            "cell_lrs:V",
            "power_lrs:W",
            "method",
            "searched",
        ]);
        for (point, outcome) in points.iter().zip(outcomes) {
            match outcome {
                Ok(found) => {
                    report.trust.join(&found.trust);
                    report.rows.push(row(point, &found));
                    found_map(&mut report.maps, point, &found);
                }
                Err(error) if error.is_interruption() => {
                    report.failures.push("interrupted: the points that were done are kept".to_owned());
                    break;
                }
                Err(error @ StudyError::Circuit { .. }) => return Err(error),
                Err(error) => report
                    .failures
                    .push(format!("{} at {} x {}: {error}", point.scheme.name, point.size.0, point.size.1)),
            }
        }
        report.charts.push(chart(&report.rows, &schemes, &report.title));
        Ok(report)
    }
}

/// Largest array whose pattern is shown.
const MOST_SHOWN: usize = 1 << 16;

/// The pattern of the largest array of each scheme, where a search has found one that has no name.
fn found_map(maps: &mut Vec<Map>, point: &Point, found: &Margins) {
    let (rows, cols) = point.size;
    let Some(cells) = found.cells.as_ref().filter(|_| rows * cols <= MOST_SHOWN) else { return };
    let name = format!("worst_{}", point.scheme.name);
    maps.retain(|map| map.name != name);
    let values = cells.iter().map(|lrs| f64::from(u8::from(*lrs))).collect();
    let label = format!("Worst data under {}, 1 = LRS", point.scheme.name);
    maps.push(Map { name, label, unit: String::new(), rows, cols, values, axes: None });
}

fn row(point: &Point, found: &Margins) -> Vec<Value> {
    vec![
        point.scheme.name.as_str().into(),
        point.size.0.into(),
        point.size.1.into(),
        found.margin.into(),
        found.independent.into(),
        found.pattern.as_str().into(),
        found.lrs.voltage.into(),
        found.hrs.voltage.into(),
        found.lrs.current.into(),
        found.hrs.current.into(),
        (found.lrs.current / found.hrs.current).into(),
        found.lrs.cell.into(),
        found.lrs.power.into(),
        if found.reduced { "symmetry" } else { "full" }.into(),
        found.effort.map(|effort| effort.to_string()).map_or(Value::Missing, Value::from),
    ]
}

fn chart(rows: &Grid, schemes: &[Scheme], title: &str) -> Chart {
    let series = schemes.iter().map(|scheme| {
        let own = rows.rows.iter().filter(|row| row[0] == Value::from(scheme.name.as_str()));
        let (x, y) = own.map(|row| (row[1].number(), row[3].number())).unzip();
        Series { label: scheme.name.clone(), x, y }
    });
    Chart {
        name: "size".to_owned(),
        title: title.to_owned(),
        x: Axis::log("Word lines", ""),
        y: Axis::linear("Read margin", ""),
        series: series.collect(),
    }
}
