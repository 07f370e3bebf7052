//! Read margin against array size.
//!
//! ```text
//! voltage   RM = |V_HRS - V_LRS| / V      V at the end of the selected bit line
//! current   RM = (I_LRS - I_HRS) / I_LRS  I out of the selected bit line
//! ```
//! both reads against the same data in the other cells. Lo et al., IEEE TED 60(1) 420 (2013) for the voltage, Chen,
//! IEEE TED 60(4) 1318 (2013) for the current.

use rayon::prelude::*;

use super::array::Layout;
use super::pattern::{Choice, Pattern};
use super::read::{Reader, Reading};
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Study, StudyError, words};
use crate::result::report::{Axis, Chart, Grid, Report, Series, Trust, Value};

/// `.margin`.
pub struct Margin;

const CARD: Card = Card {
    word: "margin",
    summary: "Read margin against array size, by bias scheme and data pattern",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = &[
    words::LRS,
    words::HRS,
    words::SCHEMES,
    words::CUSTOM,
    words::SIZES,
    words::COLS,
    words::PATTERN,
    words::SENSE,
    words::VREAD,
    words::RPU,
    words::RWIRE,
    words::RWL,
    words::RBL,
    words::RDRIVER,
    words::ROW,
    words::COL,
    words::METHOD,
];

/// One array to read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point<'a> {
    /// Bias.
    pub scheme: &'a Scheme,
    /// Word lines and bit lines.
    pub size: (usize, usize),
}

/// The margin of one array.
#[derive(Debug, Clone, PartialEq)]
pub struct Margins {
    /// The margin, worst over the patterns that were tried.
    pub margin: f64,
    /// Both reads of the worst pattern.
    pub lrs: Reading,
    /// See `lrs`.
    pub hrs: Reading,
    /// The worst pattern.
    pub pattern: String,
    /// The margin when the two reads may meet different data, each its worst; only when several patterns were tried.
    pub independent: Option<f64>,
    /// Solved by symmetry.
    pub reduced: bool,
    /// Solves.
    pub trust: Trust,
}

/// Everything about the margins but scheme and size.
pub struct Question<'d> {
    /// Cell, voltages, wires.
    pub reader: Reader<'d>,
    /// Data.
    pub patterns: Vec<Pattern>,
    sense: String,
    method: String,
    selected: (Option<usize>, Option<usize>),
    cols: Option<usize>,
}

impl<'d> Question<'d> {
    /// From the arguments.
    ///
    /// # Errors
    /// A cell or a pattern that cannot be used.
    pub fn of(context: &Context<'d>, arguments: &'d Arguments) -> Result<Self, StudyError> {
        let patterns = Choice::parse(arguments.word("pattern"), context.definitions.seed())?.candidates();
        let reader = Reader::of(context, arguments)?;
        if arguments.word("method") == "symmetry" && !reader.is_symmetric(context) {
            return Err(StudyError::request(
                "wire resistance and random cells break the symmetry of the lines: use method=full",
            ));
        }
        Ok(Self {
            reader,
            patterns,
            sense: arguments.word("sense").to_owned(),
            method: arguments.word("method").to_owned(),
            selected: (arguments.count_if_given("row"), arguments.count_if_given("col")),
            cols: arguments.count_if_given("cols"),
        })
    }

    /// Word lines and bit lines of a size.
    #[must_use]
    pub fn shape(&self, size: usize) -> (usize, usize) {
        (size, self.cols.unwrap_or(size))
    }

    /// Is the bit line's voltage sensed, not its current?
    #[must_use]
    pub fn senses_voltage(&self, scheme: &Scheme) -> bool {
        match self.sense.as_str() {
            "voltage" => true,
            "current" => false,
            _ => scheme.senses_voltage(),
        }
    }

    /// The margin of one array.
    ///
    /// # Errors
    /// A selected cell outside, an array beyond memory, non-convergence.
    pub fn ask(&self, context: &Context, point: &Point) -> Result<Margins, StudyError> {
        let Point { scheme, size: (rows, cols) } = *point;
        let layout = Layout::select(rows, cols, self.selected, self.reader.wires)?;
        let loaded = self.senses_voltage(scheme);
        let mut trust = Trust::default();
        let mut reads = Vec::new();
        let mut all_reduced = true;
        for pattern in self.distinct(rows, cols) {
            context.check()?;
            let mut read = |lrs: bool| {
                let symmetric = self.reader.is_symmetric(context) && self.method != "full";
                let short =
                    symmetric.then(|| self.reader.by_symmetry(context, scheme, loaded, point.size, pattern, lrs));
                let reading = match short.flatten() {
                    Some(reading) => reading?,
                    None => {
                        all_reduced = false;
                        self.reader.in_full(context, scheme, loaded, &layout, pattern, lrs)?
                    }
                };
                trust.add(&reading.stats);
                Ok::<_, StudyError>(reading)
            };
            reads.push((pattern.describe(), read(true)?, read(false)?));
        }
        let judge = Judge { loaded, volts: self.reader.volts * scheme.across(), sign: scheme.sign() };
        let worst = reads.iter().min_by(|a, b| judge.margin(&a.1, &a.2).total_cmp(&judge.margin(&b.1, &b.2)));
        let Some((pattern, lrs, hrs)) = worst.cloned() else {
            return Err(StudyError::request("there is no pattern to read against"));
        };
        let independent = (reads.len() > 1).then(|| {
            let least = reads.iter().map(|r| &r.1).min_by(|a, b| judge.signal(a).total_cmp(&judge.signal(b)));
            let most = reads.iter().map(|r| &r.2).max_by(|a, b| judge.signal(a).total_cmp(&judge.signal(b)));
            least.zip(most).map_or(f64::NAN, |(lrs, hrs)| judge.margin(lrs, hrs))
        });
        Ok(Margins { margin: judge.margin(&lrs, &hrs), lrs, hrs, pattern, independent, reduced: all_reduced, trust })
    }

    /// The patterns that differ in an array of this size: in small ones several are the same.
    fn distinct(&self, rows: usize, cols: usize) -> Vec<&Pattern> {
        let mut seen = Vec::new();
        let mut out = Vec::new();
        for pattern in &self.patterns {
            match pattern.classes(rows, cols) {
                Some(classes) if seen.contains(&classes) => {}
                Some(classes) => {
                    seen.push(classes);
                    out.push(pattern);
                }
                None => out.push(pattern),
            }
        }
        out
    }
}

/// How a pair of readings becomes a margin.
struct Judge {
    loaded: bool,
    volts: f64,
    sign: f64,
}

impl Judge {
    /// What tells the states apart: larger for LRS.
    fn signal(&self, reading: &Reading) -> f64 {
        // current from the word line lifts the loaded bit line, current into it lowers a pulled-up one
        if self.loaded { self.sign * reading.voltage } else { reading.current }
    }
    fn margin(&self, lrs: &Reading, hrs: &Reading) -> f64 {
        let difference = self.signal(lrs) - self.signal(hrs);
        if self.loaded { difference / self.volts } else { difference / lrs.current }
    }
}

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
    if question.patterns.len() > 1 {
        say(
            "pattern",
            "the data with the smallest margin among all combinations of LRS and HRS in row, column and rest, and both \
             checkerboards",
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
        let outcomes: Vec<Result<Margins, StudyError>> = points
            .par_iter()
            .map(|point| {
                let outcome = question.ask(context, point);
                context.watch.advance();
                outcome
            })
            .collect();
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
        ]);
        for (point, outcome) in points.iter().zip(outcomes) {
            match outcome {
                Ok(found) => {
                    report.trust.join(&found.trust);
                    report.rows.push(row(point, &found));
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
