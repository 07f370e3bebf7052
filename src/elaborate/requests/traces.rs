//! Expressions of output cards to formulas over one list of signals.
//!
//! Slot 0 is the axis, slot k the k-th signal. Measures follow after the last signal; their slots are provisional
//! ([`MEASURES`] and up) until the number of signals is known.

use std::collections::HashMap;

use super::lookup::{Lookup, Matches, Probed};
use crate::circuit::Circuit;
use crate::diag::{Diagnostic, Span};
use crate::elaborate::{Scope, Slots};
use crate::netlist::ast::{BinaryOp, Expr, ExprKind, Name, NodeRef, UnaryOp};
use crate::numeric::formula::{Formula, FormulaBuilder, Function2, NodeIndex};
use crate::plan::{AnalysisWord, Measure, MeasureKind, Plan, Point, Quantity, Signal, Trace};

/// Provisional slot of the first measure.
const MEASURES: u32 = 1 << 30;

/// What `.tf` gives, in the order of its columns.
const TRANSFER: [&str; 3] = ["transfer_function", "output_impedance", "input_impedance"];

/// What formulas read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Signals of the circuit, point by point.
    Signals,
    /// The three numbers of `.tf`.
    Transfer,
}

/// The signals so far, and how to add more.
pub(super) struct Traces<'s, 'd, 'c> {
    scope: &'s Scope<'d>,
    recorder: Recorder<'c>,
}

struct Recorder<'c> {
    lookup: Lookup<'c>,
    signals: Vec<Signal>,
    slots: HashMap<Signal, u32>,
    measures: HashMap<String, u32>,
    subject: Subject,
}

impl<'s, 'd, 'c> Traces<'s, 'd, 'c> {
    pub fn new(scope: &'s Scope<'d>, circuit: &'c Circuit) -> Self {
        let recorder = Recorder {
            lookup: Lookup::new(circuit),
            signals: Vec::new(),
            slots: HashMap::new(),
            measures: HashMap::new(),
            subject: Subject::Signals,
        };
        Self { scope, recorder }
    }

    pub fn circuit(&self) -> &'c Circuit {
        self.recorder.lookup.circuit()
    }

    pub fn lookup(&self) -> &Lookup<'c> {
        &self.recorder.lookup
    }

    pub fn lookup_mut(&mut self) -> &mut Lookup<'c> {
        &mut self.recorder.lookup
    }

    /// Traces of those of the signals so far that are wanted.
    pub fn recorded(&self, wanted: impl Fn(&Signal) -> bool) -> Vec<Trace> {
        let signals = (1u32..).zip(&self.recorder.signals).filter(|(_, signal)| wanted(signal));
        let trace = |(slot, signal): (u32, &Signal)| {
            let mut builder = FormulaBuilder::new();
            let node = builder.slot(slot);
            let quantity = self.circuit().quantity(signal);
            Trace { label: signal.to_string(), quantity, formula: builder.finish(node) }
        };
        signals.map(trace).collect()
    }

    /// Number of signals so far.
    pub fn len(&self) -> usize {
        self.recorder.signals.len()
    }

    pub fn record(&mut self, signal: Signal) {
        self.recorder.slot(signal);
    }

    /// Makes the result of the `k`-th measure known under its name.
    pub fn define_measure(&mut self, name: &str, k: u32) {
        self.recorder.measures.insert(name.to_string(), MEASURES + k);
    }

    /// What the next formulas read.
    pub fn turn_to(&mut self, subject: Subject) {
        self.recorder.subject = subject;
    }

    /// The measures that a formula reads, by their number.
    pub fn measures_in(formula: &Formula) -> impl Iterator<Item = u32> + '_ {
        formula.slots().filter_map(|slot| slot.checked_sub(MEASURES))
    }

    pub fn formula(&mut self, expr: &Expr) -> Result<Formula, Diagnostic> {
        self.scope.compile(expr, &mut self.recorder).map_err(|error| self.recorder.explain(error))
    }

    /// The traces of one item of an output card: several for a wildcard.
    pub fn traces(&mut self, item: &Expr) -> Result<Vec<Trace>, Diagnostic> {
        if let Some(matches) = self.matches(item) {
            let matches = matches?;
            if matches.many {
                return Ok(matches.probes.iter().map(|probe| self.recorder.canonical(probe)).collect());
            }
        }
        let label = text(self.scope, item.span);
        let formula = self.formula(item)?;
        Ok(vec![Trace { label, quantity: self.quantity(item), formula }])
    }

    /// The signals of an item of `.save`; an expression is saved as the signals it reads.
    pub fn save(&mut self, item: &Expr) -> Result<(), Diagnostic> {
        match self.matches(item) {
            Some(matches) => matches?.probes.into_iter().for_each(|probe| self.recorder.keep(probe)),
            None => drop(self.formula(item)?),
        }
        Ok(())
    }

    fn matches(&mut self, item: &Expr) -> Option<Result<Matches, Diagnostic>> {
        match &item.kind {
            ExprKind::Probe(word, nodes) => Some(self.recorder.lookup.probe(word, nodes)),
            ExprKind::Field(device, field) => Some(self.recorder.lookup.field(device, field)),
            _ => None,
        }
    }

    /// What an expression holds, as far as its form tells.
    fn quantity(&mut self, expr: &Expr) -> Quantity {
        match &expr.kind {
            ExprKind::Probe(..) | ExprKind::Field(..) => match self.matches(expr) {
                Some(Ok(matches)) => matches.probes.first().map_or(Quantity::Plain, |p| self.recorder.quantity(p)),
                _ => Quantity::Plain,
            },
            ExprKind::Name(name) => match name.as_str() {
                "time" => Quantity::Time,
                _ if self.scope.parameter(name).is_some() || self.recorder.measures.contains_key(name) => {
                    Quantity::Plain
                }
                _ => self.recorder.lookup.word(name).map_or(Quantity::Plain, |p| self.recorder.quantity(&p)),
            },
            ExprKind::Unary(UnaryOp::Neg | UnaryOp::Plus, a) => self.quantity(a),
            ExprKind::Binary(op, a, b) => {
                let (a, b) = (self.quantity(a), self.quantity(b));
                combined(*op, a, b)
            }
            ExprKind::Ternary(_, a, _) => self.quantity(a),
            ExprKind::Call(name, arguments) => match (name.text.as_str(), arguments.as_slice()) {
                ("r", [Expr { kind: ExprKind::Name(device), .. }]) if self.recorder.lookup.part(device).is_some() => {
                    Quantity::Resistance
                }
                ("g", [Expr { kind: ExprKind::Name(device), .. }]) if self.recorder.lookup.part(device).is_some() => {
                    Quantity::Conductance
                }
                ("par" | "abs" | "min" | "max" | "sum" | "mean" | "avg" | "limit", [first, ..]) => self.quantity(first),
                _ => Quantity::Plain,
            },
            _ => Quantity::Plain,
        }
    }

    /// Hands the signals over and gives the measures their final slots.
    pub fn finish(self, plan: &mut Plan) -> Vec<Diagnostic> {
        plan.signals = self.recorder.signals;
        for measure in &mut plan.measures {
            let columns = match measure.analysis {
                Some(AnalysisWord::Tf) => TRANSFER.len(),
                _ => plan.signals.len(),
            };
            let first = u32::try_from(1 + columns).unwrap_or(MEASURES);
            each_formula(measure, &mut |formula| {
                if formula.slots().any(|slot| slot >= MEASURES) {
                    formula.remap_slots(|slot| if slot >= MEASURES { slot - MEASURES + first } else { slot });
                }
            });
        }
        let mut notes = self.recorder.lookup.notes;
        let mut seen = Vec::new();
        notes.retain(|note| {
            let new = !seen.contains(&note.span);
            seen.push(note.span);
            new
        });
        notes
    }
}

/// Visits every formula of a measure.
pub(super) fn formulas(measure: &Measure, visit: &mut dyn FnMut(&Formula)) {
    // a copy, so that there is one walk over the forms
    each_formula(&mut measure.clone(), &mut |formula| visit(formula));
}

fn each_formula(measure: &mut Measure, visit: &mut dyn FnMut(&mut Formula)) {
    fn point(point: &mut Point, visit: &mut dyn FnMut(&mut Formula)) {
        match point {
            Point::At(formula) => visit(formula),
            Point::Crossing(crossing) => each_side(crossing, visit),
        }
    }
    fn each_side(crossing: &mut crate::plan::Crossing, visit: &mut dyn FnMut(&mut Formula)) {
        visit(&mut crossing.left);
        visit(&mut crossing.right);
        crossing.delay.iter_mut().for_each(&mut *visit);
    }
    match &mut measure.kind {
        MeasureKind::TrigTarg(trig, targ) => {
            point(trig, visit);
            point(targ, visit);
        }
        MeasureKind::Find(formula, at) | MeasureKind::Derivative(formula, at) => {
            visit(formula);
            point(at, visit);
        }
        MeasureKind::When(crossing) => each_side(crossing, visit),
        MeasureKind::Statistic(_, formula) | MeasureKind::Param(formula) => visit(formula),
    }
    measure.from.iter_mut().chain(measure.to.iter_mut()).for_each(visit);
}

/// The user's characters without blanks, lower case; continuation marks and outer delimiters left out.
pub(super) fn text(scope: &Scope<'_>, span: Span) -> String {
    let raw = scope.context().deck.sources.text(span).to_lowercase();
    let lines = raw.lines().map(|line| line.trim_start().trim_start_matches('+'));
    let compact: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    let inner = |open, close| compact.strip_prefix(open).and_then(|t: &str| t.strip_suffix(close));
    let bare = inner('{', '}').or_else(|| inner('\'', '\'')).or_else(|| inner('"', '"'));
    bare.map_or_else(|| compact.clone(), str::to_string)
}

/// The quantity of `a op b`.
fn combined(op: BinaryOp, a: Quantity, b: Quantity) -> Quantity {
    use Quantity::{Conductance, Current, Plain, Power, Resistance, Voltage};
    match (op, a, b) {
        (BinaryOp::Add | BinaryOp::Sub, a, b) if a == b => a,
        (BinaryOp::Mul, Voltage, Current) | (BinaryOp::Mul, Current, Voltage) => Power,
        (BinaryOp::Mul, Current, Resistance) | (BinaryOp::Mul, Resistance, Current) => Voltage,
        (BinaryOp::Mul, Voltage, Conductance) | (BinaryOp::Mul, Conductance, Voltage) => Current,
        (BinaryOp::Div, Voltage, Current) => Resistance,
        (BinaryOp::Div, Current, Voltage) => Conductance,
        (BinaryOp::Div, Voltage, Resistance) => Current,
        (BinaryOp::Div, a, b) if a == b => Plain,
        // a factor without unit: gains and scales
        (BinaryOp::Mul, a, Plain) | (BinaryOp::Mul, Plain, a) | (BinaryOp::Div, a, Plain) => a,
        _ => Plain,
    }
}

impl Recorder<'_> {
    fn slot(&mut self, signal: Signal) -> u32 {
        let next = u32::try_from(self.signals.len() + 1).unwrap_or(MEASURES - 1);
        *self.slots.entry(signal).or_insert_with_key(|signal| {
            self.signals.push(signal.clone());
            next
        })
    }

    /// A name that nothing has: what `.tf` gives is known to its own measures alone.
    fn explain(&self, error: Diagnostic) -> Diagnostic {
        match self.subject {
            Subject::Transfer if error.code == "E-PARAM" => error.help(format!("`.tf` gives {}", TRANSFER.join(", "))),
            Subject::Signals if TRANSFER.iter().any(|name| error.message.contains(name)) => {
                error.help("only `.meas tf` reads what `.tf` gives")
            }
            _ => error,
        }
    }

    /// Refuses what a signal of the circuit is where there is none.
    fn allow(&self, what: &str, span: Span) -> Result<(), Diagnostic> {
        match self.subject {
            Subject::Signals => Ok(()),
            Subject::Transfer => Err(Diagnostic::error("E-MEAS", format!("`.tf` gives no `{what}`"))
                .at(span)
                .help(format!("it gives {}; for signals measure another analysis", TRANSFER.join(", ")))),
        }
    }

    /// Takes the signals of a probe among the others.
    fn keep(&mut self, probe: Probed) {
        match probe {
            Probed::Zero => {}
            Probed::One(signal) => {
                self.slot(signal);
            }
            Probed::Difference(a, b) => [a, b].into_iter().for_each(|side| self.keep(*side)),
        }
    }

    fn node(&mut self, builder: &mut FormulaBuilder, probe: Probed) -> NodeIndex {
        match probe {
            Probed::Zero => builder.constant(0.0),
            Probed::One(signal) => {
                let slot = self.slot(signal);
                builder.slot(slot)
            }
            Probed::Difference(a, b) => {
                let a = self.node(builder, *a);
                let b = self.node(builder, *b);
                builder.apply2(Function2::Sub, a, b)
            }
        }
    }

    /// A trace of its own, under its canonical name.
    fn canonical(&mut self, probe: &Probed) -> Trace {
        let label = match probe {
            Probed::One(signal) => signal.to_string(),
            _ => String::new(),
        };
        let mut builder = FormulaBuilder::new();
        let node = self.node(&mut builder, probe.clone());
        Trace { label, quantity: self.quantity(probe), formula: builder.finish(node) }
    }

    fn quantity(&self, probe: &Probed) -> Quantity {
        match probe {
            Probed::One(signal) => self.lookup.circuit().quantity(signal),
            Probed::Zero | Probed::Difference(..) => Quantity::Voltage,
        }
    }

    fn single(&mut self, builder: &mut FormulaBuilder, matches: Matches, span: Span) -> Result<NodeIndex, Diagnostic> {
        match <[Probed; 1]>::try_from(matches.probes) {
            Ok([probe]) => Ok(self.node(builder, probe)),
            Err(all) => {
                Err(Diagnostic::error("E-SIGNAL", format!("this stands for {} signals, but one is needed", all.len()))
                    .at(span)
                    .help("reduce them with sum(), mean(), min() or max()"))
            }
        }
    }

    /// All signals of the arguments of a reduction; `None` when one of them is no signal.
    fn operands(&mut self, arguments: &[Expr]) -> Option<Result<(Vec<Probed>, bool), Diagnostic>> {
        let mut probes = Vec::new();
        let mut many = false;
        for argument in arguments {
            let matches = match &argument.kind {
                ExprKind::Probe(word, nodes) => self.lookup.probe(word, nodes),
                ExprKind::Field(device, field) => self.lookup.field(device, field),
                _ => return None,
            };
            match matches {
                Ok(matches) => {
                    many |= matches.many;
                    probes.extend(matches.probes);
                }
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok((probes, many)))
    }
}

impl<'d> Slots<'d> for Recorder<'_> {
    fn probe(&mut self, builder: &mut FormulaBuilder, word: &Name, nodes: &[NodeRef]) -> Result<NodeIndex, Diagnostic> {
        self.allow(&format!("{}()", word.text), word.span)?;
        let matches = self.lookup.probe(word, nodes)?;
        let span = nodes.last().map_or(word.span, |last| word.span.to(last.span));
        self.single(builder, matches, span)
    }

    fn field(&mut self, builder: &mut FormulaBuilder, device: &Name, field: &Name) -> Result<NodeIndex, Diagnostic> {
        self.allow(&format!("@{}[{}]", device.text, field.text), device.span)?;
        let matches = self.lookup.field(device, field)?;
        self.single(builder, matches, device.span.to(field.span))
    }

    fn variable(&mut self, builder: &mut FormulaBuilder, name: &str) -> Option<NodeIndex> {
        if let Some(&slot) = self.measures.get(name) {
            return Some(builder.slot(slot));
        }
        if self.subject == Subject::Transfer {
            let (column, _) = (1u32..).zip(TRANSFER).find(|(_, column)| *column == name)?;
            return Some(builder.slot(column));
        }
        if name == "time" {
            return Some(builder.slot(0));
        }
        self.lookup.word(name).map(|probe| self.node(builder, probe))
    }

    /// `sum max min mean` over signals, wildcards written out.
    fn call(
        &mut self,
        builder: &mut FormulaBuilder,
        name: &Name,
        arguments: &[Expr],
    ) -> Option<Result<NodeIndex, Diagnostic>> {
        if self.subject == Subject::Transfer {
            return None;
        }
        if let ("r" | "g", [Expr { kind: ExprKind::Name(device), span }]) = (name.text.as_str(), arguments) {
            // the resistance or conductance of a device, unless the name is something else
            self.lookup.part(device)?;
            let node = NodeRef { name: device.clone(), range: None, span: *span };
            return Some(self.probe(builder, name, &[node]));
        }
        let (fold, mean) = match name.text.as_str() {
            "sum" => (Function2::Add, false),
            "mean" | "avg" => (Function2::Add, true),
            "max" => (Function2::Max, false),
            "min" => (Function2::Min, false),
            _ => return None,
        };
        let (probes, many) = match self.operands(arguments)? {
            Ok(operands) => operands,
            Err(error) => return Some(Err(error)),
        };
        if !many && matches!(fold, Function2::Max | Function2::Min) && probes.len() > 1 {
            return None;
        }
        let count = probes.len() as f64;
        let mut nodes = probes.into_iter().map(|probe| self.node(builder, probe)).collect::<Vec<_>>().into_iter();
        let first = nodes.next()?;
        let folded = nodes.fold(first, |a, b| builder.apply2(fold, a, b));
        if !mean {
            return Some(Ok(folded));
        }
        let count = builder.constant(count);
        Some(Ok(builder.apply2(Function2::Div, folded, count)))
    }
}
