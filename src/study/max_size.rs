//! Largest square array whose read margin meets a criterion.
//!
//! Sizes are doubled until the margin falls below the criterion, then the last good interval is halved: N meets it,
//! N + 1 does not. That is the largest size when the margin falls with size, as it does for passive cells.

use rayon::prelude::*;

use super::margin::{Point, Question, define, schemes};
use super::scheme::Scheme;
use super::{Argument, Arguments, Card, Context, Fallback, Kind, Study, StudyError, words};
use crate::result::report::{Fact, Grid, Report, Trust};

/// `.max-size`.
pub struct MaxSize;

const CARD: Card = Card {
    word: "max-size",
    summary: "Largest array whose read margin meets a criterion",
    needs_cell: true,
    arguments: ARGUMENTS,
};

const ARGUMENTS: &[Argument] = &[
    words::LRS,
    words::HRS,
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
    words::PATTERN,
    words::SENSE,
    words::VREAD,
    words::RPU,
    words::RWIRE,
    words::RWL,
    words::RBL,
    words::RDRIVER,
    words::COLS,
    words::ROW,
    words::COL,
    words::VGATE,
    words::VOFF,
    words::METHOD,
];

/// What the search found for one scheme and criterion.
struct Found {
    /// Largest size that meets the criterion; `None` when even two lines do not.
    size: Option<usize>,
    /// Margin there, or at two lines.
    margin: f64,
    /// Margin one line further, when that was tried.
    beyond: Option<f64>,
    trust: Trust,
}

/// Margins on the way of a search.
struct Search<'a, 'd> {
    context: &'a Context<'d>,
    question: &'a Question<'d>,
    scheme: &'a Scheme,
    trust: Trust,
}

impl Search<'_, '_> {
    fn margin(&mut self, size: usize) -> Result<f64, StudyError> {
        let found = self.question.ask(self.context, &Point { scheme: self.scheme, size: (size, size) })?;
        self.trust.join(&found.trust);
        Ok(found.margin)
    }

    fn run(mut self, criterion: f64, limit: usize) -> Result<Found, StudyError> {
        let first = self.margin(2)?;
        if first < criterion {
            return Ok(Found { size: None, margin: first, beyond: None, trust: self.trust });
        }
        let (mut good, mut margin) = (2, first);
        let (mut bad, mut beyond) = (None, None);
        while bad.is_none() && good < limit {
            let next = (2 * good).min(limit);
            let m = self.margin(next)?;
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
        Ok(Found { size: Some(good), margin, beyond, trust: self.trust })
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
        let outcomes: Vec<Result<Found, StudyError>> = pairs
            .par_iter()
            .map(|(scheme, criterion)| {
                let search = Search { context, question: &question, scheme, trust: Trust::default() };
                let outcome = search.run(*criterion, limit);
                context.watch.advance();
                outcome
            })
            .collect();
        let mut report =
            Report { title: format!("Largest array of {}", question.reader.cell.name()), ..Report::default() };
        report.definitions.push((
            "max_size".to_owned(),
            "largest N for which an N x N array has at least the margin of the criterion".to_owned(),
        ));
        define(&mut report, &schemes, &question);
        report.notes = question.reader.remarks();
        report.rows = Grid::new(&["scheme", "criterion", "max_size", "margin", "margin_beyond"]);
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
        }
        if let Some(row) = report.rows.rows.first() {
            report.facts.push(Fact { name: "max_size".to_owned(), value: row[2].clone(), unit: String::new() });
            report.facts.push(Fact { name: "criterion".to_owned(), value: row[1].clone(), unit: String::new() });
            report.facts.push(Fact { name: "scheme".to_owned(), value: row[0].clone(), unit: String::new() });
        }
        Ok(report)
    }
}

fn remark(scheme: &Scheme, criterion: f64, limit: usize, found: &Found) -> Option<String> {
    match (found.size, found.beyond) {
        (None, _) => Some(format!(
            "{}: the criterion {criterion} is never met; already two lines have a margin of {:.4}",
            scheme.name, found.margin
        )),
        (Some(size), None) => Some(format!(
            "{}: {size} lines still have a margin of {:.4}; larger arrays were not tried (limit={limit})",
            scheme.name, found.margin
        )),
        _ => None,
    }
}
