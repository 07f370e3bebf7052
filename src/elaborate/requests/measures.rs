//! `.measure` cards.

use super::Requests;
use super::traces::{Subject, Traces};
use crate::diag::{Diagnostic, Span};
use crate::netlist::ast::{self, Expr, MeasureCard, Name, Statement};
use crate::numeric::formula::Formula;
use crate::plan::{AnalysisWord, Crossing, Edge, Measure, MeasureKind, Point, Statistic};

/// `.meas` words with the statistic they mean; `area` is Xyce's and HSPICE's integral.
const STATISTICS: &[(&str, Statistic)] = &[
    ("avg", Statistic::Average),
    ("mean", Statistic::Average),
    ("rms", Statistic::Rms),
    ("max", Statistic::Max),
    ("min", Statistic::Min),
    ("pp", Statistic::PeakToPeak),
    ("integ", Statistic::Integral),
    ("integral", Statistic::Integral),
    ("area", Statistic::Integral),
    ("max_at", Statistic::MaxAt),
    ("min_at", Statistic::MinAt),
];

impl<'d> Requests<'_, 'd, '_, '_> {
    pub fn measures(&mut self) {
        let cards: Vec<&'d MeasureCard> = self
            .statements()
            .into_iter()
            .filter_map(|s| if let Statement::Measure(card) = s { Some(card) } else { None })
            .collect();
        // all names first, so that a forward reference can be told from an unknown name
        for (k, card) in cards.iter().enumerate() {
            let earlier = cards[..k].iter().find(|c| c.name.text == card.name.text && overlap(c, card));
            if let Some(earlier) = earlier {
                let error = Diagnostic::error("E-MEAS", format!("two measures are called `{}`", card.name.text));
                self.diagnostics.push(error.at(card.name.span).related(earlier.name.span, "the first one"));
            }
        }
        for (k, card) in (0u32..).zip(&cards) {
            self.traces.define_measure(&card.name.text, k);
        }
        for (k, card) in (0u32..).zip(&cards) {
            let measure = self.measure(card, k, &cards);
            self.plan.measures.extend(measure);
        }
    }

    fn measure(&mut self, card: &MeasureCard, k: u32, cards: &[&MeasureCard]) -> Option<Measure> {
        let analysis = self.filter(card.analysis.as_ref());
        if card.analysis.is_none() {
            self.warn_of_transfer(card);
        }
        // `tf` is a word of its own: nothing else has the columns of a transfer function
        let transfer = card.analysis.as_ref().is_some_and(|word| word.text == "tf");
        self.traces.turn_to(if transfer { Subject::Transfer } else { Subject::Signals });
        let from = self.limit(card.from.as_ref());
        let to = self.limit(card.to.as_ref());
        let kind = self.measure_kind(card);
        self.traces.turn_to(Subject::Signals);
        let after_name = Span { start: card.name.span.end, ..card.span };
        let text = self.scope.context().deck.sources.text(after_name).trim().to_lowercase();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let measure = Measure {
            name: card.name.text.clone(),
            text,
            analysis: analysis?,
            kind: self.keep(kind)?,
            from: from?,
            to: to?,
        };
        self.check_order(&measure, k, cards, card.span)?;
        Some(measure)
    }

    /// Without an analysis word a measure reads signals, which `.tf` has none of.
    fn warn_of_transfer(&mut self, card: &MeasureCard) {
        let analyses = &self.plan.analyses;
        if analyses.is_empty() || analyses.iter().any(|a| a.word() != AnalysisWord::Tf) {
            return;
        }
        let message =
            format!("measure `{}` reads signals, and the deck has only `.tf`: it gives nothing", card.name.text);
        let warning = Diagnostic::warning("W-ANALYSIS", message).at(card.span);
        self.diagnostics.push(warning.help("write `.meas tf name FIND transfer_function`, or add `.op`"));
    }

    /// Results exist only of measures above.
    fn check_order(&mut self, measure: &Measure, k: u32, cards: &[&MeasureCard], span: Span) -> Option<()> {
        let mut later = None;
        super::traces::formulas(measure, &mut |formula| {
            later = later.or_else(|| Traces::measures_in(formula).find(|&used| used >= k));
        });
        let Some(used) = later else { return Some(()) };
        let name = cards.get(used as usize).map_or("", |card| card.name.text.as_str());
        let message = if used == k {
            format!("measure `{name}` uses itself")
        } else {
            format!("measure `{}` uses `{name}`, which comes later", measure.name)
        };
        self.diagnostics.push(Diagnostic::error("E-MEAS", message).at(span).help("put it below what it uses"));
        None
    }

    fn measure_kind(&mut self, card: &MeasureCard) -> Result<MeasureKind, Diagnostic> {
        let delay = card.delay.as_ref();
        Ok(match &card.kind {
            ast::MeasureKind::TrigTarg(trig, targ) => {
                // TARG waits as long as TRIG unless it says otherwise
                let inherited = match trig {
                    ast::Trigger::Crossing(crossing) => crossing.delay.as_ref().or(delay),
                    ast::Trigger::At(_) => delay,
                };
                MeasureKind::TrigTarg(self.trigger(trig, delay)?, self.trigger(targ, inherited)?)
            }
            ast::MeasureKind::FindWhen(signal, crossing) => {
                MeasureKind::Find(self.traces.formula(signal)?, Point::Crossing(self.crossing(crossing, delay)?))
            }
            ast::MeasureKind::FindAt(signal, at) => {
                MeasureKind::Find(self.traces.formula(signal)?, Point::At(self.traces.formula(at)?))
            }
            ast::MeasureKind::When(crossing) => MeasureKind::When(self.crossing(crossing, delay)?),
            ast::MeasureKind::DerivAt(signal, at) => {
                MeasureKind::Derivative(self.traces.formula(signal)?, Point::At(self.traces.formula(at)?))
            }
            ast::MeasureKind::DerivWhen(signal, crossing) => {
                MeasureKind::Derivative(self.traces.formula(signal)?, Point::Crossing(self.crossing(crossing, delay)?))
            }
            ast::MeasureKind::Statistic(word, signal) => {
                MeasureKind::Statistic(statistic(word)?, self.traces.formula(signal)?)
            }
            ast::MeasureKind::Param(expr) => MeasureKind::Param(self.traces.formula(expr)?),
        })
    }

    fn trigger(&mut self, trigger: &ast::Trigger, delay: Option<&Expr>) -> Result<Point, Diagnostic> {
        Ok(match trigger {
            ast::Trigger::At(at) => Point::At(self.traces.formula(at)?),
            ast::Trigger::Crossing(crossing) => Point::Crossing(self.crossing(crossing, delay)?),
        })
    }

    fn crossing(&mut self, crossing: &ast::Crossing, delay: Option<&Expr>) -> Result<Crossing, Diagnostic> {
        let count = crossing.count.as_ref().map(|count| self.count(count)).transpose()?;
        let delay = crossing.delay.as_ref().or(delay);
        Ok(Crossing {
            left: self.traces.formula(&crossing.left)?,
            right: self.traces.formula(&crossing.right)?,
            left_text: self.text(crossing.left.span),
            right_text: self.text(crossing.right.span),
            edge: match crossing.edge {
                ast::Edge::Cross => Edge::Cross,
                ast::Edge::Rise => Edge::Rise,
                ast::Edge::Fall => Edge::Fall,
            },
            count,
            delay: delay.map(|delay| self.traces.formula(delay)).transpose()?,
        })
    }

    fn count(&self, expr: &Expr) -> Result<usize, Diagnostic> {
        let value = self.scope.number(expr)?;
        if value < 1.0 || value.fract() != 0.0 || value > f64::from(u32::MAX) {
            return Err(Diagnostic::error("E-MEAS", format!("{value} is no number of a crossing"))
                .at(expr.span)
                .help("crossings count from 1; LAST is the last one"));
        }
        Ok(value as usize)
    }

    fn limit(&mut self, expr: Option<&Expr>) -> Option<Option<Formula>> {
        let Some(expr) = expr else { return Some(None) };
        let formula = self.traces.formula(expr);
        self.keep(formula).map(Some)
    }
}

/// Can both belong to one analysis?
fn overlap(a: &MeasureCard, b: &MeasureCard) -> bool {
    match (&a.analysis, &b.analysis) {
        (Some(a), Some(b)) => a.text == b.text,
        _ => true,
    }
}

fn statistic(word: &Name) -> Result<Statistic, Diagnostic> {
    if let Some((_, statistic)) = STATISTICS.iter().find(|(name, _)| *name == word.text) {
        return Ok(*statistic);
    }
    let error = Diagnostic::error("E-MEAS", format!("`{}` is no kind of measure", word.text)).at(word.span);
    Err(match crate::diag::nearest(&word.text, STATISTICS.iter().map(|(name, _)| *name)) {
        Some(nearest) => error.help(format!("did you mean `{nearest}`?")),
        None => error.help("use AVG RMS MAX MIN PP INTEG MAX_AT MIN_AT, WHEN, FIND, DERIV, TRIG..TARG or PARAM"),
    })
}
