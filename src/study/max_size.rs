//! Largest square array whose read margin meets a criterion.
//!
//! Sizes are doubled until the margin falls below the criterion, then the last good interval is halved: N meets it,
//! N + 1 does not. That is the largest size when the margin falls with size, as it does for passive cells.

use super::margin::{Point, Question, define, schemes};
use super::memory::side_by_side;
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError, words};
use crate::result::report::{Axis, Chart, Fact, Grid, Report, Series, Trust};

/// `.max-size`.
pub struct MaxSize;

const CARD: Card = Card {
    word: "max-size",
    summary: "Largest array whose read margin meets a criterion",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = words::table![
    words::STATES,
    &[
        words::SCHEMES,
        words::CUSTOM,
        Argument {
            name: "criterion",
            kind: Kind::Numbers { low: 1e-9, high: 1.0 },
            unit: "",
            fallback: Fallback::Is("0.1"),
            text: "Smallest margins that are accepted.",
        },
        Argument {
            name: "limit",
            kind: Kind::Count { low: 2, high: words::MOST_LINES },
            unit: "",
            fallback: Fallback::Is("1000000"),
            text: "Largest size that is tried.",
        },
        words::COLS,
    ],
    words::READ,
    words::LINES,
    &[words::METHOD],
];

/// What the search found for one scheme and criterion.
struct Found {
    /// Largest size that meets the criterion; `None` when even two lines do not.
    size: Option<usize>,
    /// Margin there, or at two lines.
    margin: f64,
    /// Margin one line further, when that was tried.
    beyond: Option<f64>,
    /// Why nothing larger was tried, short of the limit.
    stopped: Option<String>,
    /// Sizes that were tried, ascending, with their margins.
    tried: Vec<(usize, f64)>,
    trust: Trust,
}

/// Margins on the way of a search.
struct Search<'a, 'd> {
    context: &'a Context<'d>,
    question: &'a Question<'d>,
    scheme: &'a Scheme,
    trust: Trust,
    tried: Vec<(usize, f64)>,
}

impl Search<'_, '_> {
    fn margin(&mut self, size: usize) -> Result<f64, StudyError> {
        let found = self.question.ask(self.context, &Point { scheme: self.scheme, size: (size, size) })?;
        self.trust.join(&found.trust);
        self.tried.push((size, found.margin));
        Ok(found.margin)
    }

    fn run(mut self, criterion: f64, limit: usize) -> Result<Found, StudyError> {
        let first = self.margin(2)?;
        if first < criterion {
            return Ok(self.found(None, (first, None), None));
        }
        let (mut good, mut margin) = (2, first);
        let (mut bad, mut beyond, mut stopped) = (None, None, None);
        while bad.is_none() && good < limit {
            let next = (2 * good).min(limit);
            let m = match self.margin(next) {
                Ok(m) => m,
                // beyond memory: what was found is kept
                Err(StudyError::Request(reason)) => {
                    stopped = Some(reason);
                    break;
                }
                Err(error) => return Err(error),
            };
            if m < criterion {
                (bad, beyond) = (Some(next), Some(m));
            } else {
                (good, margin) = (next, m);
            }
        }
        while let Some(above) = bad.filter(|above| above - good > 1) {
            let middle = good + (above - good) / 2;
            let m = self.margin(middle)?;
            if m < criterion {
                (bad, beyond) = (Some(middle), Some(m));
            } else {
                (good, margin) = (middle, m);
            }
        }
        Ok(self.found(Some(good), (margin, beyond), stopped))
    }

    fn found(mut self, size: Option<usize>, (margin, beyond): (f64, Option<f64>), stopped: Option<String>) -> Found {
        self.tried.sort_by_key(|(size, _)| *size);
        Found { size, margin, beyond, stopped, tried: self.tried, trust: self.trust }
    }
}

impl Study for MaxSize {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn headline(&self) -> &'static str {
        "max_size"
    }

    fn run(&self, context: &Context, arguments: &Arguments) -> Result<Report, StudyError> {
        let question = Question::of(context, arguments)?;
        let schemes = schemes(context, arguments)?;
        let limit = arguments.count("limit");
        let pairs: Vec<(&Scheme, f64)> =
            schemes.iter().flat_map(|s| arguments.numbers("criterion").iter().map(move |c| (s, *c))).collect();
        context.watch.expect(pairs.len());
        let bytes = question.bytes(context);
        let outcomes = side_by_side(
            &pairs,
            |_| (limit, limit, bytes),
            |(scheme, criterion)| {
                let search =
                    Search { context, question: &question, scheme, trust: Trust::default(), tried: Vec::new() };
                let outcome = search.run(*criterion, limit);
                context.watch.advance();
                outcome
            },
        );
        let mut report =
            Report { title: format!("Largest array of {}", question.reader.cell.name()), ..Report::default() };
        report.definitions.push((
            "max_size".to_owned(),
            "largest N for which an N x N array has at least the margin of the criterion".to_owned(),
        ));
        define(&mut report, &schemes, &question);
        report.notes = question.reader.remarks();
        report.rows = Grid::new(&["scheme", "criterion", "max_size", "margin", "margin_beyond"]);
        let mut curves: Vec<Series> = Vec::new();
        for ((scheme, criterion), outcome) in pairs.into_iter().zip(outcomes) {
            let found = match outcome {
                Ok(found) => found,
                Err(error @ (StudyError::Circuit { .. } | StudyError::Interrupted)) => return Err(error),
                Err(error) => {
                    report.failures.push(format!("{} at {criterion}: {error}", scheme.name));
                    continue;
                }
            };
            report.trust.join(&found.trust);
            report.rows.push([
                scheme.name.as_str().into(),
                criterion.into(),
                found.size.into(),
                found.margin.into(),
                found.beyond.into(),
            ]);
            report.notes.extend(remark(scheme, criterion, limit, &found));
            add_curve(&mut curves, scheme, &found.tried);
        }
        for &criterion in arguments.numbers("criterion") {
            curves.extend(level(&curves, criterion));
        }
        report.charts.push(Chart {
            name: "size".to_owned(),
            title: report.title.clone(),
            x: Axis::log("Word lines", ""),
            y: Axis::linear("Read margin", ""),
            series: curves,
        });
        if let Some(row) = report.rows.rows.first() {
            report.facts.push(Fact { name: "max_size".to_owned(), value: row[2].clone(), unit: String::new() });
            report.facts.push(Fact { name: "criterion".to_owned(), value: row[1].clone(), unit: String::new() });
            report.facts.push(Fact { name: "scheme".to_owned(), value: row[0].clone(), unit: String::new() });
        }
        Ok(report)
    }
}

/// The margins of a scheme at all sizes that the searches for several criteria have tried.
#[allow(clippy::cast_precision_loss, reason = "numbers of lines")]
fn add_curve(curves: &mut Vec<Series>, scheme: &Scheme, tried: &[(usize, f64)]) {
    if !curves.iter().any(|curve| curve.label == scheme.name) {
        curves.push(Series { label: scheme.name.clone(), x: Vec::new(), y: Vec::new() });
    }
    let Some(curve) = curves.iter_mut().find(|curve| curve.label == scheme.name) else { return };
    for &(size, margin) in tried {
        let k = curve.x.partition_point(|x| *x < size as f64);
        if curve.x.get(k) != Some(&(size as f64)) {
            curve.x.insert(k, size as f64);
            curve.y.insert(k, margin);
        }
    }
}

/// A criterion as a line across the figure.
fn level(curves: &[Series], criterion: f64) -> Option<Series> {
    let ends = curves.iter().flat_map(|curve| curve.x.iter().copied());
    let (low, high) = (ends.clone().reduce(f64::min)?, ends.reduce(f64::max)?);
    Some(Series { label: format!("criterion {criterion}"), x: vec![low, high], y: vec![criterion; 2] })
}

fn remark(scheme: &Scheme, criterion: f64, limit: usize, found: &Found) -> Option<String> {
    match (found.size, found.beyond) {
        (None, _) => Some(format!(
            "{}: the criterion {criterion} is never met; already two lines have a margin of {:.4}",
            scheme.name, found.margin
        )),
        (Some(size), None) => Some(format!(
            "{}: {size} lines still have a margin of {:.4}; larger arrays were not tried ({})",
            scheme.name,
            found.margin,
            found.stopped.clone().unwrap_or_else(|| format!("limit={limit}"))
        )),
        _ => None,
    }
}
