//! Evaluates `.measure` cards on a finished table.
//!
//! Between two points every signal is linear in the axis. A *crossing* of left and right is where d = left - right
//! reaches or passes 0; *before* and *after* mean the order of the sweep, so that a descending DC sweep measures like
//! an ascending one. AVG = (1/W) integral of y, RMS^2 = (1/W) integral of y^2, both exact for the piecewise linear y,
//! W the width of the window; INTEG is signed along the sweep.

mod crossing;
mod waveform;

use crate::numeric::formula::{Formula, Tape};
use crate::plan::{AnalysisWord, Crossing, Edge, Measure, MeasureKind, Point, Quantity, Statistic};
use crate::result::{MeasureResult, Table};
use crate::units::format_si;

use crossing::crossings;
use waveform::{Axis, Position, Waveform, Window};

/// All measures that belong to this analysis, in the order of the cards.
///
/// A measure of no analysis in particular belongs to all that have signals: to all but `.tf`, whose columns are others.
/// A measure that cannot be evaluated has no value and a reason in plain words.
#[must_use]
pub fn evaluate(measures: &[Measure], table: &Table, word: AnalysisWord) -> Vec<MeasureResult> {
    let mut evaluator = Evaluator::new(measures, table, word);
    let wanted = measures.iter().enumerate().filter(|(_, m)| match m.analysis {
        Some(analysis) => analysis == word,
        None => word != AnalysisWord::Tf,
    });
    wanted.map(|(k, measure)| evaluator.result(k, measure)).collect()
}

/// What one measure found.
struct Found {
    value: f64,
    at: Option<f64>,
    window: Option<(f64, f64)>,
}

impl Found {
    fn value(value: f64) -> Self {
        Self { value, at: None, window: None }
    }
}

struct Evaluator<'a> {
    measures: &'a [Measure],
    table: &'a Table,
    word: AnalysisWord,
    axis: Axis<'a>,
    /// Values of earlier measures, NaN while unknown.
    known: Vec<f64>,
}

impl<'a> Evaluator<'a> {
    fn new(measures: &'a [Measure], table: &'a Table, word: AnalysisWord) -> Self {
        Self { measures, table, word, axis: Axis::of(table), known: vec![f64::NAN; measures.len()] }
    }

    fn result(&mut self, k: usize, measure: &Measure) -> MeasureResult {
        let found = if self.table.points() == 0 {
            Err("the analysis produced no points".to_string())
        } else {
            self.find(measure).and_then(|found| match found.value.is_finite() {
                true => Ok(found),
                false => Err(format!("the result is {}, not a finite number", found.value)),
            })
        };
        let mut result = MeasureResult {
            name: measure.name.clone(),
            text: measure.text.clone(),
            value: None,
            reason: None,
            at: None,
            window: None,
        };
        match found {
            Ok(found) => {
                self.known[k] = found.value;
                result.value = Some(found.value);
                result.at = found.at;
                result.window = found.window;
            }
            Err(reason) => result.reason = Some(reason),
        }
        result
    }

    fn find(&self, measure: &Measure) -> Result<Found, String> {
        match &measure.kind {
            MeasureKind::TrigTarg(trig, targ) => {
                let whole = self.axis.span();
                let trig = self.instant(trig, &whole).map_err(|reason| format!("TRIG: {reason}"))?;
                let targ = self.instant(targ, &whole).map_err(|reason| format!("TARG: {reason}"))?;
                Ok(Found { value: targ - trig, at: None, window: Some((trig, targ)) })
            }
            MeasureKind::Find(formula, point) => {
                let position = self.position(point, &self.window(measure)?)?;
                let value = self.waveform(formula)?.value(position);
                Ok(Found { value, at: self.axis.at(position), window: None })
            }
            MeasureKind::When(crossing) => {
                let position = self.crossing(crossing, &self.window(measure)?)?;
                let at = self.axis.at(position);
                Ok(Found { value: at.unwrap_or(f64::NAN), at, window: None })
            }
            MeasureKind::Derivative(formula, point) => {
                let position = self.position(point, &self.window(measure)?)?;
                let value = self.waveform(formula)?.slope(position).ok_or_else(|| {
                    "a slope needs at least two different points of the axis beside each other".to_string()
                })?;
                Ok(Found { value, at: self.axis.at(position), window: None })
            }
            MeasureKind::Statistic(statistic, formula) => self.statistic(*statistic, formula, &self.window(measure)?),
            MeasureKind::Param(formula) => self.number(formula).map(Found::value),
        }
    }

    fn statistic(&self, statistic: Statistic, formula: &Formula, window: &Window) -> Result<Found, String> {
        let waveform = self.waveform(formula)?;
        let summary = waveform.summary(window);
        let (low, high) = (summary.low, summary.high);
        let (Some(low), Some(high)) = (low, high) else {
            return Err(format!("there is no value between {}", self.range(window, "and")));
        };
        let ends = (self.axis.has_values()).then_some(summary.ends);
        Ok(match statistic {
            Statistic::Average => Found { value: summary.average, at: None, window: ends },
            Statistic::Rms => Found { value: summary.mean_square.sqrt(), at: None, window: ends },
            Statistic::Integral => Found { value: summary.integral, at: None, window: ends },
            Statistic::PeakToPeak => Found { value: high.value - low.value, at: None, window: ends },
            Statistic::Max => Found { value: high.value, at: self.axis.has_values().then_some(high.at), window: ends },
            Statistic::Min => Found { value: low.value, at: self.axis.has_values().then_some(low.at), window: ends },
            Statistic::MaxAt => Found { value: high.at, at: Some(high.at), window: ends },
            Statistic::MinAt => Found { value: low.at, at: Some(low.at), window: ends },
        })
    }

    /// The axis value of a trigger; `AT=` needs no point of the sweep there.
    fn instant(&self, point: &Point, window: &Window) -> Result<f64, String> {
        match point {
            Point::At(formula) => self.number(formula),
            Point::Crossing(crossing) => {
                let position = self.crossing(crossing, window)?;
                self.axis.at(position).ok_or_else(|| NO_AXIS.to_string())
            }
        }
    }

    fn position(&self, point: &Point, window: &Window) -> Result<Position, String> {
        match point {
            Point::Crossing(crossing) => self.crossing(crossing, window),
            Point::At(formula) => {
                let at = self.number(formula)?;
                self.axis.position(at).ok_or_else(|| {
                    format!("{} lies outside the sweep, {}", self.show(at), self.range(&self.axis.span(), "to"))
                })
            }
        }
    }

    fn crossing(&self, crossing: &Crossing, window: &Window) -> Result<Position, String> {
        if !self.axis.has_values() {
            return Err(NO_AXIS.to_string());
        }
        let left = self.waveform(&crossing.left)?;
        let difference = left.minus(&self.waveform(&crossing.right)?);
        let delay = crossing.delay.as_ref().map(|d| self.number(d)).transpose()?;
        let window = delay.map_or(*window, |delay| self.axis.after(*window, delay));
        let mut count = 0;
        let mut last = None;
        for found in crossings(&difference) {
            let matches = crossing.edge == Edge::Cross || crossing.edge == found.edge;
            let inside = self.axis.at(found.position).is_some_and(|at| window.contains(at));
            if !(matches && inside) {
                continue;
            }
            count += 1;
            last = Some(found.position);
            if Some(count) == crossing.count {
                return Ok(found.position);
            }
        }
        match (crossing.count, last) {
            (None, Some(position)) => Ok(position),
            (asked, _) => Err(self.missing(crossing, asked, count, &window, &left)),
        }
    }

    fn missing(
        &self,
        crossing: &Crossing,
        asked: Option<usize>,
        count: usize,
        window: &Window,
        left: &Waveform<'_>,
    ) -> String {
        let (verb, noun) = match crossing.edge {
            Edge::Cross => ("crosses", "crossing"),
            Edge::Rise => ("rises through", "rise"),
            Edge::Fall => ("falls through", "fall"),
        };
        let (name, level) = (&crossing.left_text, &crossing.right_text);
        let range = self.range(window, "and");
        if count > 0 {
            let times = if count == 1 { "time" } else { "times" };
            let asked = asked.unwrap_or(1);
            return format!("{name} {verb} {level} only {count} {times} between {range}; {noun} {asked} was asked for");
        }
        let summary = left.summary(window);
        let stays = match (summary.low, summary.high) {
            (Some(low), Some(high)) => {
                format!("; {name} lies between {} and {}", digits(low.value), digits(high.value))
            }
            _ => String::new(),
        };
        format!("{name} never {verb} {level} between {range}{stays}")
    }

    /// FROM/TO, each defaulting to the end of the sweep.
    fn window(&self, measure: &Measure) -> Result<Window, String> {
        let limit = |formula: &Option<Formula>| formula.as_ref().map(|f| self.number(f)).transpose();
        let (from, to) = (limit(&measure.from)?, limit(&measure.to)?);
        if !self.axis.has_values() {
            return Ok(self.axis.span());
        }
        if let (Some(from), Some(to), AnalysisWord::Tran) = (from, to, self.word)
            && from > to
        {
            return Err(format!("FROM ({}) lies after TO ({})", self.show(from), self.show(to)));
        }
        let window = self.axis.window(from, to);
        let span = self.axis.span();
        if window.high < span.low || window.low > span.high {
            return Err(format!(
                "the window, {}, lies outside the sweep, {}",
                self.range(&window, "to"),
                self.range(&span, "to")
            ));
        }
        Ok(window)
    }

    /// A formula of earlier measures; signals in it have their last value.
    fn number(&self, formula: &Formula) -> Result<f64, String> {
        self.check(formula)?;
        let mut slots = self.slots();
        let last = self.table.points().saturating_sub(1);
        self.fill(formula, last, &mut slots);
        Ok(formula.eval(&slots))
    }

    fn waveform(&self, formula: &Formula) -> Result<Waveform<'_>, String> {
        self.check(formula)?;
        let mut slots = self.slots();
        let mut tape = Tape::default();
        let values = (0..self.table.points()).map(|k| {
            self.fill(formula, k, &mut slots);
            formula.eval_with(&slots, &mut tape)
        });
        Ok(Waveform { axis: &self.axis, values: values.collect() })
    }

    fn signals(&self) -> usize {
        self.table.header.columns.len() - usize::from(self.table.header.has_axis)
    }

    fn slots(&self) -> Vec<f64> {
        let mut slots = vec![0.0; 1 + self.signals()];
        slots.extend_from_slice(&self.known);
        slots
    }

    /// Slot 0 is the axis, slot k the k-th signal; only those the formula reads are filled.
    fn fill(&self, formula: &Formula, point: usize, slots: &mut [f64]) {
        let shift = usize::from(!self.table.header.has_axis);
        for slot in formula.slots() {
            let slot = slot as usize;
            if slot > self.signals() || slot < shift {
                continue;
            }
            if let Some(value) = self.table.data.get(slot - shift).and_then(|column| column.get(point)) {
                slots[slot] = *value;
            }
        }
    }

    /// Every measure that a formula reads must have a value by now.
    fn check(&self, formula: &Formula) -> Result<(), String> {
        for slot in formula.slots() {
            let Some(k) = (slot as usize).checked_sub(1 + self.signals()) else { continue };
            if self.known.get(k).is_none_or(|value| value.is_nan()) {
                let name = self.measures.get(k).map_or("?", |m| m.name.as_str());
                return Err(format!("it uses `{name}`, which has no value here"));
            }
        }
        Ok(())
    }

    fn show(&self, value: f64) -> String {
        format_si(value, self.unit())
    }

    /// `between` 0 s and 1 us; `from` 0 s to 1 us.
    fn range(&self, window: &Window, word: &str) -> String {
        format!("{} {word} {}", self.show(window.low), self.show(window.high))
    }

    fn unit(&self) -> &'static str {
        match self.table.header.columns.first().map(|c| c.quantity) {
            Some(Quantity::Time) => "s",
            Some(Quantity::Frequency) => "Hz",
            Some(Quantity::Voltage) => "V",
            Some(Quantity::Current) => "A",
            Some(Quantity::Resistance) => "Ohm",
            _ => "",
        }
    }
}

const NO_AXIS: &str = "an operating point has a single point, so nothing can be crossed";

/// A number with up to six significant digits.
fn digits(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-3..1e6).contains(&rounded.abs()) { format!("{rounded}") } else { format!("{rounded:e}") }
}

#[cfg(test)]
mod tests;
