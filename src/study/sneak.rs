//! Sneak current of every column: what the sense end collects besides the selected cell's current.
//!
//! ```text
//! sneak fraction = (I_sense - I_cell) / I_sense
//! ```

use super::array::Layout;
use super::memory::{fits, side_by_side};
use super::pattern::Choice;
use super::read::{Ask, Reader};
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Study, StudyError, words};
use crate::result::report::{Axis, Chart, Fact, Grid, Report, Series};

/// `.sneak`.
pub struct Sneak;

const CARD: Card = Card {
    word: "sneak",
    summary: "Sneak share of the sensed current, column by column",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = &[
    words::LRS,
    words::HRS,
    Argument { fallback: Fallback::Is("float"), ..words::SCHEME },
    words::CUSTOM,
    words::ROWS,
    words::COLS,
    Argument { fallback: Fallback::Is("all-lrs"), ..words::PATTERN },
    Argument {
        name: "state",
        kind: super::Kind::Choice(&["lrs", "hrs"]),
        unit: "",
        fallback: Fallback::Is("hrs"),
        text: "State of the selected cell.",
    },
    words::VREAD,
    words::RPU,
    words::RWIRE,
    words::RWL,
    words::RBL,
    words::RDRIVER,
    words::VGATE,
    words::VOFF,
    words::ROW,
    Argument { text: "Column of the selected cell from 0; left out, one column after the other.", ..words::COL },
];

impl Study for Sneak {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "sneak"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let reader = Reader::of(context, arguments)?;
        let scheme = Scheme::find(arguments.word("scheme"), arguments.parameters("custom"), context.definitions)?;
        let layout = Layout::of(arguments, reader.wires)?;
        let pattern = Choice::one(context, arguments, "the sneak current")?;
        fits(layout.rows, layout.cols, reader.alone.bytes)?;
        let lrs = arguments.word("state") == "lrs";
        let columns: Vec<usize> = match arguments.count_if_given("col") {
            Some(col) => vec![col],
            None => (0..layout.cols).collect(),
        };
        let ask = Ask { scheme: &scheme, loaded: false, nudge: 0.0 };
        context.watch.expect(columns.len());
        let reads = side_by_side(
            &columns,
            |_| (layout.rows, layout.cols, reader.alone.bytes),
            |&col| {
                context.check()?;
                let layout = Layout { selected: (layout.selected.0, col), ..layout };
                let states = layout.states(&pattern, lrs)?;
                let reading = reader.in_full(context, &ask, &layout, &states, &mut Vec::new());
                context.watch.advance();
                reading
            },
        );
        let mut report = Report {
            title: format!(
                "Sneak current of {}, {} x {}, {}",
                reader.cell.name(),
                layout.rows,
                layout.cols,
                scheme.name
            ),
            ..Report::default()
        };
        report.definitions = vec![
            (
                "sneak".to_owned(),
                "(I_sense - I_cell) / I_sense: I_sense out of the selected bit line, I_cell through the selected cell"
                    .to_owned(),
            ),
            (format!("scheme {}", scheme.name), scheme.text.clone()),
        ];
        report.notes = reader.remarks();
        report.rows = Grid::new(&["col", "i_sense:A", "i_cell:A", "sneak", "v_cell:V"]);
        for (&col, read) in columns.iter().zip(reads) {
            let read = read?;
            report.trust.add(&read.stats);
            let share = (read.current - read.through) / read.current;
            report.rows.push([col.into(), read.current.into(), read.through.into(), share.into(), read.cell.into()]);
        }
        let shares: Vec<f64> = report.rows.rows.iter().map(|row| row[3].number()).collect();
        let worst = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        report.facts.push(Fact { name: "worst_sneak".to_owned(), value: worst.into(), unit: String::new() });
        report.charts.push(Chart {
            name: "columns".to_owned(),
            title: report.title.clone(),
            x: Axis::linear("Selected column", ""),
            y: Axis::linear("Sneak share of the sensed current", ""),
            #[allow(clippy::cast_precision_loss, reason = "column numbers")]
            series: vec![Series {
                label: pattern.describe(layout.selected),
                x: columns.iter().map(|&c| c as f64).collect(),
                y: shares,
            }],
        });
        Ok(report)
    }
}
