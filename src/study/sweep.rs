//! Any study over any parameter, and over Monte Carlo runs.
//!
//! Points are numbered in the order of the loops, the first sweep innermost, runs innermost of all. Each is computed
//! alone and lands at its number: the result does not depend on threads or on the order of completion. Finished points
//! go to a [`Journal`] at once; one that holds a point already is not asked again.

use rayon::prelude::*;

use super::check::range;
use super::statistics::{Wanted, summarise};
use super::{Argument, Arguments, Context, Kind, Study, StudyError, Unwatched, Watch};
use crate::diag::nearest;
use crate::plan::{Overrides, SweepTarget};
use crate::result::report::{Axis, Chart, Part, Report, Series, Value};
use crate::units::parse_number;

/// One loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// An argument of the study, or a parameter of the deck.
    pub name: String,
    /// Its values.
    pub values: Vec<f64>,
}

impl Sweep {
    /// From `rwire=0.1..10:log:9` or `rwire=1,2,5`.
    ///
    /// # Errors
    /// In plain words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((name, list)) = text.split_once('=') else {
            return Err(format!("--sweep wants name=from..to:log:points or name=a,b,c, not `{text}`"));
        };
        let mut values = Vec::new();
        for item in list.split(',').map(str::trim) {
            match range(item) {
                Some(found) => values.extend(found?),
                None => values.push(parse_number(item).map_err(|_| format!("`{item}` in `{text}` is not a number"))?),
            }
        }
        Ok(Self { name: name.trim().to_lowercase(), values })
    }
}

/// Loops and runs around a study.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loops {
    /// The first is the innermost.
    pub sweeps: Vec<Sweep>,
    /// Monte Carlo runs; 0 = nominal values.
    pub runs: usize,
}

/// Where finished points are kept, so that a killed run goes on where it was.
pub trait Journal: Sync {
    /// A point that was finished before.
    fn find(&self, point: usize) -> Option<Part>;
    /// A point that is finished now.
    fn keep(&self, point: usize, done: &Part);
}

impl Loops {
    /// Is there anything to loop over?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sweeps.is_empty() && self.runs == 0
    }

    /// Number of points.
    #[must_use]
    pub fn points(&self) -> usize {
        self.sweeps.iter().map(|s| s.values.len()).product::<usize>() * self.runs.max(1)
    }

    /// The values of the sweeps at a point, and the run.
    fn at(&self, point: usize) -> (Vec<f64>, Option<u64>) {
        let run = (self.runs > 0).then(|| (point % self.runs.max(1)) as u64);
        let mut index = point / self.runs.max(1);
        let values = self.sweeps.iter().map(|sweep| {
            let value = sweep.values[index % sweep.values.len()];
            index /= sweep.values.len();
            value
        });
        (values.collect(), run)
    }

    /// Refuses loops over what does not exist.
    ///
    /// # Errors
    /// In plain words, with the nearest name.
    pub fn check(&self, study: &dyn Study, context: &Context) -> Result<(), StudyError> {
        for sweep in &self.sweeps {
            if sweep.values.is_empty() {
                return Err(StudyError::request(format!("the sweep of `{}` has no value", sweep.name)));
            }
            let arguments = study.card().arguments;
            let parameters = context.definitions.parameters();
            if let Some(argument) = arguments.iter().find(|a| a.name == sweep.name) {
                within(argument, &sweep.values)?;
            } else if !parameters.contains(&sweep.name.as_str()) {
                let known = arguments.iter().map(|a| a.name).chain(parameters.iter().copied());
                let hint = nearest(&sweep.name, known).map(|near| format!("; did you mean `{near}`?"));
                return Err(StudyError::request(format!(
                    "`{}` is neither an argument of `{}` nor a .param of the deck{}",
                    sweep.name,
                    study.card().word,
                    hint.unwrap_or_default()
                )));
            }
        }
        Ok(())
    }

    /// Runs the study at every point.
    ///
    /// # Errors
    /// Loops over what does not exist; a failure that all points share.
    pub fn run(
        &self,
        study: &dyn Study,
        context: &Context,
        arguments: &Arguments,
        journal: &dyn Journal,
    ) -> Result<Report, StudyError> {
        self.check(study, context)?;
        let total = self.points();
        context.watch.expect(total);
        let outcomes: Vec<Result<(Part, Option<Report>), StudyError>> = (0..total)
            .into_par_iter()
            .map(|point| {
                if let Some(done) = journal.find(point) {
                    context.watch.advance();
                    return Ok((done, None));
                }
                context.check()?;
                let report = self.point(study, context, arguments, point)?;
                let done =
                    Part { rows: report.rows.clone(), failures: report.failures.clone(), trust: report.trust.clone() };
                if !context.watch.interrupted() {
                    journal.keep(point, &done);
                }
                context.watch.advance();
                Ok((done, Some(report)))
            })
            .collect();
        let title = study.card().word;
        let mut whole = Report { title: format!("{title} over {}", self.names().join(", ")), ..Report::default() };
        self.describe(study, context, arguments, &outcomes, &mut whole)?;
        for (point, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok((done, _)) => self.add(point, done, &mut whole),
                Err(error @ StudyError::Circuit { .. }) => return Err(error),
                Err(error) if error.is_interruption() => {
                    whole.failures.push("interrupted: finished points are kept; run again to go on".to_owned());
                    break;
                }
                Err(error) => whole.failures.push(format!("{}: {error}", self.label(point))),
            }
        }
        whole.charts.extend(self.chart(&whole, study));
        if self.runs > 0 {
            let (headline, groups) = (study.headline(), self.sweeps.len());
            summarise(&mut whole, &Wanted { headline, signals: study.signals(), groups });
        }
        Ok(whole)
    }

    /// Title and definitions come from the first point that can be computed, whether it was computed now or before: what
    /// they say of it must not hang on where a run was interrupted.
    fn describe(
        &self,
        study: &dyn Study,
        context: &Context,
        arguments: &Arguments,
        outcomes: &[Result<(Part, Option<Report>), StudyError>],
        whole: &mut Report,
    ) -> Result<(), StudyError> {
        let first = outcomes.iter().position(Result::is_ok).unwrap_or(0);
        let fresh = outcomes.get(first).and_then(|o| o.as_ref().ok()).and_then(|(_, report)| report.clone());
        let sample = match fresh {
            Some(report) => report,
            None => self.point(study, context, arguments, first).or_else(|error| match error {
                StudyError::Circuit { .. } => Err(error),
                _ => Ok(Report::default()),
            })?,
        };
        whole.definitions = sample.definitions;
        whole.title = format!("{} over {}", sample.title, self.names().join(", "));
        Ok(())
    }

    fn point(
        &self,
        study: &dyn Study,
        context: &Context,
        arguments: &Arguments,
        point: usize,
    ) -> Result<Report, StudyError> {
        let (values, run) = self.at(point);
        let mut arguments = arguments.clone();
        let mut base = Overrides { run, ..Overrides::default() };
        for (sweep, value) in self.sweeps.iter().zip(values) {
            if !arguments.set_number(&sweep.name, value) {
                base.values.insert(SweepTarget::Parameter(sweep.name.clone()), value);
            }
        }
        let definitions = context.definitions.at(base);
        let watch = Inner(context.watch);
        study.run(&Context { definitions: &definitions, watch: &watch }, &arguments)
    }

    fn names(&self) -> Vec<String> {
        let runs = (self.runs > 0).then(|| format!("{} runs", self.runs));
        self.sweeps.iter().map(|s| s.name.clone()).chain(runs).collect()
    }

    /// `rwire = 0.1, run 3`.
    fn label(&self, point: usize) -> String {
        let (values, run) = self.at(point);
        let swept = self.sweeps.iter().zip(values).map(|(s, v)| format!("{} = {v}", s.name));
        swept.chain(run.map(|run| format!("run {run}"))).collect::<Vec<_>>().join(", ")
    }

    /// Rows of a point, its values in front.
    fn add(&self, point: usize, done: Part, whole: &mut Report) {
        let (values, run) = self.at(point);
        if whole.rows.columns.is_empty() {
            let swept = self.sweeps.iter().map(|s| (s.name.clone(), String::new()));
            let runs = run.map(|_| ("run".to_owned(), String::new()));
            whole.rows.columns = swept.chain(runs).chain(done.rows.columns.clone()).collect();
        }
        for row in done.rows.rows {
            let front = values.iter().map(|v| Value::Number(*v)).chain(run.map(Value::Count));
            whole.rows.push(front.chain(row));
        }
        let label = self.label(point);
        whole.failures.extend(done.failures.into_iter().map(|failure| format!("{label}: {failure}")));
        whole.trust.join(&done.trust);
    }

    /// The headline over the innermost sweep, a curve for everything else that tells rows apart.
    fn chart(&self, whole: &Report, study: &dyn Study) -> Option<Chart> {
        let headline = study.headline();
        let first = self.sweeps.first()?;
        let y = whole.rows.columns.iter().position(|(name, _)| name == headline)?;
        if self.runs > 0 {
            return None;
        }
        let mut series: Vec<Series> = Vec::new();
        for row in &whole.rows.rows {
            let words = row[1..y].iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.clone()),
                Value::Count(n) => Some(n.to_string()),
                Value::Number(x) => Some(x.to_string()),
                Value::Missing => None,
            });
            let label = words.collect::<Vec<_>>().join(", ");
            let (x, value) = (row[0].number(), row[y].number());
            match series.iter_mut().find(|s| s.label == label) {
                Some(known) => {
                    known.x.push(x);
                    known.y.push(value);
                }
                None => series.push(Series { label, x: vec![x], y: vec![value] }),
            }
        }
        let decades = first.values.iter().all(|v| *v > 0.0)
            && first.values.iter().copied().fold(0.0, f64::max)
                > 20.0 * first.values.iter().copied().fold(f64::INFINITY, f64::min);
        let known = study.card().arguments.iter().find(|a| a.name == first.name);
        let x = Axis { log: decades, ..Axis::linear(&first.name, known.map_or("", |a| a.unit)) };
        let unit = whole.rows.columns[y].1.as_str();
        Some(Chart { name: "sweep".to_owned(), title: whole.title.clone(), x, y: Axis::linear(headline, unit), series })
    }
}

/// The points are the pieces of work; what is inside one only hears of interruptions.
struct Inner<'a>(&'a dyn Watch);

impl Watch for Inner<'_> {
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

fn within(argument: &Argument, values: &[f64]) -> Result<(), StudyError> {
    #[allow(clippy::cast_precision_loss, reason = "ranges of counts are far below 2^53")]
    let (low, high) = match argument.kind {
        Kind::Number { low, high } | Kind::Numbers { low, high } => (low, high),
        Kind::Count { low, high } | Kind::Counts { low, high } => (low as f64, high as f64),
        _ => return Err(StudyError::request(format!("`{}` takes no numbers and cannot be swept", argument.name))),
    };
    match values.iter().find(|v| !(low..=high).contains(*v)) {
        Some(value) => Err(StudyError::request(format!("`{}` lies in {low} to {high}, not {value}", argument.name))),
        None => Ok(()),
    }
}

/// Keeps nothing.
impl Journal for Unwatched {
    fn find(&self, _point: usize) -> Option<Part> {
        None
    }
    fn keep(&self, _point: usize, _done: &Part) {}
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_first_sweep_and_then_the_runs_are_innermost() {
        let sweep = |name: &str, values: &[f64]| Sweep { name: name.to_owned(), values: values.to_vec() };
        let loops = Loops { sweeps: vec![sweep("a", &[1.0, 2.0]), sweep("b", &[5.0, 6.0])], runs: 2 };
        let points: Vec<_> = (0..loops.points()).map(|k| loops.at(k)).collect();
        assert_eq!(points.len(), 8);
        assert_eq!(points[0], (vec![1.0, 5.0], Some(0)));
        assert_eq!(points[1], (vec![1.0, 5.0], Some(1)));
        assert_eq!(points[2], (vec![2.0, 5.0], Some(0)));
        assert_eq!(points[7], (vec![2.0, 6.0], Some(1)));
    }

    #[test]
    fn sweeps_are_ranges_and_lists() {
        assert_eq!(Sweep::parse("RWire=1k,2..4").unwrap().values, [1e3, 2.0, 3.0, 4.0]);
        assert_eq!(Sweep::parse("rwire=0.1..10:log:3").unwrap().values, [0.1, 1.0, 10.0]);
        assert!(Sweep::parse("rwire").is_err() && Sweep::parse("rwire=x").is_err());
    }
}
